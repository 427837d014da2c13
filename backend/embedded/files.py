"""Files that hold secrets: readable by their owner alone from the first byte, replaced at once or not at all."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write *content* to *path* with mode 0600; a reader sees the old file or the new one, never a part."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        fresh.rename(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
