"""Statements that only read, each a transaction of its own: one round trip where a session needs four."""

import asyncio
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class _Lane(NamedTuple):
    """A connection, and the driver's own inside it."""

    pooled: AsyncConnection
    driver: Any


class QuickReads:
    """Runs single reading statements straight on the driver, for whoever answers hundreds of requests a second.

    Args:     lanes: how many connections it keeps at most; who finds none free waits.
    """

    def __init__(self, engine: AsyncEngine, lanes: int = 4) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        # The lane that was used last is used next: after a rush the others lie idle, and a dead one is replaced.
        self._free: asyncio.LifoQueue[_Lane | None] = asyncio.LifoQueue()
        for _ in range(lanes):
            self._free.put_nowait(None)

    async def row(self, statement: str, *values: Any) -> Any:
        """Return the first row of a statement with `$1`, `$2`…, or None."""
        lane = await self._free.get()
        try:
            if lane is None or lane.driver.is_closed():
                await self._leave(lane)
                lane = None
                lane = await self._open()
            return await lane.driver.fetchrow(statement, *values)
        except BaseException:
            # Whatever state it is in: nobody else gets it.
            await self._leave(lane)
            lane = None
            raise
        finally:
            self._free.put_nowait(lane)

    async def aclose(self) -> None:
        """Give the connections back."""
        for _ in range(self._free.qsize()):
            lane = self._free.get_nowait()
            if lane is not None:
                await lane.pooled.close()
            self._free.put_nowait(None)

    async def _open(self) -> _Lane:
        pooled = await self._engine.connect()
        return _Lane(pooled, (await pooled.get_raw_connection()).driver_connection)

    async def _leave(self, lane: _Lane | None) -> None:
        if lane is not None:
            await lane.pooled.invalidate()
            await lane.pooled.close()
