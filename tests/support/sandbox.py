"""Ask a simulated WooCommerce in this process, without a socket."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.asgi import Reply, Request
from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce import ApiKey, SimulatedWooCommerce, StoreOptions
from plugin_bridge.sandbox.woocommerce.oauth import signature

KEY, SECRET = "ck_good", "cs_good"
NOW = 1_790_000_000
"""The Unix second at which tests that fix the clock happen (2026-09-21T14:13:20Z)."""


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def woo(
    products: Iterable[PlatformProduct] | None = None,
    *,
    clock: Callable[[], float] | None = None,
    address: str = "https://shop.test",
    **options: Any,
) -> SimulatedWooCommerce:
    """Make a store of five generated products, or of the given ones, that listens to KEY and SECRET."""
    keys = [ApiKey(consumer_key=KEY, consumer_secret=SECRET)]
    return SimulatedWooCommerce(
        StoreOptions(address=address, keys=keys, **options),
        generate_products(5) if products is None else products,
        seeded_at=NOW - 30 * 86_400,
        clock=clock or Clock(),
    )


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        """Return the decoded body."""
        return msgspec.json.decode(self.text)

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.json()["code"])


def ask(
    store: SimulatedWooCommerce,
    method: str,
    path: str,
    body: Any = None,
    *,
    headers: dict[str, str] | None = None,
    keys: bool = True,
    **params: Any,
) -> Answer:
    """Send one request below `/wp-json/wc/v3/`; with *keys* the good ones ride in the query string of https."""
    query = [(name, str(value)) for name, value in params.items()]
    if keys:
        query += [("consumer_key", KEY), ("consumer_secret", SECRET)]
    return send(store, request(method, f"/wp-json/wc/v3/{path}", query, body, headers))


def request(
    method: str,
    path: str,
    query: list[tuple[str, str]] | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Request:
    """Make a request as the ASGI layer would."""
    pairs = query or []
    content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    return Request(
        method=method,
        path=path,
        raw_path=path,
        query_string=urlencode(pairs),
        pairs=pairs,
        query=dict(pairs),
        headers={"content-type": "application/json", **(headers or {})},
        body=content,
    )


def send(store: SimulatedWooCommerce, asked: Request) -> Answer:
    """Return the platform's answer."""
    reply: Reply = asyncio.run(store.platform.answer(asked))
    return Answer(reply.status, reply.headers, reply.body.decode())


def signed(method: str, url: str, params: dict[str, str], **oauth: str) -> list[tuple[str, str]]:
    """Return query pairs signed with the good keys; *oauth* replaces parameters before signing."""
    full = {
        **params,
        "oauth_consumer_key": KEY,
        "oauth_timestamp": str(NOW),
        "oauth_nonce": "n-1",
        "oauth_signature_method": "HMAC-SHA256",
        **{f"oauth_{name}": value for name, value in oauth.items() if name != "secret"},
    }
    full["oauth_signature"] = signature(method, url, full, oauth.get("secret", SECRET))
    return list(full.items())


def control(store: SimulatedWooCommerce, method: str, path: str, body: Any = None) -> Answer:
    """Send one control request."""
    reply = store.answer_control(request(method, path, body=body), path)
    return Answer(reply.status, reply.headers, reply.body.decode())


def eventually(check: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    """Return what *check* returns once it is true; fail the test when that takes too long."""
    deadline = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
