"""One step, one transaction: the only place that commits, and what happens right after it did."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

AfterCommit = Callable[[], Awaitable[None]]
Transactions = Callable[[], AbstractAsyncContextManager[AsyncSession]]
_KEY = "storeloom.after_commit"


def after_commit(session: AsyncSession, action: AfterCommit) -> None:
    """Run *action* once the transaction of *session* is committed; dropped on rollback.

    The action must be safe to lose: whatever it announces lies in the database already.
    """
    session.info.setdefault(_KEY, []).append(action)


def transactions(sessions: async_sessionmaker[AsyncSession]) -> Transactions:
    """Return the factory of transactions: `async with begin() as session:` commits at its end or rolls back."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            async with session.begin():
                yield session
            actions: list[AfterCommit] = session.info.pop(_KEY, [])
        for action in actions:
            await action()

    return begin


class LoneStatements:
    """Runs statements that are a transaction each, one after the other on a connection of its own.

    One round trip instead of four, for whoever does nothing else hundreds of times a second. Not for two tasks at once.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None

    async def execute(self, statement: Executable, values: dict[str, Any]) -> CursorResult[Any]:
        """Run a statement that may safely run twice: it is tried again when the connection turns out to be dead."""
        try:
            return await self._once(statement, values)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await self._once(statement, values)

    async def _once(self, statement: Executable, values: dict[str, Any]) -> CursorResult[Any]:
        if self._connection is None:
            self._connection = await self._engine.connect()
        try:
            return await self._connection.execute(statement, values)
        except BaseException:
            # Whatever state it is in: the pool looks at it before somebody else gets it.
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
