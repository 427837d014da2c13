"""Listings as people look at them: state, error with advice, retry; and asking for products to be sold in a store."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import connected_store, visible_store
from backend.domain.sync.advice import advice_for
from backend.domain.sync.listing_requests_repository import ListingRequestRepository
from backend.domain.sync.push_soon import PUSH, STOCK, PushRequests
from backend.kit.errors import invalid, not_found
from backend.models.catalog import Product
from backend.ports.actor import Actor

STATES = ("active", "pending", "error", "unlisted")
MOST = 250
_MOST_ID = 2**63 - 1

_STATE = """CASE WHEN k.error_code IS NOT NULL THEN 'error'
     WHEN l.state = 'active' AND (l.due IS NOT NULL OR k.due IS NOT NULL) THEN 'pending' ELSE l.state END"""
_PAGE = text(f"""
SELECT l.external_id, l.external_product_id, l.variant_id, v.product_id, p.title, v.title AS variant_title, v.sku,
       {_STATE} AS state,
       coalesce(l.due, '{{}}') || coalesce(k.due, '{{}}') AS due,
       coalesce(l.error_code, k.error_code) AS error_code, coalesce(l.error_message, k.error_message) AS error_message,
       coalesce(l.failed_at, k.failed_at) AS failed_at
FROM listings l
JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
LEFT JOIN product_links k ON k.organization_id = l.organization_id AND k.store_id = l.store_id
  AND k.external_id = l.external_product_id
WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL AND l.external_id > :after
  AND (cast(:state AS text) IS NULL OR :state = {_STATE})
ORDER BY l.external_id LIMIT :most
""")
_COUNTS = text(f"""
SELECT count(*) FILTER (WHERE {_STATE} = 'error') AS error, count(*) FILTER (WHERE {_STATE} = 'unlisted') AS unlisted,
       count(*) FILTER (WHERE {_STATE} = 'pending') AS pending, count(*) AS total
FROM listings l LEFT JOIN product_links k ON k.organization_id = l.organization_id AND k.store_id = l.store_id
  AND k.external_id = l.external_product_id
WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL
""")
_RETRY_LISTINGS = text("""
UPDATE listings SET state = 'pending', error_code = NULL, error_message = NULL, failed_at = NULL, updated_at = now()
WHERE organization_id = :org AND store_id = :store AND state = 'error' AND gone_at IS NULL
  AND (cast(:id AS text) IS NULL OR external_id = :id)
""")
_RETRY_LINKS = text("""
UPDATE product_links SET error_code = NULL, error_message = NULL, failed_at = NULL, updated_at = now()
WHERE organization_id = :org AND store_id = :store AND error_code IS NOT NULL AND gone_at IS NULL
  AND (cast(:id AS text) IS NULL OR external_id = (
      SELECT l.external_product_id FROM listings l
      WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = :id))
""")


class ListingView(msgspec.Struct, frozen=True, kw_only=True):
    """One variant in one store, and whether all is well there."""

    external_id: str
    external_product_id: str
    product_id: int
    variant_id: int
    title: str
    variant_title: str
    sku: str
    state: str
    """`active`, `pending` (something is on its way), `error` or `unlisted`."""
    due: tuple[str, ...]
    """Fields that are to be written."""
    error_code: str | None
    error_message: str | None
    failed_at: datetime | None
    advice: str
    """What to do about the error; "" without one."""


class ListingPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a store's listings, by external id."""

    rows: list[ListingView]
    next_after: str | None


class Listings:
    """Shows and moves listings of the acting organization's stores, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._session = session
        self._requests = PushRequests(session, jobs)

    async def page(
        self, actor: Actor, store_id: uuid.UUID, *, state: str | None = None, after: str = "", most: int = 50
    ) -> ListingPage:
        """Return one page of a store's listings.

        Args:     state: one of `STATES`, None for all. most: 1..250.
        Raises:   not_found; invalid STATE_INVALID.
        """
        if state is not None and state not in STATES:
            raise invalid("STATE_INVALID", f"state: one of {', '.join(STATES)}", field="state")
        store = await visible_store(self._session, actor, store_id)
        most = max(1, min(most, MOST))
        values = {"org": actor.tenant, "store": store.id, "after": after, "state": state, "most": most + 1}
        found = (await self._session.execute(_PAGE, values)).mappings().all()
        rows = [_view(dict(row)) for row in found[:most]]
        return ListingPage(rows=rows, next_after=rows[-1].external_id if len(found) > most else None)

    async def counts(self, actor: Actor, store_id: uuid.UUID) -> dict[str, int]:
        """Count a store's listings by state: `error`, `pending`, `unlisted`, and `total`; raise not_found."""
        store = await visible_store(self._session, actor, store_id)
        row = (await self._session.execute(_COUNTS, {"org": actor.tenant, "store": store.id})).mappings().one()
        return {name: int(value) for name, value in row.items()}

    async def retry(self, actor: Actor, store_id: uuid.UUID, external_id: str | None = None) -> int:
        """Have refused listings written again, one or all; return how many.

        Raises:   not_found, also when this listing has no error; conflict STORE_NOT_CONNECTED.
        """
        store = await connected_store(self._session, actor, store_id)
        values = {"org": actor.tenant, "store": store.id, "id": external_id}
        links: Any = await self._session.execute(_RETRY_LINKS, values)
        listings: Any = await self._session.execute(_RETRY_LISTINGS, values)
        again = int(links.rowcount) + int(listings.rowcount)
        if external_id is None:
            again += await ListingRequestRepository(self._session, actor.tenant, store.id).retry()
        elif not again:
            raise not_found("Listing with an error")
        await self._requests.soon(actor, [store.id])
        await self._requests.soon(actor, [store.id], kind=STOCK)
        return again

    async def ask(self, actor: Actor, store_id: uuid.UUID, product_id: int, *, wanted: str) -> None:
        """Have a product put up for sale in a store (`listed`), or taken off sale there (`unlisted`).

        The store does it with its next push; a push by hand shows it in its preview first.

        Raises:   not_found; invalid WANTED_INVALID; conflict STORE_NOT_CONNECTED.
        """
        if wanted not in ("listed", "unlisted"):
            raise invalid("WANTED_INVALID", "wanted: listed or unlisted", field="wanted")
        store = await connected_store(self._session, actor, store_id)
        known = 0 < product_id <= _MOST_ID
        product = await self._session.get(Product, (actor.tenant, product_id)) if known else None
        if product is None or product.deleted_at is not None:
            raise not_found("Product")
        requests = ListingRequestRepository(self._session, actor.tenant, store.id)
        await requests.ask(product_id, wanted, str(actor.user_id or ""))
        await self._requests.soon(actor, [store.id], kind=PUSH)


def _view(row: dict[str, Any]) -> ListingView:
    code = row["error_code"]
    return ListingView(**{**row, "due": tuple(row["due"])}, advice=advice_for(code) if code else "")
