"""The schema goes up, down and up again, and is what the models say."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from backend.models import Base
from migrations.runner import downgrade, upgrade


def inside(url: str, work: Any) -> Any:
    async def run() -> Any:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(work)
        await engine.dispose()
        return found

    return asyncio.run(run())


def tables(connection: Connection) -> set[str]:
    rows = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    return {row[0] for row in rows} - {"alembic_version"}


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def test_the_schema_goes_up_and_down_and_up(fresh_database_url: str) -> None:
    assert inside(fresh_database_url, tables) == set(Base.metadata.tables)
    downgrade(fresh_database_url, "base")
    assert inside(fresh_database_url, tables) == set()
    upgrade(fresh_database_url)
    assert inside(fresh_database_url, tables) == set(Base.metadata.tables)


def test_migrations_and_models_say_the_same(fresh_database_url: str) -> None:
    assert inside(fresh_database_url, differences) == []
