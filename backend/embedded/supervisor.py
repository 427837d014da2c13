"""Keep children running: restart with growing pauses, give up with the reason, stop all in the right order.

Everything happens in the main thread of one process: the kernel ties a child's life to the thread that forked it.
"""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType

from backend.embedded.errors import StartError
from backend.embedded.logs import rotate
from backend.embedded.processes import Process, signal_group, tail
from backend.embedded.programs import Program
from backend.embedded.screen import Screen

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
SETTLED_S = 30.0
"""A child that lived so long starts with the shortest pause again."""
QUICK_DEATHS = 5
"""So many deaths in a row, none of them after a settled life, end the attempt."""
LOOK_S = 0.05
ROTATE_EVERY_S = 10.0


class StopAsked(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class GaveUp(StartError):
    """A child does not stay alive; `log` is the end of what it wrote."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def pause_s(quick_deaths: int) -> float:
    """Return the pause before the next start after so many quick deaths (1, 2, …): 0.5, 1, 2, 4 … 30 seconds."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (quick_deaths - 1)))


class StopSignals:
    """Counts Ctrl-C, SIGTERM and SIGHUP while it is entered; `wake` interrupts any wait."""

    def __init__(self) -> None:
        self.count = 0
        self.wake = threading.Event()
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started by nohup: the end of the terminal is not ours
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.wake.set()


class Child:
    """One program and its present process."""

    def __init__(self, program: Program, process: Process) -> None:
        self.program = program
        self.process = process
        self.started_at = time.monotonic()
        self.quick_deaths = 0
        self.next_start_at: float | None = None

    @property
    def ready(self) -> bool:
        """Whether it does its work now."""
        return self.next_start_at is None and self.program.ready(self.process)


class Supervisor:
    """The children, in the order they were started; they stop in the opposite order, tier by tier."""

    def __init__(self, screen: Screen, signals: StopSignals) -> None:
        self._screen = screen
        self._signals = signals
        self._tiers: list[list[Child]] = []
        self._rotate_at = time.monotonic() + ROTATE_EVERY_S

    @property
    def has_children(self) -> bool:
        """Whether anything was started."""
        return bool(self._tiers)

    def start(self, *programs: Program) -> list[Child]:
        """Start programs that may run and stop at the same time."""
        tier: list[Child] = []
        self._tiers.append(tier)
        for program in programs:
            tier.append(Child(program, program.launch()))
        return tier

    def wait_ready(self, children: list[Child], timeout_s: float) -> None:
        """Wait until all of them do their work.

        Raises:   GaveUp when one does not within *timeout_s* seconds or keeps dying; StopAsked.
        """
        deadline = time.monotonic() + timeout_s
        while waiting := [child for child in children if not child.ready]:
            if time.monotonic() > deadline:
                name, log = waiting[0].program.name, waiting[0].program.log
                raise GaveUp(f"{name} was not ready within {timeout_s:.0f} s; see {log}", tail(log, 1500))
            self.look()

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Keep everything running until *done*; raises GaveUp and StopAsked."""
        while not done():
            self.look()

    def look(self) -> None:
        """Restart what died, rotate logs, then pause for a moment.

        Raises:   StopAsked at the first stop signal, GaveUp when a child keeps dying.
        """
        if self._signals.count:
            raise StopAsked
        now = time.monotonic()
        for child in (child for tier in self._tiers for child in tier):
            if child.next_start_at is None and child.process.poll() is not None:
                self._bury(child, now)
            elif child.next_start_at is not None and now >= child.next_start_at:
                child.next_start_at = None
                child.process, child.started_at = child.program.launch(), now
        if now >= self._rotate_at:
            self._rotate_at = now + ROTATE_EVERY_S
            for tier in self._tiers:
                for child in tier:
                    rotate(child.program.log)
        self._signals.wake.wait(LOOK_S)

    def _bury(self, child: Child, now: float) -> None:
        signal_group(child.process.pid, signal.SIGKILL)
        name, code = child.program.name, child.process.returncode
        child.quick_deaths = 1 if now - child.started_at >= SETTLED_S else child.quick_deaths + 1
        if child.quick_deaths >= QUICK_DEATHS:
            reason = child.program.why_it_ended()
            raise GaveUp(f"{name} ended {QUICK_DEATHS} times in a row: {reason}", tail(child.program.log, 1500))
        pause = pause_s(child.quick_deaths)
        child.next_start_at = now + pause
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._screen.say(f"  {name} ended ({how}), starting it again in {pause:g} s; log: {child.program.log}")

    def stop_all(self) -> None:
        """Stop every child, last tier first, and wait; one more stop signal kills what is left at once."""
        heard = self._signals.count
        for tier in reversed(self._tiers):
            for child in tier:
                if child.process.poll() is None:
                    child.process.send_signal(child.program.stop_signal)
            for child in tier:
                self._wait_or_kill(child, heard)
                child.program.close()
        self._tiers.clear()

    def _wait_or_kill(self, child: Child, heard: int) -> None:
        deadline = time.monotonic() + child.program.stop_grace_s
        while child.process.poll() is None:
            if time.monotonic() > deadline or self._signals.count > heard:
                signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait()
                break
            time.sleep(LOOK_S / 5)
        signal_group(child.process.pid, signal.SIGKILL)
