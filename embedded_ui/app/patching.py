"""A page that was opened without a good ID token sends the browser to the patch page, where App Bridge gets one.

App Bridge opens the address in `shopify-reload` with a new token. The address is ours and says when that was, so that
a token that is never good does not lead round in circles. Pure.
"""

import re
from datetime import datetime
from urllib.parse import urlencode

from embedded_ui.app.query import ID_TOKEN, Pairs, host_of, only

PATH = "/app/patch-id-token"
RELOAD = "shopify-reload"
PATCHED = "patched"
"""Parameter that says when the browser was sent to the patch page, seconds since 1970."""
LOOP_S = 30
"""A page that comes back without a good token so soon after the patch page does not go there again."""
_RELOAD = re.compile(r"/app(?:/(?!patch-id-token)[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9._~%&=+*-]*)?")
_MOST_RELOAD = 2_000


def patch_address(path: str, query: Pairs, shop: str, now: datetime) -> str:
    """Return where to send a browser that wants *path* of this surface and has no good token."""
    kept = [(name, value) for name, value in query if name not in (ID_TOKEN, PATCHED)]
    reload = f"{path}?{urlencode([*kept, (PATCHED, str(int(now.timestamp())))])}"
    if checked_reload(reload) is None:
        reload = f"/app?{urlencode({'shop': shop, PATCHED: int(now.timestamp())})}"
    host = host_of(query)
    return f"{PATH}?{urlencode({'shop': shop, **({'host': host} if host else {}), RELOAD: reload})}"


def checked_reload(text: str) -> str | None:
    """Return an address if it is a page of this surface, written as we write it; None for anything else.

    No other host, no backslash, no blank, no dot segment, no fragment, and not the patch page itself.
    """
    return text if len(text) <= _MOST_RELOAD and _RELOAD.fullmatch(text) else None


def just_patched(query: Pairs, now: datetime) -> bool:
    """Tell whether this page was opened by the patch page a moment ago."""
    at = only(query, PATCHED)
    return at.isascii() and at.isdecimal() and len(at) <= 12 and abs(now.timestamp() - int(at)) < LOOP_S
