"""What the supervisor keeps running: the two servers and our own commands, all spoken to alike."""

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from backend.embedded.errors import explain
from backend.embedded.processes import Process, spawn, tail, write_down
from backend.kit.readiness import VARIABLE as READY_FILE


class Program(Protocol):
    """One thing to keep running."""

    name: str
    stop_signal: signal.Signals
    stop_grace_s: float

    @property
    def log(self) -> Path:
        """Where its output goes."""

    @property
    def record(self) -> Path:
        """Where its process number is noted."""

    def launch(self) -> Process:
        """Start it and return at once."""

    def ready(self, process: Process) -> bool:
        """Whether it does its work."""

    def why_it_ended(self) -> str:
        """Return the reason in one line."""

    def close(self) -> None:
        """Tidy up after it has ended for good."""


class Command:
    """One of our own commands as a child process.

    Args:     answers: tells whether it does its work; without it the command makes the file `STORELOOM_READY_FILE`.
    """

    stop_signal = signal.SIGTERM
    stop_grace_s = 15.0

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        data_dir: Path,
        environment: Mapping[str, str],
        answers: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._ready_file = data_dir / "run" / f"{name}.ready"
        self._answers = answers or self._ready_file.exists
        self._environment = {**environment, READY_FILE: str(self._ready_file)}
        self.log = data_dir / "logs" / f"{name}.log"
        self.record = data_dir / "run" / f"{name}.pid"

    def launch(self) -> Process:
        """Start it and return at once."""
        self._ready_file.unlink(missing_ok=True)
        process = spawn(self._command, log=self.log, environment=self._environment, death_signal=self.stop_signal)
        write_down(self.record, process.pid)
        return process

    def ready(self, process: Process) -> bool:
        """Whether it does its work."""
        return process.poll() is None and self._answers()

    def why_it_ended(self) -> str:
        """Return the last thing it said."""
        said = [line.strip() for line in tail(self.log).splitlines() if line.strip()]
        return explain(tail(self.log), said[-1][:300] if said else f"see {self.log}")

    def close(self) -> None:
        """Tidy up after it has ended for good."""
        self.record.unlink(missing_ok=True)
        self._ready_file.unlink(missing_ok=True)
