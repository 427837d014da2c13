"""A rate limiter in memory for unit tests; windows never end."""

from collections import Counter

from backend.ports.rate_limiter import Verdict, Window


class CountingLimiter:
    """Counts hits by window key; `away` answers as a limiter that cannot reach its counter and must refuse."""

    def __init__(self, *, away: bool = False) -> None:
        self.hits: Counter[str] = Counter()
        self.away = away

    async def hit(self, windows: tuple[Window, ...], cost: int = 1) -> Verdict:
        if self.away:
            window = windows[0]
            return Verdict(allowed=False, window=window, remaining=0, reset_s=window.period_s, degraded=True)
        full = [window for window in windows if self.hits[window.key] + cost > window.limit]
        if full:
            return Verdict(allowed=False, window=full[0], remaining=0, reset_s=full[0].period_s - 0.5)
        self.hits.update({window.key: cost for window in windows})
        tightest = min(windows, key=lambda window: window.limit - self.hits[window.key])
        left = tightest.limit - self.hits[tightest.key]
        return Verdict(allowed=True, window=tightest, remaining=left, reset_s=tightest.period_s)
