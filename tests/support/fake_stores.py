"""Stores that exist only in a test, behind the ports the business knows; the real connector spells addresses."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.catalog.fields import GROUP_OF
from backend.ports.platform_errors import Cause, PlatformError, StoreRefused
from backend.ports.store_platform import (
    CatalogPage,
    CredentialRenewal,
    IdPage,
    PlatformConnector,
    PullRequest,
    StoreIdentity,
)
from backend.ports.store_writes import WRITTEN, StoreWrite, WriteResult
from plugin_bridge.woocommerce.address import canonical_url
from tests.support.fake_shopify import FakeShopify


@dataclass
class FakeShop:
    """One shop on the fake internet."""

    consumer_key: str
    consumer_secret: str
    name: str = "A shop"
    claims: str = ""
    """The address it says it has; empty: its own."""
    failure: Exception | None = None
    """Raised at once by every visit."""


@dataclass
class FakePlatforms:
    """Implements `Platforms`: `woocommerce` with the shops in `shops` by address, and `shopify` with its own."""

    shops: dict[str, FakeShop] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    shopify: FakeShopify = field(default_factory=FakeShopify)

    def get(self, name: str) -> PlatformConnector:
        if name == "shopify":
            return self.shopify
        if name != "woocommerce":
            raise KeyError(name)
        return FakeConnector(self)

    def open_shop(self, url: str, mark: str) -> FakeShop:
        self.shops[url] = FakeShop("ck_" + mark.ljust(40, "0"), "cs_" + mark.ljust(40, "0"))
        return self.shops[url]


@dataclass
class FakeConnector:
    world: FakePlatforms
    subscribes: bool = False
    writes: frozenset[str] = frozenset(GROUP_OF)
    writes_at_once: int = 100

    def canonical_url(self, text: str) -> str:
        return canonical_url(text)

    def open(
        self,
        url: str,
        credentials: Mapping[str, str],
        facts: Mapping[str, str],
        renewal: CredentialRenewal | None = None,
    ) -> "FakeStore":
        return FakeStore(self.world, url, credentials)

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        raise StoreRefused(Cause.KEY_REVOKED, "Keys do not renew")


@dataclass
class FakeStore:
    world: FakePlatforms
    url: str
    credentials: Mapping[str, str]

    async def identify(self) -> StoreIdentity:
        self.world.visits.append(self.url)
        shop = self.world.shops.get(self.url)
        if shop is None:
            raise PlatformError(Cause.UNREACHABLE, "There is no server at this address")
        if shop.failure is not None:
            raise shop.failure
        if self.credentials["consumer_key"] != shop.consumer_key:
            raise StoreRefused(Cause.KEY_REVOKED, "The store does not know this key; make a new one")
        if self.credentials["consumer_secret"] != shop.consumer_secret:
            raise StoreRefused(Cause.WRONG_SECRET, "The secret does not belong to the key")
        return StoreIdentity(url=shop.claims or self.url, name=shop.name, currency="EUR")

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        yield CatalogPage(cursor="", last=True)

    async def still_listed(self, products: object, variants: object) -> bool:
        return False

    async def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        yield IdPage(cursor="", last=True)

    async def write(
        self, writes: Sequence[StoreWrite], *, repeated: bool = False
    ) -> AsyncIterator[Sequence[WriteResult]]:
        yield [WriteResult(key=one.key, outcome=WRITTEN) for one in writes]

    async def aclose(self) -> None:
        return None
