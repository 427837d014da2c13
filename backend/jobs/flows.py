"""What jobs may call: the flows that wiring builds, named once."""

from typing import Protocol


class Flows(Protocol):
    """Everything a job function reaches; `backend.wiring.Container` is one."""
