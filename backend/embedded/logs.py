"""Log files of child processes: kept below a size by moving the content aside, the writer keeps its open file."""

import os
import shutil
from pathlib import Path

LARGEST_BYTES = 10_000_000
KEPT = 3


def rotate(log: Path, largest_bytes: int = LARGEST_BYTES) -> bool:
    """Move a log that has grown over *largest_bytes* to `<name>.1` (older ones to .2 and .3); return whether it did.

    The writer appends, so it goes on at the start of the emptied file; lines written during the copy may be lost.
    """
    try:
        if log.stat().st_size <= largest_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(KEPT, 1, -1):
        older = _numbered(log, number - 1)
        if older.exists():
            older.replace(_numbered(log, number))
    shutil.copyfile(log, _numbered(log, 1))
    os.truncate(log, 0)
    return True


def _numbered(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
