"""A shop that answers what a test tells it to, on a real socket, and our adapter pointed at it."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from backend.gateways.outbound import GuardedClients
from backend.gateways.shop_budget import LocalShopBudget
from backend.ports.shop_budget import ShopBudget
from backend.ports.store_platform import CredentialRenewal
from backend.settings import Outbound, Shopify
from plugin_bridge.http import RetryPolicy
from plugin_bridge.shopify.adapter import ShopifyStore
from plugin_bridge.shopify.bulk import Patience
from plugin_bridge.shopify.connector import ShopifyConnector
from tests.support.asgi_server import serving

FAST = RetryPolicy(base_s=0.01, cap_s=0.02, patience_s=1.0)
HASTY = Patience(first_s=0.01, most_s=0.02, here_s=0.2)
URL = "https://loom.myshopify.com"
TOKEN = "shpat_" + "1a" * 16
FRESH = "shpat_" + "2b" * 16
REFRESH = "shprt_" + "3c" * 16
_NAME = re.compile(r"(?:query|mutation)\s+(\w+)")
STATUS = {"maximumAvailable": 2000.0, "currentlyAvailable": 1900.0, "restoreRate": 100.0}


class Asked(msgspec.Struct):
    """One request for GraphQL."""

    name: str
    """Of its operation, such as `BulkState`."""
    text: str
    variables: dict[str, Any]
    token: str
    path: str


class Raw(msgspec.Struct):
    """An answer as it is."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


Answer = Mapping[str, Any] | Raw | Callable[[Asked], Mapping[str, Any] | Raw]


def data(values: Mapping[str, Any], *, requested: float = 12.0, **status: float) -> dict[str, Any]:
    """Return a good answer with its cost; *status* replaces parts of the throttle status."""
    cost = {"requestedQueryCost": requested, "actualQueryCost": requested, "throttleStatus": {**STATUS, **status}}
    return {"data": dict(values), "extensions": {"cost": cost}}


def error(code: str, *, requested: float = 12.0, told: bool = True, **status: float) -> dict[str, Any]:
    """Return an answer that is an error by code; *told*: with its cost."""
    answer: dict[str, Any] = {"data": None, "errors": [{"message": f"it is {code}", "extensions": {"code": code}}]}
    if told:
        answer["extensions"] = data({}, requested=requested, **status)["extensions"]
    return answer


class Script:
    """The shop: answers by operation, in turn, the last one for ever; files by name."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.fetched: list[tuple[str, dict[str, str]]] = []
        self.port = 0

    def says(self, name: str, *answers: Answer) -> None:
        """Answer an operation like this from now on."""
        self.answers[name] = list(answers)

    def named(self, name: str) -> list[Asked]:
        """Requests of one operation so far."""
        return [one for one in self.asked if one.name == name]

    @property
    def base(self) -> str:
        """Where the shop is asked."""
        return f"http://127.0.0.1:{self.port}/loom"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if scope["method"] == "GET":
            answer = self._file(scope["path"], headers)
        else:
            body = msgspec.json.decode((await receive())["body"])
            found = _NAME.search(body["query"])
            assert found is not None
            token = headers.get("x-shopify-access-token", "")
            asked = Asked(found[1], body["query"], body.get("variables") or {}, token, scope["path"])
            self.asked.append(asked)
            answer = self._answer(asked)
        given = {"content-type": "application/json", "content-length": str(len(answer.body)), **answer.headers}
        lines = [(name.encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        await send({"type": "http.response.body", "body": answer.body})

    def _file(self, path: str, headers: dict[str, str]) -> Raw:
        name = path.rpartition("/")[2]
        self.fetched.append((name, headers))
        return Raw(200, self.files[name]) if name in self.files else Raw(404, b"gone")

    def _answer(self, asked: Asked) -> Raw:
        left = self.answers.get(asked.name)
        assert left, f"nothing is said to {asked.name}"
        answer = left.pop(0) if len(left) > 1 else left[0]
        answer = answer(asked) if callable(answer) else answer
        if isinstance(answer, Raw):
            return answer
        return Raw(200, msgspec.json.encode(answer), {"x-shopify-api-version": "2026-10"})


class Opened:
    """A scripted shop with our adapter for it."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.budget: ShopBudget = LocalShopBudget()
        self.patience = HASTY
        self.stores: list[ShopifyStore] = []

    def connector(self) -> ShopifyConnector:
        """A connector with its own memory."""
        outbound = Outbound(allowed_private_hosts=(f"127.0.0.1:{self.script.port}",), read_timeout_s=1.0)
        app = Shopify(client_id="id", client_secret="secret", shop_url=f"http://127.0.0.1:{self.script.port}/{{name}}")
        return ShopifyConnector(
            GuardedClients(outbound), outbound, app, self.budget, policy=FAST, patience=self.patience
        )

    def open(
        self,
        *,
        token: str = TOKEN,
        expires_in_s: float = 3600.0,
        renewal: CredentialRenewal | None = None,
        connector: ShopifyConnector | None = None,
    ) -> ShopifyStore:
        """Open the shop; closed with the script."""
        store = (connector or self.connector()).open(URL, credentials(token, expires_in_s), {}, renewal)
        self.stores.append(store)
        return store


def credentials(token: str = TOKEN, expires_in_s: float = 3600.0) -> dict[str, str]:
    """Return credentials whose token lives for so long."""
    ends_at = datetime.now(UTC) + timedelta(seconds=expires_in_s)
    return {"access_token": token, "refresh_token": REFRESH, "expires_at": ends_at.isoformat(), "scope": ""}


class Renewal:
    """Implements `CredentialRenewal`: counts, and hands out a fresh token."""

    def __init__(self, token: str = FRESH, failure: Exception | None = None) -> None:
        self.token = token
        self.failure = failure
        self.asked: list[Mapping[str, str]] = []

    async def __call__(self, outworn: Mapping[str, str]) -> Mapping[str, str]:
        self.asked.append(outworn)
        if self.failure is not None:
            raise self.failure
        return credentials(self.token)


@asynccontextmanager
async def scripted_shop() -> AsyncIterator[Opened]:
    """Run a scripted shop for the length of a `with`."""
    script = Script()
    async with serving(script) as script.port:
        opened = Opened(script)
        try:
            yield opened
        finally:
            for store in opened.stores:
                await store.aclose()


LISTED = data({"nodes": [{"id": "gid://shopify/Product/1"}]})
"""A good answer to the shortest question there is, `still_listed`."""
