"""Fixtures for every test. Servers start when a test first asks for one (about a second) and serve the whole session.

- `database_url`        a database with the current schema, new for each test module
- `fresh_database_url`  the same, new for each test
- `redis_url`           an empty Valkey database, flushed before each test
- `servers`             both servers, for tests that need more
- `bench`               the whole product on them, with simulated stores on demand

Shared test code lies in `tests/support` and is imported as `from tests.support.<module> import ...`.
"""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
import structlog
from argon2 import PasswordHasher

from backend.kit import passwords
from tests.support.product import Workbench
from tests.support.servers import DATABASES, Servers, close_session, open_session, session_servers

_numbers = itertools.count(1)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Name the session's folder once, in the process that leads it."""
    if not _is_worker(config):
        open_session()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the session's servers in the process that leads it."""
    if not _is_worker(config):
        close_session()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the product runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """PostgreSQL and Valkey of this session."""
    return session_servers(os.getppid() if _is_worker(pytestconfig) else os.getpid())


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hash passwords in a hundredth of the time; that they are hashed well is looked at in `test_passwords.py`."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Undo what a test does to the logs of the whole process: a command that it runs lets errors through alone."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _new_database(servers: Servers) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield servers.create_database(name)
    servers.drop_database(name)


@pytest.fixture(scope="module")
def database_url(servers: Servers) -> Iterator[str]:
    """Address of a database with the current schema, shared by the tests of one module."""
    yield from _new_database(servers)


@pytest.fixture
def fresh_database_url(servers: Servers) -> Iterator[str]:
    """Address of a database with the current schema and no rows, for one test."""
    yield from _new_database(servers)


@pytest.fixture
def redis_url(servers: Servers, worker_id: str) -> str:
    """Address of an empty Valkey database; no other test uses it at the same time."""
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1
    assert number < DATABASES, "more test processes than Valkey databases"
    url = servers.redis_url(number)
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
    return url


@pytest.fixture
async def bench(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Workbench]:
    """A container on this module's database, with simulated stores on demand; those of earlier tests are gone."""
    made = Workbench(database_url, redis_url, tmp_path)
    await made.forget_earlier_work()
    yield made
    await made.aclose()
