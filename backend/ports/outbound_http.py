"""The guarded client as its users see it: every address that a caller gave us goes through it (decision G11)."""

from typing import Any, Protocol


class OutboundClients(Protocol):
    """Makes HTTP clients that refuse private, loopback, link-local and metadata addresses at connect time.

    Redirects are not followed. A caller who asks for it (`follow_redirects=True` on one request) gets every hop checked
    and at most five of them. Proxy settings of the environment are not read.
    """

    def client(
        self,
        *,
        base_url: str = "",
        auth: Any = None,
        read_timeout_s: float = 60.0,
        total_timeout_s: float = 300.0,
        max_connections: int = 4,
        max_bytes: int = 64_000_000,
    ) -> Any:
        """Return an `httpx.AsyncClient` whose transport resolves, checks and pins each address; the caller closes it.

        Args:     read_timeout_s: longest silence. total_timeout_s: for one whole answer. Connecting has 10 s.
                  max_bytes: largest answer, both as sent and unpacked.
        Raises:   (the client, on a request) UnsafeAddress, ResponseTooLarge, and httpx's own errors.
                  Authorization headers other than OAuth signatures over plain http are refused as UnsafeAddress.
        """
        ...

    def check(self, url: str) -> None:
        """Refuse an address that cannot be right before any request: scheme, user info, literal private address.

        Raises:   UnsafeAddress.
        """
        ...
