"""What people see on stderr while Storeloom starts, runs and stops: one plain line per step."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Outcome:
    """What a step came to; the step sets it, the screen shows it."""

    text: str = ""


class Screen:
    """Lines for people. Nothing here goes to stdout, which carries the READY line alone."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[Outcome]:
        """Show *name* with the outcome and the seconds it took, once the block is done."""
        begun = time.monotonic()
        outcome = Outcome()
        if sys.stderr.isatty():
            print(f"  {name:<11}…", end="\r", file=sys.stderr, flush=True)
        yield outcome
        self.say(f"  {name:<11}{outcome.text:<44}{time.monotonic() - begun:5.1f} s")

    def say(self, line: str) -> None:
        """Show one line."""
        clear = "\x1b[K" if sys.stderr.isatty() else ""
        print(f"{clear}{line}", file=sys.stderr, flush=True)

    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started
