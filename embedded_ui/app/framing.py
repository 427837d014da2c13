"""Who may frame a page, and what comes with every answer of this surface. Pure."""

import re

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com")
_ADMIN = "https://admin.shopify.com"
_ORIGIN = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)/")
"""Of an address with the name of the shop in its path: in a real one it is the host."""
_CDN = "https://cdn.shopify.com"
_REST = (
    "default-src 'none'",
    f"script-src 'self' {_CDN}",
    # Polaris styles its elements from scripts.
    f"style-src 'self' 'unsafe-inline' {_CDN}",
    "img-src 'self' data: blob: https:",
    f"font-src 'self' data: {_CDN}",
    # App Bridge reports how fast pages were.
    f"connect-src 'self' {_CDN} https://monorail-edge.shopifysvc.com",
    f"frame-src {_ADMIN}",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
)


def checked_shop(text: str) -> str | None:
    """Return a shop's permanent domain if the text is one, letter for letter; None for anything else."""
    return text if _SHOP.fullmatch(text) else None


def simulated_admin(shop_url: str) -> str:
    """Return where the admin of simulated shops lives, for the setting `SHOPIFY_SHOP_URL`; "" with real shops."""
    origin = _ORIGIN.match(shop_url)
    return origin.group(1) if origin else ""


def headers(shop: str | None, simulated: str = "") -> dict[str, str]:
    """Return the headers of an answer that only *shop* and its admin may frame; None: nobody may.

    Every shop has a policy of its own, so nothing may be kept by anybody in between.

    Args:     simulated: see `simulated_admin`; the operator's word, nothing that a request says.
    """
    known = checked_shop(shop) if shop else None
    ancestors = f"https://{known} {_ADMIN} {simulated}".rstrip() if known else "'none'"
    return {
        "Content-Security-Policy": "; ".join((f"frame-ancestors {ancestors}", *_REST)) + ";",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        # The address of a page may hold an ID token.
        "Referrer-Policy": "no-referrer",
    }
