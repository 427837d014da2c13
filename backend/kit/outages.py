"""Is it our mistake, or is something away that we stand on? Pure."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = ("08", "53", "57P", "58")
"""Beginnings of SQLSTATEs: connection lost, out of memory or disk or connections, shutting down or starting, I/O."""
_READ_ONLY = "25006"
"""A standby that takes no changes: what a failover looks like in its middle."""


def is_outage(error: BaseException) -> bool:
    """Tell whether an error means that the database, the network or the disk cannot serve us now and may soon.

    The operating system's errors count: drivers let them through when the server's address does not answer.
    """
    if isinstance(error, (OSError, PoolTimeout)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or state.startswith(_CLASSES) or state == _READ_ONLY
