"""What a store platform can do for us, and the neutral shapes of what it tells: no platform's words in here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from backend.ports.store_writes import StoreWrite, WriteResult


class PlatformImage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One picture: absolute URL and alternative text."""

    url: str
    alt: str = ""


class PlatformVariant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sellable item as the store shows it; prices in the store's currency."""

    external_id: str
    external_product_id: str
    title: str = ""
    sku: str = ""
    barcode: str = ""
    price: Decimal | None = None
    """What a customer pays without a sale; None: not purchasable."""
    sale_price: Decimal | None = None
    """Lower price in force now, or None."""
    cost: Decimal | None = None
    stock: int | None = None
    """Pieces available, may be negative; None: the store does not count this item."""
    levels: Mapping[str, int] = {}
    """Pieces available by location (external id of a `PlatformLocation`); empty: the store knows one place only."""
    inventory_id: str = ""
    """What the store counts pieces under, when that is not the variant itself."""
    in_stock: bool = True
    """What the store says when it does not count."""
    backorder: bool = False
    options: Mapping[str, str] = {}
    image_url: str = ""
    url: str = ""
    weight_g: int | None = None
    active: bool = True
    """False: hidden in the store (draft, private, disabled)."""
    attributes: Mapping[str, str] = {}
    """Further named values (mpn, colour, Google category...), names lower case with underscores."""
    modified_at: datetime | None = None


