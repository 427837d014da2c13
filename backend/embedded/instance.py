"""What a running instance tells the other commands: `<data-dir>/instance.json`, mode 0600."""

import os
from pathlib import Path

import msgspec

from backend.embedded.errors import StartError
from backend.embedded.files import write_private
from backend.embedded.locks import is_locked
from backend.embedded.secret_keys import read_keys

FILE = "instance.json"
LOCK = "lock"


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """A running `storeloom up`: where it serves, where its data is, how to reach its simulated stores."""

    data_dir: str
    pid: int
    """The supervisor."""
    base_url: str
    """Where web listens, e.g. `http://127.0.0.1:8000`."""
    public_url: str
    """Base of links for others; the same unless `STORELOOM_PUBLIC_URL` says otherwise."""
    database_url: str
    redis_url: str
    secret_keys_file: str = ""
    """File with the secret keys, one a line, newest first; "" when `STORELOOM_SECRET_KEYS` is set instead."""
    sandbox_url: str = ""
    """Where the simulated stores are hosted, "" when they are not."""
    sandbox_token: str = ""
    """Bearer token for making simulated stores."""
    variables: dict[str, str] = {}
    """Further variables that all processes of this instance got."""

    @property
    def simulated_platforms(self) -> tuple[str, ...]:
        """Return the platforms whose simulated stores can be connected here.

        With an app of the operator's own at Shopify, Shopify stores are real ones.
        """
        if not self.sandbox_url:
            return ()
        simulates_shopify = self.variables.get("SHOPIFY_SHOP_URL", "").startswith(self.sandbox_url)
        return ("woocommerce", "shopify") if simulates_shopify else ("woocommerce",)

    def environment(self) -> dict[str, str]:
        """Return the variables under which another command sees the same instance as its processes do."""
        found = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "STORELOOM_DATA_DIR": self.data_dir,
            "STORELOOM_PUBLIC_URL": self.public_url,
            **self.variables,
        }
        if self.secret_keys_file:
            found["STORELOOM_SECRET_KEYS"] = ",".join(read_keys(Path(self.secret_keys_file)))
        if self.sandbox_token:
            found["STORELOOM_SANDBOX_TOKEN"] = self.sandbox_token
        return found


def save_instance(instance: Instance) -> None:
    """Write the file that `load_instance` reads."""
    write_private(Path(instance.data_dir) / FILE, msgspec.json.format(msgspec.json.encode(instance)))


def load_instance(data_dir: Path) -> Instance:
    """Return the instance that runs on *data_dir*.

    Raises:   StartError that says how to start one when none runs.
    """
    path = data_dir / FILE
    nothing = f"no storeloom runs on {data_dir}: start one with `storeloom up --data-dir {data_dir}`"
    if not is_locked(data_dir / LOCK):
        raise StartError(nothing)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Instance)
    except FileNotFoundError:
        raise StartError(f"the storeloom on {data_dir} is still starting: wait for its READY line") from None
    except PermissionError:
        raise StartError(f"{path} may not be read by uid {os.geteuid()}: use the user who started it") from None
    except msgspec.DecodeError:
        raise StartError(f"{path} cannot be read: restart storeloom") from None
