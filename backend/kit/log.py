"""Structured logs on stderr, one JSON object a line, with what looks like a secret taken out."""

import io
import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

_SECRET = re.compile(r"(cs_[0-9a-fA-F]{8,}|ck_[0-9a-fA-F]{8,}|sk_live_\w+|shp\w{2}_\w+|eyJ[\w-]+\.[\w-]+\.[\w-]+)")
_QUIET = ("httpx", "httpcore", "arq", "granian", "asyncio", "sqlalchemy.engine")


class _UnfailingLog(io.TextIOBase):
    """A stream that drops what cannot be written: a full disk may cost lines of the log, never an answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.flush()


def redact(text: str) -> str:
    """Return the text with everything that looks like a key or token replaced."""
    return _SECRET.sub("[secret]", text)


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def set_up_logging(level: str) -> None:
    """Send structlog and the standard library's logs to stderr at *level* (debug, info, warning, error)."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _UnfailingLog(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
