"""Addresses outside `/panel` that lead into it."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Redirect

from backend.kit.ids import parse_uuid
from embedded_ui.shell import go_to

PANEL_PATH = "/panel"
_KEPT = ("oauth", "message")


@get("/", status_code=303)
async def open_panel() -> Redirect:
    """Lead to the panel."""
    return go_to(PANEL_PATH)


@get("/sales-channels", status_code=303)
async def show_channels(request: Request[Any, Any, Any]) -> Redirect:
    """Lead from where a platform's consent page comes back to the stores, with what it said (contract row S2S-15)."""
    return go_to(_into_panel(request))


@get("/sales-channels/{channel_id:str}", status_code=303)
async def show_channel(request: Request[Any, Any, Any], channel_id: FromPath[str]) -> Redirect:
    """Lead to one store, with what the consent page said."""
    store_id = parse_uuid(channel_id)
    return go_to(_into_panel(request) + (f"#store-{store_id}" if store_id else ""))


def _into_panel(request: Request[Any, Any, Any]) -> str:
    kept = {name: request.query_params[name] for name in _KEPT if name in request.query_params}
    return PANEL_PATH + ("?" + urlencode(kept) if kept else "")
