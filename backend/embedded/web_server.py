"""The web process: granian in front of `backend.app.create_app`."""

import importlib
import multiprocessing
import signal
from typing import Any

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from backend.embedded.processes import die_with_parent
from backend.settings import default_data_dir

KILL_AFTER_S = 10
"""How long a worker may finish its requests after it was told to stop."""
BACKPRESSURE = 256
"""Requests in progress per worker; more wait in the kernel's queue instead of in memory."""


def die_with_server() -> None:
    """Let this worker process die with granian's main process, however that dies."""
    # Until granian listens for signals here, its main process's handlers are inherited, which would make us deaf.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    bind_life = die_with_parent(signal.SIGKILL, parent.pid) if parent and parent.pid else None
    if bind_life is not None:
        bind_life()


def application() -> Any:
    """Build the application in a worker process; the worker dies with granian's main process, however that dies."""
    die_with_server()
    return importlib.import_module("backend.app").create_app(data_dir=default_data_dir())


def run_web(host: str, port: int, workers: int = 1) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in progress get up to 10 s to finish.

    Args:     workers: processes, one per core to spare. The peer address is the connection's own; proxies are believed
              by the application (`STORELOOM_TRUSTED_PROXIES`), not here.
    """
    run_application(f"{__name__}:application", host, port, workers)


def run_application(factory: str, host: str, port: int, workers: int = 1) -> None:
    """Serve the ASGI application that *factory* (`module:function`) builds in each worker, until SIGTERM or Ctrl-C."""
    Server(
        factory,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=workers,
        workers_kill_timeout=KILL_AFTER_S,
        respawn_failed_workers=True,
        backpressure=BACKPRESSURE,
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
    ).serve()
