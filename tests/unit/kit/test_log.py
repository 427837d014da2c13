"""Logs help; they never stand in the way."""

import io
from collections.abc import Iterator

import pytest
import structlog

from backend.kit.log import set_up_logging


class FullDisk(io.TextIOBase):
    """Where nothing can be written."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture
def unchanged_logging() -> Iterator[None]:
    """Puts the process's logging back afterwards."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    set_up_logging("info")
    structlog.configure(**before)


@pytest.mark.usefixtures("unchanged_logging")
def test_a_line_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", FullDisk())
    set_up_logging("info")
    monkeypatch.undo()
    structlog.get_logger().warning("something.happened")


def test_lines_are_written_and_secrets_taken_out(unchanged_logging: None, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    set_up_logging("info")
    structlog.get_logger().warning("something.happened", key="cs_0123456789abcdef")
    assert '"something.happened"' in written.getvalue()
    assert "cs_0123" not in written.getvalue()
