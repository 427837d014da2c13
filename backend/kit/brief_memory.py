"""What was read a moment ago, so that many who ask for the same at once cost one read."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BriefMemory(Generic[K, V]):
    """Remembers values for *keep_s* from before they were read, so that nothing known here is older than that.

    Args:     read: finds the value of a key. most: how many are remembered; beyond it all are forgotten.
    """

    def __init__(self, read: Callable[[K], Awaitable[V]], *, keep_s: float, most: int) -> None:
        self._read = read
        self._keep_s = keep_s
        self._most = most
        self._known: dict[K, tuple[V, float]] = {}
        self._reading: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return the value of a key; whoever asks while it is being read waits for that read."""
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._find(key))
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(reading)

    async def _find(self, key: K) -> V:
        good_until = time.monotonic() + self._keep_s
        try:
            value = await self._read(key)
        finally:
            del self._reading[key]
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[key] = (value, good_until)
        return value
