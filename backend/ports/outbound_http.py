"""The guarded client as its users see it: every address that a caller gave us goes through it (decision G11)."""

from typing import Any, Protocol


class OutboundClients(Protocol):
    """Makes HTTP clients that refuse private, loopback, link-local and metadata addresses at connect time.

    Redirects are never followed; the caller looks at them and asks `check` before going on.
    """

    def client(
        self, *, base_url: str = "", auth: Any = None, read_timeout_s: float = 60.0, max_connections: int = 4
    ) -> Any:
        """Return an `httpx.AsyncClient` whose transport resolves, checks and pins each address; caller closes it."""
        ...

    def check(self, url: str) -> None:
        """Refuse an address that cannot be right before any request: scheme, user info, literal private address.

        Raises:   UnsafeAddress.
        """
        ...
