"""How a process that serves no HTTP says that it is at work: it makes the file that its supervisor named."""

import os
from pathlib import Path

VARIABLE = "STORELOOM_READY_FILE"


def announce_ready() -> None:
    """Make the file named by `STORELOOM_READY_FILE`; nothing happens when nobody asked."""
    named = os.environ.get(VARIABLE)
    if named:
        Path(named).touch()
