"""The keys that seal secrets, made once per data directory when the operator names none."""

import secrets
from pathlib import Path

from backend.embedded.errors import StartError
from backend.embedded.files import write_private

FILE = "secret.key"


def ensure_keys(data_dir: Path) -> Path:
    """Return the key file of *data_dir*, made with one random key of 256 bits when it is absent."""
    path = data_dir / FILE
    if not path.exists():
        write_private(path, f"{secrets.token_urlsafe(32)}\n".encode())
    read_keys(path)
    return path


def read_keys(path: Path) -> tuple[str, ...]:
    """Return the keys in a key file, one a line, newest first.

    Raises:   StartError when it holds none: what is sealed could not be opened again.
    """
    keys = tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    if not keys:
        raise StartError(f"{path} is empty; put the keys back that sealed the stored secrets, newest first, one a line")
    return keys
