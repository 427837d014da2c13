"""The leaky bucket that meters a client's queries in one shop."""


class Bucket:
    """Points that refill by themselves.

    Args:     rate: points that come back each second. size: most there can be.
    """

    def __init__(self, rate: float, size: float, now: float) -> None:
        self.rate = rate
        self.size = size
        self._level = size
        self._at = now

    def level(self, now: float) -> float:
        """Return the points there are now."""
        self._level = min(self.size, self._level + max(now - self._at, 0.0) * self.rate)
        self._at = now
        return self._level

    def take(self, points: float, now: float) -> bool:
        """Take points; False and nothing taken when there are not enough."""
        if self.level(now) < points:
            return False
        self._level -= points
        return True

    def give_back(self, points: float) -> None:
        """Return points that were reserved and not used."""
        self._level = min(self.size, self._level + points)

    def drain(self, now: float) -> None:
        """Leave nothing."""
        self.level(now)
        self._level = 0.0

    def status(self, now: float) -> dict[str, float]:
        """Return `throttleStatus`."""
        available = self.level(now)
        return {"maximumAvailable": self.size, "currentlyAvailable": int(available), "restoreRate": self.rate}
