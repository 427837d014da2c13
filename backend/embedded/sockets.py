"""Short private folders for unix sockets: a socket's path holds 103 bytes at most, a data directory's may be longer."""

import os
import shutil
import tempfile
from pathlib import Path

from backend.embedded.accounts import Account, reachable
from backend.embedded.errors import StartError

LONGEST_PATH = 103
LONGEST_NAME = len("/.s.PGSQL.5432")
_PREFIX = "storeloom-"


def open_socket_dir(data_dir: Path, name: str, account: Account) -> Path:
    """Make the folder (0700, owned by *account*) for the socket of the server called *name*.

    It is `<data_dir>/run/<name>` when that is short enough and *account* can walk there, else a new folder in /run
    or the temporary directory, to which `<data_dir>/run/<name>` then is a link.
    """
    close_socket_dir(data_dir, name)
    place = data_dir / "run" / name
    place.parent.mkdir(mode=0o700, exist_ok=True)
    if _fits(place) and reachable(place.parent, account):
        place.mkdir(mode=0o700)
        account.own(place)
        return place
    folder = _elsewhere(account)
    account.own(folder)
    place.symlink_to(folder)
    return folder


def close_socket_dir(data_dir: Path, name: str) -> None:
    """Remove the folder of a server that no longer runs, wherever it lies; nothing happens when there is none."""
    place = data_dir / "run" / name
    if place.is_symlink():
        folder = place.readlink()
        if folder.name.startswith(_PREFIX) and folder.parent in _places():
            shutil.rmtree(folder, ignore_errors=True)
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + LONGEST_NAME <= LONGEST_PATH


def _places() -> list[Path]:
    own = [Path("/run")] if os.geteuid() == 0 else []
    return [*own, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108


def _elsewhere(account: Account) -> Path:
    for place in _places():
        if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK) and reachable(place, account)):
            continue
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        if _fits(folder):
            return folder
        folder.rmdir()
    raise StartError("found no short folder for a unix socket: /run and /tmp cannot be used")
