"""How fast and whether one store is asked: requests at once that fall and recover, and a circuit breaker."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

RECOVER_AFTER = 10
TRIPS_AT = 8
FIRST_REST_S = 5.0
LONGEST_REST_S = 60.0


class Pace:
    """Limits requests at once to one store: `async with pace:` around each attempt.

    `strained()` (429, time-out) falls to one at a time; ten good answers in a row allow one more, up to *most*.
    """

    def __init__(self, most: int = 2) -> None:
        self.most = max(1, most)
        self.limit = self.most
        self._running = 0
        self._good = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._running < self.limit and not self._waiting:
            self._running += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            else:
                self._waiting.remove(turn)
            raise

    async def __aexit__(self, *exc: object) -> None:
        self._leave()

    def strained(self) -> None:
        """The store asked for patience or timed out: one request at a time from now on."""
        self.limit, self._good = 1, 0

    def eased(self) -> None:
        """A good answer came."""
        if self.limit < self.most:
            self._good += 1
            if self._good >= RECOVER_AFTER:
                self.limit, self._good = self.limit + 1, 0
                self._wake()

    def _leave(self) -> None:
        self._running -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._running < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)


class Breaker:
    """Stops asking a store that failed eight times in a row; rests 5 s, then 10, 20 ... at most 60 s.

    After a rest one failure more is enough for the next rest.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rest_s = FIRST_REST_S
        self._until = 0.0

    @property
    def rest_s(self) -> float:
        """Seconds until the store may be asked again; 0 when it may be asked now."""
        return max(0.0, self._until - self._clock())

    def failed(self) -> None:
        """Count an attempt that brought no useful answer."""
        self._failures += 1
        if self._failures >= TRIPS_AT:
            self._until = self._clock() + self._rest_s
            self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
            self._failures = TRIPS_AT - 1

    def worked(self) -> None:
        """Count an answer, whatever it said: the store is there."""
        self._failures, self._rest_s, self._until = 0, FIRST_REST_S, 0.0


class Traffic:
    """What one process knows about talking to one store; outlives single jobs."""

    def __init__(self, most: int = 2) -> None:
        self.pace = Pace(most)
        self.breaker = Breaker()
