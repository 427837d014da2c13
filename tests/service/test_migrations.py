"""The schema goes up, down and up again, and is what the models say."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from backend.models import Base
from migrations.runner import downgrade, upgrade

_SHAPE = """
SELECT 'column', table_name, column_name,
       concat_ws(' ', data_type, udt_name, numeric_precision, numeric_scale, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'
"""


def inside(url: str, work: Any) -> Any:
    async def run() -> Any:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            found = await connection.run_sync(work)
        await engine.dispose()
        return found

    return asyncio.run(run())


def tables(connection: Connection) -> set[str]:
    rows = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    return {row[0] for row in rows} - {"alembic_version"}


def shape(connection: Connection) -> set[tuple[str, ...]]:
    """Columns with types and defaults, indexes with their conditions, constraints: everything that could differ."""
    return {tuple(row) for row in connection.execute(text(_SHAPE))}


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


def test_the_schema_goes_up_and_down_and_up(fresh_database_url: str) -> None:
    before = inside(fresh_database_url, shape)
    assert inside(fresh_database_url, tables) == set(Base.metadata.tables)
    downgrade(fresh_database_url, "base")
    assert inside(fresh_database_url, tables) == set()
    upgrade(fresh_database_url)
    assert inside(fresh_database_url, shape) == before


def test_a_way_down_leaves_nothing_behind(fresh_database_url: str) -> None:
    downgrade(fresh_database_url, "base")
    left = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'"
    assert inside(fresh_database_url, lambda connection: list(connection.execute(text(left)))) == []


def test_going_up_twice_changes_nothing(fresh_database_url: str) -> None:
    before = inside(fresh_database_url, shape)
    upgrade(fresh_database_url)
    assert inside(fresh_database_url, shape) == before


def test_autogenerate_finds_nothing_to_do(fresh_database_url: str) -> None:
    assert inside(fresh_database_url, differences) == []


def test_migrations_and_models_make_the_same_schema(fresh_database_url: str) -> None:
    """Autogenerate does not look at the conditions of partial indexes; the database's own words do."""
    migrated = inside(fresh_database_url, shape)
    downgrade(fresh_database_url, "base")
    inside(fresh_database_url, Base.metadata.create_all)
    assert inside(fresh_database_url, shape) == migrated
