"""What can go wrong at start-up, as one line that says what to do."""

import errno
import re

OTHER_SERVERS = (
    "set DATABASE_URL to a PostgreSQL 15+ server and REDIS_URL to a Redis 7+ or Valkey server to use those instead"
)


class StartError(Exception):
    """Storeloom cannot start or go on; the message is one line for people and holds no secret."""


_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded", re.IGNORECASE)
_SAYING = re.compile(r"\b(FATAL|PANIC|ERROR|error|Fatal|Can't|Bad)\b")


def explain(log: str, otherwise: str) -> str:
    """Return the one line of a server's log that tells why it ended, or *otherwise* when none does."""
    if _DISK_FULL.search(log):
        return "the disk is full: free some space and start again"
    lines = [line.strip() for line in log.splitlines() if _SAYING.search(line)]
    return lines[-1] if lines else otherwise


def from_os_error(failure: OSError) -> StartError:
    """Say an operating system error in one line: disk full, not writable, or what the system says."""
    where = f" ({failure.filename})" if failure.filename else ""
    if failure.errno in (errno.ENOSPC, errno.EDQUOT):
        return StartError(f"the disk is full: free some space and start again{where}")
    return StartError(f"{failure.strerror or failure}{where}")
