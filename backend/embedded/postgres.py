"""The embedded PostgreSQL: made on first use, reachable by one unix socket, run by an unprivileged user.

Below the data directory: `postgres/` (the cluster), `run/postgres` (its socket), `logs/postgres.log`.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.accounts import own_account, reachable, server_account
from backend.embedded.binaries import PostgresPrograms, find_postgres, runnable_as
from backend.embedded.errors import StartError, explain
from backend.embedded.locks import FolderLock
from backend.embedded.processes import (
    ON_LINUX,
    Process,
    birth_mark,
    end_leftover,
    spawn,
    stop,
    tail,
    wait_until,
    write_down,
)
from backend.embedded.sockets import close_socket_dir, open_socket_dir

NAME = "postgres"
ROLE = DATABASE = "storeloom"
STOP_SIGNAL = signal.SIGINT
"""A fast shutdown: clients are sent away, nothing is lost."""
STOP_GRACE_S = 30.0
START_TIMEOUT_S = 60.0
LEAST_FREE_BYTES = 200_000_000
_INSIDE = Path("/proc/self/cwd")
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class PostgresServer:
    """One cluster in one data directory; `prepare` once, then `launch` as often as it dies, `close` at the end.

    Args:     durable: False trades safety for speed, for tests.
    """

    name = NAME
    stop_signal = STOP_SIGNAL
    stop_grace_s = STOP_GRACE_S

    def __init__(self, data_dir: Path, *, durable: bool = True, environ: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir.absolute()
        self._durable = durable
        self._environ = environ
        self._lock: FolderLock | None = None
        self.cluster = self._data_dir / "postgres"
        self.log = self._data_dir / "logs" / "postgres.log"
        self.record = self._data_dir / "run" / "postgres.pid"

    def prepare(self) -> bool:
        """Lock the data, end leftovers of a killed run, make the cluster if there is none; return whether it was made.

        Raises:   StartError: no programs for this platform, data of another major version or user, disk full, in use.
        """
        found = find_postgres(self._environ)
        self.version = found.version
        for folder in (self._data_dir, self._data_dir / "run", self.log.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = FolderLock(self._data_dir / "run" / "postgres.lock", f"the database in {self._data_dir}")
        end_leftover(self.record, STOP_SIGNAL, STOP_GRACE_S)
        self._account = server_account(self.cluster)
        self._programs = runnable_as(found, self._account)
        made = not self.cluster.exists()
        if made:
            self._make_cluster()
        self._check_version()
        self._drop_stale_pid_file()
        self._write_access_rules()
        self._sockets = open_socket_dir(self._data_dir, NAME, self._account)
        return made

    @property
    def url(self) -> str:
        """Address of the database for SQLAlchemy with asyncpg."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Address of any database of this cluster."""
        return f"postgresql+asyncpg://{ROLE}@/{database}?host={self._sockets}"

    def launch(self) -> Process:
        """Start the server; `ready` tells when it accepts connections."""
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self._sockets}",
            "unix_socket_permissions=0700",
            "timezone=UTC",
            "log_timezone=UTC",
            "max_connections=200",
            "jit=off",
            # A first sync writes a whole catalog: without room each gigabyte of log forces a checkpoint.
            "max_wal_size=4GB",
            "shared_buffers=256MB",
            "temp_buffers=64MB",
            "checkpoint_timeout=15min",
            *(() if self._durable else _NOT_DURABLE),
        ]
        arguments = [part for setting in settings for part in ("-c", setting)]
        process = spawn(
            [self._programs.folder / "postgres", "-D", self._place(self.cluster), *arguments],
            log=self.log,
            environment=_environment(),
            death_signal=STOP_SIGNAL,
            account=self._account,
            folder=self.cluster,
        )
        write_down(self.record, process.pid)
        return process

    def ready(self, process: Process) -> bool:
        """Whether it accepts connections: PostgreSQL says so in line 8 of its pid file."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

    def why_it_ended(self) -> str:
        """Return the reason in one line, from its log."""
        return explain(tail(self.log), f"PostgreSQL ended; see {self.log}")

    def close(self) -> None:
        """Forget the stopped server: remove its socket folder, free the data for others."""
        if self._lock is not None:
            self.record.unlink(missing_ok=True)
            close_socket_dir(self._data_dir, NAME)
            self._lock.release()
            self._lock = None

    def _place(self, folder: Path) -> Path:
        """Return how the server's user may name *folder*, which is its working directory.

        Root's data may lie below folders that nobody else may enter. Opening them would be wrong, so the server starts
        inside its folder and calls it /proc/self/cwd, which needs no right on the folders above.
        """
        if reachable(folder, self._account):
            return folder
        if ON_LINUX and _INSIDE.exists():
            return _INSIDE
        raise StartError(
            f"the user {self._account.name}, as whom root runs PostgreSQL, may not enter the folders above {folder}: "
            "choose another --data-dir, e.g. below /var/lib, or start as an ordinary user"
        )

    def _make_cluster(self) -> None:
        free = shutil.disk_usage(self._data_dir).free
        if free < LEAST_FREE_BYTES:
            raise StartError(
                f"the disk is full: a new database needs {LEAST_FREE_BYTES // 1_000_000} MB in {self._data_dir}, "
                f"{free // 1_000_000} MB are free"
            )
        fresh = self.cluster.with_name("postgres.unfinished")
        if fresh.exists():  # a start that was killed half-way
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._account.own(fresh)
        place = str(self._place(fresh))
        flags = [*_locale_flags(self._programs), f"--username={ROLE}", "--auth=trust", "--no-instructions"]
        sync = [] if self._durable else ["--no-sync"]
        self._run(["initdb", "-D", place, "--encoding=UTF8", *flags, *sync], fresh)
        self._run(["postgres", "--single", "-D", place, "postgres"], fresh, f"CREATE DATABASE {DATABASE}\n")
        fresh.rename(self.cluster)

    def _run(self, command: list[str], folder: Path, text: str = "") -> None:
        done = subprocess.run(
            [self._programs.folder / command[0], *command[1:]],
            input=text,
            capture_output=True,
            text=True,
            cwd=folder,
            env=_environment(),
            check=False,
            **self._account.popen_arguments(),
        )
        with self.log.open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0:
            reason = explain(done.stderr, f"{command[0]} failed; see {self.log}")
            shutil.rmtree(folder, ignore_errors=True)
            raise StartError(f"cannot make the database: {reason}")

    def _check_version(self) -> None:
        try:
            major = int((self.cluster / "PG_VERSION").read_text().strip())
        except (OSError, ValueError):
            raise StartError(f"{self.cluster} holds no PostgreSQL data: move it away to start anew") from None
        if major != self._programs.major:
            raise StartError(
                f"{self.cluster} was made by PostgreSQL {major} and the program here is {self._programs.version}: "
                f"point STORELOOM_POSTGRES_BIN at PostgreSQL {major}, or dump there and restore here"
            )

    def _drop_stale_pid_file(self) -> None:
        """Remove a pid file whose number now belongs to some other program; PostgreSQL itself would refuse to start."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].strip().isdigit():
            return
        pid = int(lines[0])
        if birth_mark(pid) is None:
            return  # dead: PostgreSQL sees that itself
        if _is_postgres(pid, self.cluster):
            raise StartError(f"another PostgreSQL (process {pid}) runs on {self.cluster}: stop it first")
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _write_access_rules(self) -> None:
        """Let in who started us and nobody else: the kernel tells the server who is at the other end of the socket."""
        starter = own_account().name
        rules = {
            "pg_hba.conf": f"local all all peer map={ROLE}\n",
            "pg_ident.conf": f'{ROLE} "{starter}" {ROLE}\n',
        }
        for name, text in rules.items():
            path = self.cluster / name
            path.write_text(text)
            self._account.own(path)


