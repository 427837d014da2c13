"""A Shopify store as the business sees it: who it is, and its catalog page by page."""

from collections.abc import AsyncIterator, Mapping, Sequence

from backend.ports.platform_errors import Cause, StoreRefused
from backend.ports.store_platform import CatalogPage, IdPage, PullRequest, StoreIdentity
from backend.ports.store_writes import StoreWrite, WriteResult
from plugin_bridge.shopify.answers import IdentityAnswer, ListedAnswer
from plugin_bridge.shopify.bulk import BulkOperations, Patience
from plugin_bridge.shopify.bulk_walk import BulkWalk
from plugin_bridge.shopify.changes import ChangedPages, count_changes
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.cursor import BulkCursor, PageCursor, read_cursor
from plugin_bridge.shopify.documents import API_VERSION, Document
from plugin_bridge.shopify.id_walk import IdWalk
from plugin_bridge.shopify.mapping import global_id
from plugin_bridge.shopify.scopes import missing_scopes
from plugin_bridge.shopify.writing import ShopWriting

IDENTITY = Document("identity", IdentityAnswer)
LISTED = Document("listed", ListedAnswer, points=250)
BULK_FROM = 300
"""From so many changed products and variants on, a bulk operation is the shorter way: it costs ten points, a variant
on a page twenty and more."""
_CHUNK = 250
"""Most ids that one request may name."""


class ShopifyStore:
    """Implements `StorePlatform` for one shop.

    Args:     facts: what `identify` found last time; the walk needs none of it.
    """

    def __init__(self, client: ShopifyClient, facts: Mapping[str, str], patience: Patience | None = None) -> None:
        self._client = client
        self._facts = dict(facts)
        self._operations = BulkOperations(client, patience)

    async def identify(self) -> StoreIdentity:
        """Ask the shop who it is and what it granted; refuse it when that is less than our documents need."""
        self._client.insist = True
        try:
            told = (await self._client.run(IDENTITY)).data
        finally:
            self._client.insist = False
        shop, scopes = told.shop, sorted(scope.handle for scope in told.current_app_installation.access_scopes)
        if shop.myshopify_domain.lower() != self._client.shop:
            raise StoreRefused(Cause.WRONG_STORE, f"The shop calls itself {shop.myshopify_domain}: connect it as that")
        missing = missing_scopes(",".join(scopes))
        if missing:
            raise StoreRefused(Cause.SCOPE_MISSING, f"The shop did not allow {', '.join(missing)}")
        served = self._client.traffic.served_version
        self._facts = {
            "scopes": ",".join(scopes),
            "plan": shop.plan.public_display_name if shop.plan is not None else "",
            "primary_domain": shop.primary_domain.host if shop.primary_domain is not None else "",
            # Set when Shopify answered as another version than we speak: this release has outlived its own.
            "fell_forward_to": served,
        }
        return StoreIdentity(
            url=f"https://{self._client.shop}",
            name=shop.name,
            currency=shop.currency_code,
            timezone=shop.iana_timezone,
            platform_version=served or API_VERSION,
            facts=dict(self._facts),
        )

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        """Walk the catalog: whole by bulk operations, few changes page by page; see the port.

        Raises:   besides the errors of the port: StoreNotReady while Shopify prepares the files.
        """
        cursor = read_cursor(request.cursor)
        if isinstance(cursor, BulkCursor) or request.since is None:
            pages = self._bulk(request, cursor if isinstance(cursor, BulkCursor) else None)
        elif cursor is None and await count_changes(self._client, request.since) >= BULK_FROM:
            pages = self._bulk(request, None)
        else:
            pages = ChangedPages(self._client, request.since).pages(cursor if isinstance(cursor, PageCursor) else None)
        async for page in pages:
            yield page

    def _bulk(self, request: PullRequest, cursor: BulkCursor | None) -> AsyncIterator[CatalogPage]:
        return BulkWalk(self._client, self._operations, request.since).pages(cursor)

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        """Ask for the ids themselves, up to 250 at a time."""
        ids = [global_id("Product", one) for one in products]
        ids += [global_id("ProductVariant", one) for one in variants]
        for start in range(0, len(ids), _CHUNK):
            found = (await self._client.run(LISTED, {"ids": ids[start : start + _CHUNK]})).data.nodes
            if any(one is not None for one in found):
                return True
        return False

    def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        """Walk the ids of all products and variants: page by page, or by a bulk operation where there are many."""
        return IdWalk(self._client, self._operations).pages(cursor)

    def write(self, writes: Sequence[StoreWrite], *, repeated: bool = False) -> AsyncIterator[Sequence[WriteResult]]:
        """Carry writes out and yield what became of each, as Shopify answers; see the port.

        Raises:   besides the errors of the port: StoreNotReady while Shopify works on many at once.
        """
        return ShopWriting(self._client, self._operations).results(writes, repeated=repeated)

    async def subscribe(self, delivery_url: str, secret: str) -> None:
        """Do nothing: webhooks come with the app, as `shopify.app.toml` says."""

    async def unsubscribe(self, delivery_url: str) -> None:
        """Do nothing: Shopify ends them with the app."""

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
