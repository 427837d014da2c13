"""A simulated Shopify shop for tests: served by the sandbox host on a free port, with its control side as methods."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.host import create_host
from plugin_bridge.sandbox.serving import Server
from plugin_bridge.sandbox.shopify import AppOptions

CLIENT_ID = "test-client-id"
CLIENT_SECRET = "test-client-secret-long-enough-for-hs256"
SCOPES = "read_products,write_products,read_inventory,write_inventory,read_locations,read_orders,write_publications"
HOST_TOKEN = "a host token for tests"
API = "/admin/api/2026-10/graphql.json"
PATIENCE_S = 15.0


class ShopifyShop:
    """One shop on a served host: its platform side by HTTP, its control side by methods, its insides as `shop`."""

    def __init__(self, server: Server, host: Any, key: str, app: AppOptions) -> None:
        self.server = server
        self.key = key
        self.app = app
        self.client_id = app.client_id
        self.client_secret = app.client_secret
        self.domain = f"{key}.myshopify.com"
        self.store_url = f"{server.base_url}/{key}"
        self.control_url = f"{server.base_url}/_control/{key}"
        self.shop_url_template = f"{server.base_url}/{{name}}"
        """Value of `settings.shopify.shop_url` that leads to the shops of this host."""
        self._host = host
        self.http = httpx.Client(timeout=PATIENCE_S, trust_env=False)

    @property
    def shop(self) -> Any:
        """Return the shop's insides; change them only through `server.call`."""
        return self.server.call(self._host.store(self.key)).shop

    # Control side.

    def control(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Send a control request; return its JSON, None for an empty answer."""
        answer = self.http.request(method, f"{self.control_url}/{path}", json=body, params=params or None)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def fault(self, kind: str, **more: Any) -> None:
        """Switch a fault on."""
        self.control("POST", "faults", {"kind": kind, **more})

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.control("DELETE", "faults")

    def change(self, sku: str, **more: Any) -> dict[str, Any]:
        """Edit as the merchant does."""
        found: dict[str, Any] = self.control("POST", "change", {"sku": sku, **more})
        return found

    def order(self, **lines: int) -> dict[str, Any]:
        """Place an order: SKU to quantity (underscores stand for dashes)."""
        rows = [{"sku": sku.replace("_", "-"), "quantity": pieces} for sku, pieces in lines.items()]
        found: dict[str, Any] = self.control("POST", "orders", {"lines": rows})
        return found

    @property
    def catalog(self) -> list[dict[str, Any]]:
        """Return what the shop holds now."""
        found: list[dict[str, Any]] = self.control("GET", "catalog")
        return found

    @property
    def writes(self) -> list[dict[str, Any]]:
        """Return every write it accepted."""
        found: list[dict[str, Any]] = self.control("GET", "writes")
        return found

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return what it was asked."""
        found: list[dict[str, Any]] = self.control("GET", "requests")
        return found

    @property
    def state(self) -> dict[str, Any]:
        """Return whether the app is installed, and its bulk operations."""
        found: dict[str, Any] = self.control("GET", "state")
        return found

    def id_token(self, **more: Any) -> dict[str, Any]:
        """Return `{id_token, query, app_url, shop}` as the admin makes them; installs the app."""
        found: dict[str, Any] = self.control("POST", "id_token", more)
        return found

    # Platform side, without any client of ours.

    def consent(self, redirect_uri: str, *, scope: str = SCOPES, state: str = "a-state", **more: str) -> dict[str, str]:
        """Agree on the consent page; return the query it sends the merchant back with."""
        query = {"client_id": self.client_id, "scope": scope, "redirect_uri": redirect_uri, "state": state, **more}
        answer = self.http.get(f"{self.store_url}/admin/oauth/authorize", params={**query, "auto": "1"})
        assert answer.status_code == 302, answer.text[:500]
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True))

    def post_token(self, **body: Any) -> httpx.Response:
        """Ask the token endpoint."""
        said = {"client_id": self.client_id, "client_secret": self.client_secret, **body}
        return self.http.post(f"{self.store_url}/admin/oauth/access_token", json=said)

    def install(self, scope: str = SCOPES) -> dict[str, Any]:
        """Install the app through the consent page; return the tokens."""
        code = self.consent("http://127.0.0.1:1/api/shopify/oauth/callback", scope=scope)["code"]
        answer = self.post_token(code=code, expiring="1")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def graphql(self, token: str, query: str, variables: Any = None, *, path: str = API) -> dict[str, Any]:
        """Run a query; return the whole answer."""
        answer = self.post_graphql(token, query, variables, path=path)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
        found: dict[str, Any] = answer.json()
        return found

    def post_graphql(self, token: str, query: str, variables: Any = None, *, path: str = API) -> httpx.Response:
        """Send a query; return the response."""
        body = {"query": query, "variables": variables or {}}
        return self.http.post(f"{self.store_url}{path}", json=body, headers={"X-Shopify-Access-Token": token})

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """Wait for a condition; return what it returned."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "the condition did not come true in time"
            time.sleep(0.02)
        return found


@contextmanager
def shopify_shop(
    products: int | Iterable[PlatformProduct] = 3,
    *,
    app_url: str = "http://127.0.0.1:1",
    key: str = "test-shop",
    folder: Path | None = None,
    **wanted: Any,
) -> Iterator[ShopifyShop]:
    """Serve one shop on a host of its own.

    Args:     products: how many of the generator's, or the products themselves.
              app_url: base URL of the app: webhooks go to `<app_url>/hooks/shopify`.
              wanted: more of what the host's request to make a store may say, such as `variants_per_product=3`.
    """
    app = AppOptions(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, base_url=app_url, scopes=SCOPES)
    given = None if isinstance(products, int) else list(products)
    with TemporaryDirectory() as made:
        hosts: list[Any] = []

        def make(base_url: str) -> Any:
            host = create_host(folder or Path(made), HOST_TOKEN, base_url, lambda _: given or [], shopify_app=app)
            hosts.append(host)
            return host

        server = Server(make)
        try:
            body: dict[str, Any] = {"platform": "shopify", "key": key, **wanted}
            body |= {"products": products} if given is None else {"catalog_file": "given"}
            headers = {"authorization": f"Bearer {HOST_TOKEN}"}
            answer = httpx.post(
                f"{server.base_url}/_control/stores", json=body, headers=headers, timeout=120, trust_env=False
            )
            assert answer.status_code in (200, 201), answer.text
            shop = ShopifyShop(server, hosts[0], key, app)
            try:
                yield shop
            finally:
                shop.http.close()
        finally:
            server.stop()
