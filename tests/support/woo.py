"""A simulated WooCommerce on a real socket, and our adapter pointed at it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from backend.gateways.outbound import GuardedClients
from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant, PullRequest, StorePlatform
from backend.settings import Outbound
from plugin_bridge.http import RetryPolicy
from plugin_bridge.sandbox.journal import Asked
from plugin_bridge.sandbox.woocommerce.app import Platform
from plugin_bridge.sandbox.woocommerce.options import ApiKey, StoreOptions
from plugin_bridge.sandbox.woocommerce.shop import Shop
from plugin_bridge.woocommerce.connector import WooConnector
from tests.support.asgi_server import serving

KEY = "ck_" + "1f" * 20
SECRET = "cs_" + "2e" * 20
FAST = RetryPolicy(base_s=0.01, cap_s=0.02, patience_s=1.0)


def catalog(simple: int = 0, variable: int = 0, each: int = 3) -> list[PlatformProduct]:
    """Make products: first the simple ones, then variable ones with so many variations each."""
    made = [
        PlatformProduct(
            external_id=f"s{n}",
            title=f"Cup {n}",
            handle=f"cup-{n}",
            description="<p>Holds tea</p>",
            brand="Acme",
            categories=("Kitchen > Cups",),
            variants=(
                PlatformVariant(
                    external_id=f"s{n}", external_product_id=f"s{n}", sku=f"CUP-{n}", price=Decimal("6.50"), stock=n
                ),
            ),
        )
        for n in range(simple)
    ]
    for n in range(variable):
        variants = tuple(
            PlatformVariant(
                external_id=f"v{n}-{m}",
                external_product_id=f"v{n}",
                sku=f"SHIRT-{n}-{m}",
                price=Decimal(20 + m),
                stock=m,
                options={"Size": f"S{m}"},
            )
            for m in range(each)
        )
        made.append(PlatformProduct(external_id=f"v{n}", title=f"Shirt {n}", option_names=("Size",), variants=variants))
    return made


class Store:
    """One running store: its insides, its address, and our adapter for it."""

    def __init__(self, shop: Shop, port: int, client_tls: ssl.SSLContext | None) -> None:
        self.shop = shop
        self.port = port
        self.client_tls = client_tls
        self.clients = self.guarded()
        self.connector = self.connecting()
        self.opened: list[StorePlatform] = []
        self.targets: list[str] = []
        """Path and query of every request as they came over the wire."""

    @property
    def url(self) -> str:
        """Where the store is."""
        return self.shop.options.address

    def guarded(self, **settings: Any) -> GuardedClients:
        """Clients that may reach this store and nothing else on this machine."""
        allowed = (f"127.0.0.1:{self.port}", f"shop.test:{self.port}", f"www.shop.test:{self.port}")

        async def here(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        return GuardedClients(
            Outbound(allowed_private_hosts=allowed, **settings), resolve=here, context=self.client_tls
        )

    def connecting(self, policy: RetryPolicy = FAST, **settings: Any) -> WooConnector:
        """A connector with its own memory of the store."""
        return WooConnector(self.guarded(**settings), Outbound(**settings), policy)

    def open(
        self,
        *,
        secret: str = SECRET,
        key: str = KEY,
        facts: Mapping[str, str] | None = None,
        url: str | None = None,
        connector: WooConnector | None = None,
    ) -> StorePlatform:
        """Open the store by its keys; closed with the store."""
        store = (connector or self.connector).open(
            url or self.url, {"consumer_key": key, "consumer_secret": secret}, facts or {}
        )
        self.opened.append(store)
        return store

    def fault(self, kind: str, **how: Any) -> None:
        """Switch a fault on."""
        self.shop.faults.switch_on({"kind": kind, **how})

    @property
    def asked(self) -> list[Asked]:
        """Every request so far."""
        return list(self.shop.journal.requests)

    def lists(self) -> list[Asked]:
        """Requests for pages of products and variations so far."""
        return [
            a for a in self.asked if a.path.endswith(("wc/v3/products", "/variations")) and "per_page=1&" not in a.query
        ]

    @property
    def ids(self) -> tuple[set[str], set[str]]:
        """External ids of all products, and of all that is sold: variations and simple products."""
        live = [item for item in self.shop.catalog.items.values() if item.status != "trash"]
        products = {str(item.id) for item in live if not item.is_variation}
        sold = {str(item.id) for item in live if item.kind != "variable"}
        return products, sold


@asynccontextmanager
async def woo_store(
    products: Iterable[PlatformProduct] = (),
    *,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    host: str = "127.0.0.1",
    permissions: str = "read_write",
    demoted: bool = False,
    **options: Any,
) -> AsyncIterator[Store]:
    """Run a simulated store for the length of a `with`."""
    key = ApiKey(consumer_key=KEY, consumer_secret=SECRET, permissions=permissions, demoted=demoted)
    late: list[Platform] = []

    targets: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        targets.append(f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}")
        await late[0](scope, receive, send)

    async with serving(app, tls=tls[0] if tls else None) as port:
        address = f"{'https' if tls else 'http'}://{host}:{port}"
        shop = Shop(StoreOptions(address=address, keys=[key], **options), products)
        late.append(Platform(shop))
        store = Store(shop, port, tls[1] if tls else None)
        store.targets = targets
        try:
            yield store
        finally:
            for opened in store.opened:
                await opened.aclose()
            await shop.aclose()


async def walk(store: StorePlatform, **request: Any) -> list[CatalogPage]:
    """Read a catalog to its end."""
    return [page async for page in store.read_catalog(PullRequest(**request))]


def ids_of(pages: Iterable[CatalogPage]) -> tuple[list[str], list[str]]:
    """External ids of the products and of everything sold in some pages, repeated where they came twice."""
    products = [product for page in pages for product in page.products]
    own = [variant.external_id for product in products for variant in product.variants]
    apart = [variant.external_id for page in pages for variant in page.variants]
    return [product.external_id for product in products], own + apart


@asynccontextmanager
async def scripted(*answers: bytes, port: int = 0) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve raw HTTP answers in turn, the last one for ever; yields port and the requests' heads."""
    left = list(answers)
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()
