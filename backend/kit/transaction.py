"""One step, one transaction: the only place that commits, and what happens right after it did."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

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
