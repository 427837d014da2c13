"""A data directory, and `up` as a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.embedded.processes import birth_mark, wait_until

ROOT = Path(__file__).parents[3]
NO_SERVERS = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}
"""Addresses that stand-ins never use: `up` then starts no server of its own and is quick."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class Up:
    """A running `up`: what it printed, how to signal it, which children it wrote down."""

    def __init__(self, data_dir: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.run_up", str(data_dir), *(arguments or ("0",))],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._readers = [self._read("stdout"), self._read("stderr")]

    def _read(self, stream: str) -> threading.Thread:
        def drain() -> None:
            for line in getattr(self.process, stream):
                self.lines[stream].append(line.rstrip())

        thread = threading.Thread(target=drain, daemon=True)
        thread.start()
        return thread

    def until_ready(self) -> str:
        """Wait for READY and return the base URL."""
        assert wait_until(lambda: bool(self.lines["stdout"]) or self.process.poll() is not None, 60)
        assert self.lines["stdout"], self.said()
        return self.lines["stdout"][0].removeprefix("READY ")

    def until_said(self, text: str) -> None:
        """Wait until stderr holds *text*."""
        assert wait_until(lambda: text in self.said(), 30), self.said()

    def said(self) -> str:
        """Everything on stderr so far."""
        return "\n".join(self.lines["stderr"])

    def pid(self, name: str) -> int:
        """Number of a child."""
        return int(json.loads((self.data_dir / "run" / f"{name}.pid").read_text())["pid"])

    def pids(self) -> list[int]:
        """Numbers of all children."""
        return [self.pid(record.stem) for record in (self.data_dir / "run").glob("*.pid")]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        for reader in self._readers:
            reader.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code


@pytest.fixture
def start_up(data_dir: Path) -> Iterator[Callable[..., Up]]:
    """Start `up` on the data directory: `start_up("0", "--demo", **environment)`; whatever still runs is ended."""
    started: list[Up] = []

    def start(*arguments: str, **environment: str) -> Up:
        started.append(Up(data_dir, *arguments, environment=environment))
        return started[-1]

    yield start
    for run in started:
        run.end()


def all_dead(pids: list[int]) -> bool:
    """Whether none of these processes lives."""
    return all(birth_mark(pid) is None for pid in pids)


@pytest.fixture
def gone() -> Callable[[list[int]], bool]:
    """Wait until none of the given processes lives (20 s at most); return whether that came true."""
    return lambda pids: wait_until(lambda: all_dead(pids), 20)


@pytest.fixture
def no_servers() -> dict[str, str]:
    """Environment under which `up` starts no PostgreSQL and no Valkey."""
    return dict(NO_SERVERS)
