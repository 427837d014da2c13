"""Counting requests in Redis or Valkey: one atomic script over all windows, shared by every process.

Hits that arrive while a round trip is under way wait for the next one and travel together (group commit), so that a
busy process pays for one round trip per event loop turn and not per request; the counts stay exact.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

from backend.ports.rate_limiter import Verdict, Window

log = structlog.get_logger()

# KEYS: the windows of all groups in order. ARGV: prefix-free numbers, per group: windows, hits, cost, then limit and
# period_ms per window. Returns per group: hits granted, then per window: count before, ms until the window's end.
# A key expires at its window's end by the server's clock. In the first millisecond after it the old key is still there:
# its own life tells the time left then, or a full window would be refused for one more period.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local out, k, a = {}, 0, 1
while a <= #ARGV do
  local windows, hits, cost = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  a = a + 3
  local granted, before = hits, {}
  for w = 1, windows do
    before[w] = tonumber(redis.call('GET', KEYS[k + w]) or '0')
    local room = math.floor((tonumber(ARGV[a + 2 * w - 2]) - before[w]) / cost)
    if room < granted then granted = room end
  end
  if granted < 0 then granted = 0 end
  out[#out + 1] = granted
  for w = 1, windows do
    local period = tonumber(ARGV[a + 2 * w - 1])
    local left = before[w] > 0 and redis.call('PTTL', KEYS[k + w]) or period - now % period
    if granted > 0 then
      redis.call('INCRBY', KEYS[k + w], granted * cost)
      if before[w] == 0 then redis.call('PEXPIREAT', KEYS[k + w], now + left) end
    end
    out[#out + 1] = before[w]
    out[#out + 1] = left
  end
  k, a = k + windows, a + 2 * windows
end
return out
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()

_MOST_GROUPS = 200
_REMEMBER_S = 10.0
_REMEMBER_MOST = 20_000

_Group = tuple[tuple[Window, ...], int]
_Asker = asyncio.Future[Verdict]


class RedisRateLimiter:
    """The rate limiter of `ports/rate_limiter.py`; fixed windows aligned to the server's UTC clock.

    A window that is full is remembered in the process for at most 10 s and never past its end, so refusing costs no
    round trip. When the server cannot be asked within `timeout_s`, the setting decides (`Verdict.degraded`) and the
    next try is `pause_s` later; no exception leaves `hit`.

    Args:     client: of this event loop; its owner closes it. fails_open: the answer when the server is away.
              timeout_s: for one round trip. prefix: of the keys, which are `prefix + window.key + ":" + period_s`.
    """

    def __init__(
        self, client: "Redis", *, fails_open: bool, timeout_s: float = 1.0, pause_s: float = 1.0, prefix: str = "rate:"
    ) -> None:
        # A connection of its own: the pool's checks on each loan cost more than the question.
        self._client = client.client()
        self._fails_open = fails_open
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._prefix = prefix
        self._waiting: dict[_Group, list[_Asker]] = {}
        self._sender: asyncio.Task[None] | None = None
        self._full: dict[tuple[Window, int], tuple[float, float, int]] = {}
        self._away_until = 0.0
        self._is_away = False
        self.verdicts: Counter[str] = Counter(allowed=0, refused=0, degraded=0)
        """What it said since the process began; degraded: nothing could be counted and the setting decided."""

    async def hit(self, windows: tuple[Window, ...], cost: int = 1) -> Verdict:
        """Count one request of *cost* >= 1 in every window, or in none when one of them has no room.

        Returns:  allowed: the tightest window; refused: the one that blocks longest.
        """
        verdict = self._known(windows, cost) or await self._asked(windows, cost)
        self.verdicts["degraded" if verdict.degraded else "allowed" if verdict.allowed else "refused"] += 1
        return verdict

    async def aclose(self) -> None:
        """Give the connection back; the client stays its owner's."""
        await self._client.aclose(close_connection_pool=False)

    def _known(self, windows: tuple[Window, ...], cost: int) -> Verdict | None:
        if time.monotonic() < self._away_until:
            return self._remembered(windows, cost) or _degraded(windows, self._fails_open)
        return self._remembered(windows, cost)

    async def _asked(self, windows: tuple[Window, ...], cost: int) -> Verdict:
        asker: _Asker = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((windows, cost), []).append(asker)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        return await asker

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = list(self._waiting.items())[:_MOST_GROUPS]
                for group, _ in batch:
                    del self._waiting[group]
                await self._send(batch)
        finally:
            self._sender = None

    async def _send(self, batch: Sequence[tuple[_Group, list[_Asker]]]) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._run(batch)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + self._pause_s
            if not self._is_away:
                log.warning("limiter.away", kind=type(error).__name__, fails_open=self._fails_open)
            self._is_away = True
            for (windows, _), askers in batch:
                _tell(askers, [_degraded(windows, self._fails_open)] * len(askers))
            return
        except BaseException:
            for _, askers in batch:
                for asker in askers:
                    asker.cancel()
            raise
        if self._is_away:
            log.info("limiter.back")
        self._is_away = False
        position = 0
        for group, askers in batch:
            size = 1 + 2 * len(group[0])
            _tell(askers, self._verdicts(group, len(askers), answer[position : position + size], started))
            position += size

    async def _run(self, batch: Sequence[tuple[_Group, list[_Asker]]]) -> list[int]:
        keys: list[str] = []
        numbers: list[int] = []
        for (windows, cost), askers in batch:
            numbers += (len(windows), len(askers), cost)
            for window in windows:
                keys.append(f"{self._prefix}{window.key}:{window.period_s}")
                numbers += (window.limit, window.period_s * 1000)
        arguments: list[Any] = [len(keys), *keys, *numbers]
        try:
            return await self._ask(arguments)
        except RedisConnectionError:
            # The server closed an idle connection, or was started anew. Should it have counted the first question, a
            # request too few is let through, never one too many.
            return await self._ask(arguments)

    async def _ask(self, arguments: list[Any]) -> list[int]:
        try:
            return await self._answer("EVALSHA", _SHA, *arguments)
        except NoScriptError:
            return await self._answer("EVAL", _SCRIPT, *arguments)

    async def _answer(self, *command: Any) -> list[int]:
        # The client's own way packs in Python and goes through five calls: as long as the round trip itself.
        connection = self._client.connection or (await self._client.initialize()).connection
        assert connection is not None
        await connection.send_packed_command([pack_command(command)], check_health=False)
        answer: list[int] = await connection.read_response()
        return answer

    def _verdicts(self, group: _Group, hits: int, answer: list[int], started: float) -> list[Verdict]:
        windows, cost = group
        granted, facts = answer[0], answer[1:]
        left_s = [ms / 1000 for ms in facts[1::2]]
        rooms = [window.limit - before for window, before in zip(windows, facts[0::2], strict=True)]
        verdicts = [
            _tightest(windows, [room - nth * cost for room in rooms], left_s)
            for nth in range(1, min(granted, hits) + 1)
        ]
        if granted < hits:
            rest = [room - granted * cost for room in rooms]
            blocking = [nth for nth, room in enumerate(rest) if room < cost]
            longest = max(blocking, key=left_s.__getitem__)
            left = max(0, rest[longest])
            self._remember(windows[longest], cost, left, started, left_s[longest])
            verdicts += [_refused(windows[longest], left, left_s[longest])] * (hits - granted)
        return verdicts

    def _remember(self, window: Window, cost: int, remaining: int, started: float, left_s: float) -> None:
        # Counted from before the question was sent, so it ends no later than the window does.
        if len(self._full) >= _REMEMBER_MOST:
            now = time.monotonic()
            self._full = {key: fact for key, fact in self._full.items() if fact[0] > now}
        if len(self._full) < _REMEMBER_MOST:
            self._full[window, cost] = (started + min(left_s, _REMEMBER_S), started + left_s, remaining)

    def _remembered(self, windows: tuple[Window, ...], cost: int) -> Verdict | None:
        if not self._full:
            return None
        now = time.monotonic()
        for window in windows:
            fact = self._full.get((window, cost))
            if fact is None:
                continue
            good_until, end, remaining = fact
            if now < good_until:
                return _refused(window, remaining, end - now)
            del self._full[window, cost]
        return None


def _tell(askers: list[_Asker], verdicts: list[Verdict]) -> None:
    for asker, verdict in zip(askers, verdicts, strict=True):
        if not asker.done():
            asker.set_result(verdict)


def _tightest(windows: tuple[Window, ...], remaining: list[int], left_s: list[float]) -> Verdict:
    nth = 0 if len(windows) == 1 else min(range(len(windows)), key=lambda i: (remaining[i], -left_s[i]))
    return Verdict(allowed=True, window=windows[nth], remaining=remaining[nth], reset_s=left_s[nth])


def _refused(window: Window, remaining: int, reset_s: float) -> Verdict:
    return Verdict(allowed=False, window=window, remaining=remaining, reset_s=reset_s)


def _degraded(windows: tuple[Window, ...], allowed: bool) -> Verdict:
    window = windows[0]
    left_s = window.period_s - time.time() % window.period_s
    remaining = window.limit if allowed else 0
    return Verdict(allowed=allowed, window=window, remaining=remaining, reset_s=left_s, degraded=True)
