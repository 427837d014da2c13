"""The servers that tests share."""

import asyncpg
import pytest
import redis.asyncio

pytestmark = pytest.mark.anyio


async def test_the_module_database_has_the_migrated_schema(database_url: str) -> None:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_fresh_database_is_new_for_each_test(fresh_database_url: str, turn: int) -> None:
    connection = await asyncpg.connect(fresh_database_url.replace("+asyncpg", ""))
    try:
        await connection.execute("CREATE TABLE only_once (a int)")
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_the_valkey_database_is_empty_for_each_test(redis_url: str, turn: int) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as connection:
        assert await connection.dbsize() == 0
        await connection.set("mark", turn)