@dataclass
class RunningPostgres:
    """A started server; `stop` ends it and waits."""

    server: PostgresServer
    process: Process

    @property
    def url(self) -> str:
        """Address of the database `storeloom`."""
        return self.server.url

    def url_of(self, database: str) -> str:
        """Address of any database of this server."""
        return self.server.url_of(database)

    def stop(self) -> None:
        """End the server cleanly (within 30 s) and free the data directory."""
        stop(self.process, STOP_SIGNAL, STOP_GRACE_S)
        self.server.close()


def start_postgres(
    data_dir: Path, *, durable: bool = True, environ: Mapping[str, str] | None = None
) -> RunningPostgres:
    """Start PostgreSQL on *data_dir*, from nothing if need be, and wait until it accepts connections.

    Args:     data_dir: ours alone, made if absent. durable: False skips every sync to disk, for tests.
    Raises:   StartError in one line: no programs, other version, disk full, in use, not ours.
    """
    server = PostgresServer(data_dir, durable=durable, environ=environ)
    try:
        server.prepare()
        process = server.launch()
        wait_until(lambda: server.ready(process) or process.poll() is not None, START_TIMEOUT_S)
        if not server.ready(process):
            stop(process, signal.SIGQUIT, 5)
            raise StartError(f"PostgreSQL did not start: {server.why_it_ended()}")
    except BaseException:
        server.close()
        raise
    return RunningPostgres(server, process)


def _locale_flags(programs: PostgresPrograms) -> list[str]:
    """Return flags for Unicode by code point, the same on every system; before 17 the system's C.UTF-8 is used."""
    if programs.major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _environment() -> dict[str, str]:
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}


def _is_postgres(pid: int, cluster: Path) -> bool:
    if ON_LINUX:
        try:
            return Path(f"/proc/{pid}/cwd").samefile(cluster)
        except OSError:
            return False
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in done.stdout
