"""One embedded PostgreSQL and one Valkey for a whole test session, shared by all its processes.

Nothing starts until a test asks. The first process that does starts a holder (this file as a program), which starts
both servers without sync to disk, applies the migrations to a template database and waits; it ends when the session
tells it to or when the session is gone.
"""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from backend.embedded.postgres import start_postgres
from backend.embedded.processes import birth_mark, wait_until
from backend.embedded.valkey import start_valkey
from tests.support.schema import prepare

VARIABLE = "TEST_SERVERS_DIR"
TEMPLATE = "test_template"
DATABASES = 64
START_TIMEOUT_S = 90
_started: list[subprocess.Popen[bytes]] = []
"""The holder, when this process started it; kept so that it is not collected while it runs."""


@dataclass(frozen=True)
class Servers:
    """Where the session's servers are; `holder` is the process that keeps them."""

    postgres_sockets: str
    valkey_socket: str
    holder: int

    def database_url(self, name: str) -> str:
        """Address of a database, for SQLAlchemy."""
        return f"postgresql+asyncpg://storeloom@/{name}?host={self.postgres_sockets}"

    def redis_url(self, number: int) -> str:
        """Address of a numbered Valkey database."""
        return f"unix://{self.valkey_socket}?db={number}"

    def create_database(self, name: str) -> str:
        """Make a database with the current schema and no rows; return its address."""
        asyncio.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy"))
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        asyncio.run(self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(host=self.postgres_sockets, user="storeloom", database="storeloom")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def open_session() -> None:
    """Name the folder of this test session; child processes inherit it."""
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="storeloom-tests-")


def close_session() -> None:
    """Stop the servers if any were started and remove the folder."""
    folder = Path(os.environ.pop(VARIABLE))
    ready = folder / "servers.json"
    if ready.exists():
        holder = Servers(**json.loads(ready.read_text())).holder
        os.kill(holder, signal.SIGTERM)
        wait_until(lambda: birth_mark(holder) is None, 20)
        for process in _started:
            process.wait(1)
    shutil.rmtree(folder, ignore_errors=True)


def session_servers(session_pid: int) -> Servers:
    """Return the session's servers, started now if nobody did; they end with the process *session_pid*."""
    folder = Path(os.environ[VARIABLE])
    ready = folder / "servers.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            _start_holder(folder, session_pid, ready)
    return Servers(**json.loads(ready.read_text()))


def _start_holder(folder: Path, session_pid: int, ready: Path) -> None:
    log = folder / "holder.log"
    with log.open("wb") as output:
        holder = subprocess.Popen(
            [sys.executable, "-m", "tests.support.servers", folder, str(session_pid)],
            cwd=Path(__file__).parents[2],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _started.append(holder)
    wait_until(lambda: ready.exists() or holder.poll() is not None, START_TIMEOUT_S)
    if not ready.exists():
        raise RuntimeError(f"the test servers did not start: {log.read_text()[-3000:]}")


def hold(folder: Path, session_pid: int) -> None:
    """Start both servers, say where they are, and stop them when told to or when the session is gone."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    session = birth_mark(session_pid)
    postgres = start_postgres(folder / "data", durable=False)
    try:
        valkey = start_valkey(folder / "data", durable=False, databases=DATABASES)
        try:
            asyncio.run(_make_template(postgres.url))
            prepare(postgres.url_of(TEMPLATE))
            _announce(folder, postgres.url, valkey.url)
            while not told.wait(0.5) and birth_mark(session_pid) == session:
                pass
        finally:
            valkey.stop()
    finally:
        postgres.stop()
    if birth_mark(session_pid) != session:
        shutil.rmtree(folder, ignore_errors=True)


async def _make_template(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()


def _announce(folder: Path, postgres_url: str, valkey_url: str) -> None:
    sockets = urlsplit(postgres_url).query.removeprefix("host=")
    servers = Servers(sockets, urlsplit(valkey_url).path, os.getpid())
    fresh = folder / "servers.json.new"
    fresh.write_text(json.dumps(asdict(servers)))
    fresh.rename(folder / "servers.json")


if __name__ == "__main__":
    hold(Path(sys.argv[1]), int(sys.argv[2]))
