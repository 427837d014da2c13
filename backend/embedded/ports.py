"""TCP ports on this machine: free ones, taken ones, and the one that the simulated stores keep."""

import http.client
import secrets
import socket
from pathlib import Path

import msgspec

from backend.embedded.errors import StartError
from backend.embedded.files import write_private

HOST = "127.0.0.1"
SANDBOX_FILE = "sandbox.json"


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on *port* now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def any_free_port(host: str = HOST) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind((host, 0))
        return int(trial.getsockname()[1])


def wanted_port(port: int, host: str = HOST) -> int:
    """Return *port*, or a free one for 0.

    Raises:   StartError when another program has it.
    """
    if port == 0:
        return any_free_port(host)
    if not is_free(port, host):
        raise StartError(f"port {port} is taken by another program: choose one with --port, or --port 0 for any")
    return port


def answers(port: int, path: str, *, status: int | None = None, host: str = HOST) -> bool:
    """Whether GET *path* is answered, with *status* when given."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        found = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return status is None or found == status


class SandboxAddress(msgspec.Struct, frozen=True):
    """Where the simulated stores listen and the token that makes new ones; kept so that store URLs stay the same."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """Base URL of all simulated stores."""
        return f"http://{HOST}:{self.port}"


def sandbox_address(data_dir: Path) -> SandboxAddress:
    """Return the address noted in *data_dir*, chosen now if there is none.

    Raises:   StartError when its port is taken and stores exist: they would no longer be where they were connected.
    """
    path = data_dir / SANDBOX_FILE
    noted = msgspec.json.decode(path.read_bytes(), type=SandboxAddress) if path.exists() else None
    if noted is not None and is_free(noted.port):
        return noted
    if noted is not None and has_sandbox_stores(data_dir):
        raise StartError(f"port {noted.port}, where the simulated stores live, is taken by another program: stop it")
    fresh = SandboxAddress(any_free_port(), noted.token if noted else secrets.token_urlsafe(24))
    write_private(path, msgspec.json.encode(fresh))
    return fresh


def has_sandbox_stores(data_dir: Path) -> bool:
    """Whether simulated stores were made on this data."""
    folder = data_dir / "sandbox"
    return folder.is_dir() and any(folder.iterdir())
