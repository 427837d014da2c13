"""Listings as people look at them: state, error with advice, retry; and asking for products to be sold in a store."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import connected_store, visible_store
from backend.domain.sync.advice import advice_for
from backend.domain.sync.listing_repository import ListingRepository
from backend.domain.sync.listing_requests_repository import ListingRequestRepository
from backend.domain.sync.push_soon import PUSH, STOCK, PushRequests
from backend.kit.errors import invalid, not_found
from backend.models.catalog import Product
from backend.ports.actor import Actor

STATES = ("active", "pending", "error", "unlisted")
MOST = 250
_MOST_ID = 2**63 - 1


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
        rows = ListingRepository(self._session, actor.tenant, store.id)
        found = await rows.page(state=state, after=after, most=most + 1)
        shown = [_view(dict(row)) for row in found[:most]]
        return ListingPage(rows=shown, next_after=shown[-1].external_id if len(found) > most else None)

    async def counts(self, actor: Actor, store_id: uuid.UUID) -> dict[str, int]:
        """Count a store's listings by state: `error`, `pending`, `unlisted`, and `total`; raise not_found."""
        store = await visible_store(self._session, actor, store_id)
        return await ListingRepository(self._session, actor.tenant, store.id).counts()

    async def retry(self, actor: Actor, store_id: uuid.UUID, external_id: str | None = None) -> int:
        """Have refused listings written again, one or all; return how many.

        Raises:   not_found, also when this listing has no error; conflict STORE_NOT_CONNECTED.
        """
        store = await connected_store(self._session, actor, store_id)
        again = await ListingRepository(self._session, actor.tenant, store.id).retry(external_id)
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
