"""The app that simulated Shopify shops know: made once per data directory when the operator names none."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from backend.embedded.errors import StartError
from backend.embedded.files import write_private
from backend.embedded.ports import SandboxAddress
from backend.kit.discreet import Discreet

FILE = "shopify-app.json"


class SimulatedApp(Discreet, msgspec.Struct, frozen=True):
    """Credentials that open simulated shops and nothing else."""

    client_id: str
    client_secret: str


def simulated_app_variables(
    data_dir: Path, sandbox: SandboxAddress | None, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables under which all processes talk to simulated shops; none when there are none.

    With credentials of the operator's own there are none: those belong to real shops at Shopify.
    """
    if sandbox is None or environ.get("SHOPIFY_CLIENT_ID") or environ.get("SHOPIFY_CLIENT_SECRET"):
        return {}
    app = _ensure(data_dir / FILE)
    return {
        "SHOPIFY_CLIENT_ID": app.client_id,
        "SHOPIFY_CLIENT_SECRET": app.client_secret,
        "SHOPIFY_CLIENT_SECRET_OLD": "",
        "SHOPIFY_SHOP_URL": f"{sandbox.url}/{{name}}",
    }


def _ensure(path: Path) -> SimulatedApp:
    if not path.exists():
        made = SimulatedApp(client_id=secrets.token_hex(16), client_secret=secrets.token_hex(32))
        write_private(path, msgspec.json.encode(made))
        return made
    try:
        return msgspec.json.decode(path.read_bytes(), type=SimulatedApp)
    except msgspec.DecodeError:
        raise StartError(f"{path} cannot be read: delete it, and connect the simulated Shopify stores again") from None
