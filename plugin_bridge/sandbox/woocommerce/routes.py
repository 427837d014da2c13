"""The addresses of the WooCommerce API: which handler answers and what a stranger is told."""

from collections.abc import Callable

import msgspec

from plugin_bridge.sandbox.asgi import Reply, Request
from plugin_bridge.sandbox.woocommerce.shop import Shop


class Call(msgspec.Struct, frozen=True):
    """One call of a handler: the numbers in the path are its ids."""

    shop: Shop
    request: Request
    ids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    """Parts of the path that are names, such as a settings group."""


Handler = Callable[[Call], Reply]

CANNOT_LIST = ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
CANNOT_VIEW = ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
_DENIED = {
    "POST": ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources."),
    "PUT": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "DELETE": ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource."),
}
CANNOT_BATCH = ("woocommerce_rest_cannot_batch", "Sorry, you are not allowed to batch manipulate this resource.")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One address below `wc/v3`; `#` in the pattern is a number, `*` a name."""

    pattern: tuple[str, ...]
    handlers: dict[str, Handler]
    """Method -> handler; EDIT stands for POST, PUT and PATCH at once."""
    view_denied: tuple[str, str] = CANNOT_LIST

    @property
    def allow(self) -> str:
        """Return the Allow header."""
        order = ("GET", "POST", "PUT", "PATCH", "DELETE")
        return ", ".join(method for method in order if self.handler(method) is not None)

    def handler(self, method: str) -> Handler | None:
        """Return who answers this method; HEAD is answered as GET."""
        name = "GET" if method == "HEAD" else method
        found = self.handlers.get(name)
        return self.handlers.get("EDIT") if found is None and name in ("POST", "PUT", "PATCH") else found

    def denied(self, method: str) -> tuple[str, str]:
        """Return code and sentence for a caller without rights."""
        if method in ("GET", "HEAD", "OPTIONS"):
            return self.view_denied
        if self.pattern[-1] == "batch":
            return CANNOT_BATCH
        if method == "POST" and self.pattern[-1] != "#":
            return _DENIED["POST"]
        return _DENIED["DELETE"] if method == "DELETE" else _DENIED["PUT"]


def match(routes: tuple[Route, ...], path: str) -> tuple[Route, tuple[int, ...], tuple[str, ...]] | None:
    """Return the route of a path below `wc/v3` with its numbers and names, or None."""
    parts = tuple(part for part in path.split("/") if part)
    for route in routes:
        if len(route.pattern) == len(parts) and all(map(_fits, route.pattern, parts)):
            ids = tuple(int(part) for want, part in zip(route.pattern, parts, strict=True) if want == "#")
            names = tuple(part for want, part in zip(route.pattern, parts, strict=True) if want == "*")
            return route, ids, names
    return None


def _fits(want: str, part: str) -> bool:
    if want == "#":
        return part.isascii() and part.isdigit() and len(part) < 16
    return want in ("*", part)