class PlatformProduct(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A product as the store shows it."""

    external_id: str
    title: str
    description: str = ""
    """HTML as the store keeps it."""
    handle: str = ""
    brand: str = ""
    categories: tuple[str, ...] = ()
    """Paths, "Clothing > Shirts", most specific last."""
    tags: tuple[str, ...] = ()
    images: tuple[PlatformImage, ...] = ()
    option_names: tuple[str, ...] = ()
    status: str = "active"
    """`active`, `draft` or `archived`."""
    url: str = ""
    modified_at: datetime | None = None
    variants: tuple[PlatformVariant, ...] = ()
    """All it is sold as; empty when the platform lists variants apart from their product, as `CatalogPage.variants`.
    What is sold as it is brings one variant, which may have its own external id."""


PARENT_MISSING = "parent_missing"
"""Code of a variant that names no product: the store lists and counts it, but it is left out of the page."""


class RowIssue(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the store's data that could not be taken as it is; the rest of the row was."""

    code: str
    """Such as `price_unreadable`, `stock_unreadable`, `title_missing`, or `PARENT_MISSING`."""
    message: str
    external_id: str = ""
    field: str = ""


class PlatformLocation(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a store keeps stock."""

    external_id: str
    name: str
    active: bool = True


class CatalogPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a walk through a store's catalog. Storing it and then `cursor` makes the walk resumable after it."""

    cursor: str
    """Opaque; passing it to `read_catalog` goes on behind this page."""
    products: tuple[PlatformProduct, ...] = ()
    variants: tuple[PlatformVariant, ...] = ()
    """Variants whose product comes apart from them, before or after."""
    locations: tuple[PlatformLocation, ...] = ()
    """All places of the store, on one page of a walk; empty on the others, and from stores with one place."""
    issues: tuple[RowIssue, ...] = ()
    expected: Mapping[str, int] = {}
    """What the store says it has in all: `{"products": 200, "variants": 120}`; only keys it has told so far."""
    last: bool = False
    """True on the final page: the walk is complete."""


class StoreIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What a store says of itself once its credentials proved good for reading and writing."""

    url: str
    """Canonical address without a trailing slash."""
    name: str
    currency: str
    """ISO 4217."""
    timezone: str = "UTC"
    platform_version: str = ""
    facts: Mapping[str, str] = {}
    """What the adapter wants to remember (`auth`: basic|query|oauth1, `variations`: yes|no)."""


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the catalog to read."""

    since: datetime | None = None
    """None reads everything; else only what the store changed after this instant (UTC), its own clock."""
    cursor: str | None = None
    """From a page stored earlier, to go on behind it."""


class IdPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the ids that a store lists; storing it and then `cursor` makes the walk resumable after it."""

    cursor: str
    products: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    """Of variants that are counted apart from products (kind `apart` of a full walk) or lie inside them."""
    inside: bool = True
    """False: the variants are listed and counted apart from their products (`expected["variants"]`)."""
    expected: Mapping[str, int] = {}
    last: bool = False


class StorePlatform(Protocol):
    """A store we hold credentials for. Every method raises the errors of `platform_errors`."""

    async def identify(self) -> StoreIdentity:
        """Prove the credentials good for reading and writing, and tell who the store is.

        Raises:   StoreRefused with the named cause, StoreUnavailable, UnsafeAddress.
        """
        ...

    def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        """Walk the catalog in the store's stable order, fetching ahead; pages arrive in order.

        A walk without changes still yields one page with `last=True`.
        """
        ...

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        """Tell whether the store still lists any of these external ids: asked before they are taken for gone.

        A walk over numbered pages can miss a thing when another one vanishes meanwhile, however well its count fits.
        """
        ...

    def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        """Walk the ids of everything the store lists, nothing else: the cheap way to find what is gone.

        Args:     cursor: from a page stored earlier, to go on behind it.
        """
        ...

    def write(
        self, writes: Sequence["StoreWrite"], *, repeated: bool = False
    ) -> AsyncIterator[Sequence["WriteResult"]]:
        """Carry writes out and yield what became of each, some at a time, as the store answers.

        Each write gets exactly one result unless an error ends the walk: whatever got none then may or may not have
        been done, and is given again with `repeated`.

        Args:     writes: at most the connector's `writes_at_once`; of each kind at most one for a variant or product.
                  repeated: they may have been carried out already; the store is read first, and what it shows already
                  is `unchanged`. A creation looks the product up before it makes it.
        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress.
        """
        ...

    async def subscribe(self, delivery_url: str, secret: str) -> None:
        """Have the store's webhooks sent to *delivery_url*, signed with *secret*; make what is missing, repair others.

        Safe to repeat. Only asked where the connector `subscribes`.
        """
        ...

    async def unsubscribe(self, delivery_url: str) -> None:
        """Take back what `subscribe` made; harmless when nothing is there."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class CredentialRenewal(Protocol):
    """Brings newer credentials of one store, for platforms whose credentials do not last."""

    async def __call__(self, outworn: Mapping[str, str]) -> Mapping[str, str]:
        """Return credentials that are not *outworn*: somebody else's renewal, or our own.

        One renewal is made however many ask, in all processes; it is kept before it is returned.

        Raises:   StoreRefused when the merchant has to connect again (the store is marked then), StoreUnavailable.
        """
        ...


class PlatformConnector(Protocol):
    """Makes a StorePlatform for one store: the registry holds one per platform."""

    writes: frozenset[str]
    """Synced fields that can be written to the platform, `stock` among them."""
    writes_at_once: int
    """Most writes that one call of `StorePlatform.write` takes, 1 or more."""
    subscribes: bool
    """True: each store's webhooks are made through its own API and signed with a secret of its own; False: they come
    with our app at the platform, signed with the app's secret."""

    def open(
        self,
        url: str,
        credentials: Mapping[str, str],
        facts: Mapping[str, str],
        renewal: CredentialRenewal | None = None,
    ) -> StorePlatform:
        """Return the store at *url*; no request is made yet.

        Args:     credentials: as they were stored (`consumer_key`, `consumer_secret`; `access_token`, ...).
                  facts: `StoreIdentity.facts` of the last successful identify, or empty.
                  renewal: asked when credentials are about to expire or were refused; None: they last.
        """
        ...

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """Ask the platform for newer credentials in place of these; safe to repeat with the same ones.

        Raises:   StoreRefused KEY_REVOKED when there are none any more; StoreUnavailable, StoreThrottled: try again.
        """
        ...

    def canonical_url(self, text: str) -> str:
        """Return the store address in its one spelling (scheme, lower-case host, path, no trailing slash).

        Raises:   ValueError with a sentence for people when it cannot be a store's address.
        """
        ...


class Platforms(Protocol):
    """All platforms by name."""

    def get(self, name: str) -> PlatformConnector:
        """Return the connector; raise KeyError for an unknown platform."""
        ...
