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
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # The driver's own errors come unwrapped where rows are copied in.
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    return isinstance(state, str) and (state.startswith(_CLASSES) or state == _READ_ONLY)
