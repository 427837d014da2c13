"""The embedded Valkey: the queue's doorbell, on one unix socket, with an append-only file synced every second.

Below the data directory: `valkey/` (its file), `run/valkey` (its socket), `logs/valkey.log`.
"""

import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.accounts import Account
from backend.embedded.binaries import find_valkey
from backend.embedded.errors import StartError, explain
from backend.embedded.locks import FolderLock
from backend.embedded.processes import Process, end_leftover, spawn, stop, tail, wait_until, write_down
from backend.embedded.sockets import close_socket_dir, open_socket_dir

NAME = "valkey"
STOP_SIGNAL = signal.SIGTERM
STOP_GRACE_S = 10.0
START_TIMEOUT_S = 60.0
_SOCKET = "valkey.sock"


class ValkeyServer:
    """One server in one data directory; `prepare` once, then `launch` as often as it dies, `close` at the end.

    Args:     durable: False keeps nothing on disk, for tests. databases: how many numbered databases it has.
    """

    name = NAME
    stop_signal = STOP_SIGNAL
    stop_grace_s = STOP_GRACE_S

    def __init__(
        self, data_dir: Path, *, durable: bool = True, databases: int = 16, environ: Mapping[str, str] | None = None
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._durable = durable
        self._databases = databases
        self._environ = environ
        self._lock: FolderLock | None = None
        self.folder = self._data_dir / "valkey"
        self.log = self._data_dir / "logs" / "valkey.log"
        self.record = self._data_dir / "run" / "valkey.pid"

    def prepare(self) -> bool:
        """Lock the data and end leftovers of a killed run; return whether there was no data yet.

        Raises:   StartError: no program for this platform, in use by another.
        """
        self._program, self.version = find_valkey(self._environ)
        made = not self.folder.exists()
        for folder in (self._data_dir, self._data_dir / "run", self.log.parent, self.folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = FolderLock(self._data_dir / "run" / "valkey.lock", f"the queue in {self._data_dir}")
        end_leftover(self.record, STOP_SIGNAL, STOP_GRACE_S)
        ourselves = Account(os.geteuid(), os.getegid(), "")
        self._socket = open_socket_dir(self._data_dir, NAME, ourselves) / _SOCKET
        return made

    @property
    def url(self) -> str:
        """Address of database 0."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """Address of a numbered database."""
        return f"unix://{self._socket}?db={database}"

    def launch(self) -> Process:
        """Start the server; `ready` tells when it answers."""
        kept = ("--appendonly", "yes", "--appendfsync", "everysec") if self._durable else ("--appendonly", "no")
        process = spawn(
            [
                self._program,
                *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
                *("--dir", str(self.folder), "--save", "", *kept),
                *("--maxmemory-policy", "noeviction", "--databases", str(self._databases), "--daemonize", "no"),
            ],
            log=self.log,
            environment={"PATH": os.environ.get("PATH", os.defpath)},
            death_signal=STOP_SIGNAL,
            folder=self.folder,
        )
        write_down(self.record, process.pid)
        return process

    def ready(self, process: Process) -> bool:
        """Whether it answers; while it reads its file it says LOADING instead."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def why_it_ended(self) -> str:
        """Return the reason in one line, from its log."""
        return explain(tail(self.log), f"Valkey ended; see {self.log}")

    def close(self) -> None:
        """Forget the stopped server: remove its socket folder, free the data for others."""
        if self._lock is not None:
            self.record.unlink(missing_ok=True)
            close_socket_dir(self._data_dir, NAME)
            self._lock.release()
            self._lock = None


@dataclass
class RunningValkey:
    """A started server; `stop` ends it and waits."""

    server: ValkeyServer
    process: Process

    @property
    def url(self) -> str:
        """Address of database 0."""
        return self.server.url

    def url_of(self, database: int) -> str:
        """Address of a numbered database."""
        return self.server.url_of(database)

    def stop(self) -> None:
        """End the server cleanly (within 10 s) and free the data directory."""
        stop(self.process, STOP_SIGNAL, STOP_GRACE_S)
        self.server.close()


def start_valkey(
    data_dir: Path, *, durable: bool = True, databases: int = 16, environ: Mapping[str, str] | None = None
) -> RunningValkey:
    """Start Valkey on *data_dir*, from nothing if need be, and wait until it answers.

    Args:     data_dir: ours alone, made if absent. durable: False keeps nothing on disk, for tests.
    Raises:   StartError in one line: no program, disk full, in use.
    """
    server = ValkeyServer(data_dir, durable=durable, databases=databases, environ=environ)
    try:
        server.prepare()
        process = server.launch()
        wait_until(lambda: server.ready(process) or process.poll() is not None, START_TIMEOUT_S)
        if not server.ready(process):
            stop(process, signal.SIGKILL, 1)
            raise StartError(f"Valkey did not start: {server.why_it_ended()}")
    except BaseException:
        server.close()
        raise
    return RunningValkey(server, process)
