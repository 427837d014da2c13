"""One process per folder: a lock that the system releases when its holder dies, however it dies."""

import fcntl
import os
from pathlib import Path

from backend.embedded.errors import StartError


class FolderLock:
    """A held lock file; `release` or the end of the process frees it."""

    def __init__(self, path: Path, what: str) -> None:
        """Take the lock or raise StartError that says who holds it; *what* names the thing locked."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            raise StartError(f"{what} is in use by another storeloom (process {holder or 'unknown'})") from None
        os.truncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Free the lock; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock at *path*."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
