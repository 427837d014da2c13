"""Statements that only read, each a transaction of its own: one round trip where a session needs four."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Reads(Protocol):
    """Runs single reading statements."""

    async def row(self, statement: str, *values: Any) -> Any:
        """Return the first row of a statement with `$1`, `$2`…, or None."""
        ...


class _Lane(NamedTuple):
    """A connection, and the driver's own inside it."""

    pooled: AsyncConnection
    driver: Any


class QuickReads:
    """Runs single reading statements straight on the driver, for whoever answers hundreds of requests a second.

    Each is planned once on each connection, for whatever values: they have to be spelled accordingly.

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
        async with self._lane() as driver:
            return await driver.fetchrow(statement, *values)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reads]:
        """Have all statements inside see the database as it is at one moment."""
        async with self._lane() as driver, driver.transaction(isolation="repeatable_read", readonly=True):
            yield _Snapshot(driver)

    @asynccontextmanager
    async def _lane(self) -> AsyncIterator[Any]:
        lane = await self._free.get()
        try:
            if lane is None or lane.driver.is_closed():
                await self._leave(lane)
                lane = None
                lane = await self._open()
            yield lane.driver
        except BaseException:
            # Whatever state it is in: nobody else gets it.
            await self._leave(lane)
            lane = None
            raise
        finally:
            self._free.put_nowait(lane)

    async def aclose(self) -> None:
        """Close the connections."""
        lanes = [self._free.get_nowait() for _ in range(self._free.qsize())]
        for lane in lanes:
            await self._leave(lane)
            self._free.put_nowait(None)

    async def _open(self) -> _Lane:
        pooled = await self._engine.connect()
        lane = _Lane(pooled, (await pooled.get_raw_connection()).driver_connection)
        # Planning such a statement takes as long as running it, and its values change nothing about the plan.
        await lane.driver.execute("SET plan_cache_mode = force_generic_plan")
        return lane

    async def _leave(self, lane: _Lane | None) -> None:
        if lane is not None:
            await lane.pooled.invalidate()
            await lane.pooled.close()


class _Snapshot:
    def __init__(self, driver: Any) -> None:
        self._driver = driver

    async def row(self, statement: str, *values: Any) -> Any:
        return await self._driver.fetchrow(statement, *values)
