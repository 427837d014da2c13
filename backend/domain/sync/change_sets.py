"""Making the change set of a store: what is due in it and what is asked for, planned, with what guards say of it."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.settings import settings_of
from backend.domain.sync.creation_repository import CreationRepository, creation_fields
from backend.domain.sync.due_repository import DueRepository, Settled
from backend.domain.sync.guards import Held
from backend.domain.sync.listing_requests_repository import ListingRequestRepository
from backend.domain.sync.plan import CREATE, DELETE, PRODUCT, STOCK, VARIANT, Change, Item, may_write, planned
from backend.domain.sync.push_guards import EMPTY, may_push
from backend.domain.sync.push_repository import PushRepository
from backend.models.stores import Store

PAGE = 5_000
"""Due rows looked at in one statement: bounds memory, whatever is due."""


class ChangeSet(msgspec.Struct, frozen=True, kw_only=True):
    """What a push of a store would do."""

    changes: tuple[Change, ...]
    held: Held | None
    """Why it would wait for a person; None: it would not."""


class ChangeSets:
    """Plans inside the caller's transaction.

    Args:     writable: synced fields that can be written to the store's platform.
    """

    def __init__(self, session: AsyncSession, store: Store, writable: frozenset[str]) -> None:
        self._session = session
        self._store = store
        self._writable = writable
        self._due = DueRepository(session, store.organization_id, store.id, store.currency or "")

    async def pieces(self) -> ChangeSet:
        """Plan the pieces that are due."""
        return await self._judged(await self._planned(VARIANT, frozenset({STOCK})))

    async def everything(self) -> ChangeSet:
        """Plan all that is due, pieces excepted, and the products to be put up for sale or taken off."""
        writable = self._writable - {STOCK}
        changes = await self._requested()
        changes += await self._planned(PRODUCT, writable)
        changes += await self._planned(VARIANT, writable)
        return await self._judged(changes)

    async def preview(self) -> ChangeSet:
        """Plan all that is due, pieces too."""
        pieces = await self.pieces()
        rest = await self.everything()
        return ChangeSet(changes=rest.changes + pieces.changes, held=rest.held or pieces.held)

    async def _judged(self, changes: Sequence[Change]) -> ChangeSet:
        guards = settings_of(self._store.settings).guards
        held = may_push(changes, EMPTY, guards)
        if held is not None:  # counting a store's listings costs what the store costs: only when it matters
            size = await PushRepository(self._session).size(self._store.organization_id, self._store.id)
            held = may_push(changes, size, guards)
        return ChangeSet(changes=tuple(changes), held=held)

    async def _planned(self, entity: str, writable: frozenset[str]) -> list[Change]:
        changes: list[Change] = []
        after = ""
        while True:
            items = await self._due.due(entity, after=after, most=PAGE)
            needless = []
            for item in items:
                found = planned(item, writable)
                changes += found
                if _needless(item, found, writable, self._writable) is not None:
                    needless.append(item.external_id)
            await self._drop(entity, needless, writable)
            if len(items) < PAGE:
                return changes
            after = items[-1].external_id

    async def _drop(self, entity: str, external_ids: Sequence[str], writable: frozenset[str]) -> None:
        """Note that nothing is to be written, by what stands beside these rows once they are locked."""
        items = await self._due.named(entity, external_ids, lock=True)
        rest = [_needless(item, planned(item, writable), writable, self._writable) for item in items.values()]
        await self._due.settle(entity, [one for one in rest if one is not None])

    async def _requested(self) -> list[Change]:
        requests = ListingRequestRepository(self._session, self._store.organization_id, self._store.id)
        rows = await requests.pending()
        creations = CreationRepository(self._session, self._store.organization_id, self._store.id)
        ids = [row.product_id for row in rows]
        links = await creations.links(ids) if ids else {}
        wanted = [row.product_id for row in rows if row.wanted == "listed" and row.product_id not in links]
        products = await creations.products(wanted, self._store.currency or "") if wanted else {}
        made: list[Change] = []
        for row in rows:
            if row.wanted == "listed" and row.product_id in products:
                product = products[row.product_id]
                fields = creation_fields(product)
                made.append(_of_product(CREATE, row.product_id, "", product.title, fields))
            elif row.wanted == "unlisted" and row.product_id in links:
                external_id, title, status = links[row.product_id]
                made.append(_of_product(DELETE, row.product_id, external_id, title, {"status": [status, "archived"]}))
            else:  # done already, or the product is gone
                await requests.done(row.product_id)
        return made


def _of_product(action: str, product_id: int, external_id: str, title: str, fields: dict[str, list[object]]) -> Change:
    return Change(
        action=action,
        entity=PRODUCT,
        product_id=product_id,
        external_product_id=external_id,
        external_id=external_id,
        label=title[:200],
        fields=fields,
    )


def _needless(
    item: Item, found: Sequence[Change], looked_at: frozenset[str], writable: frozenset[str]
) -> Settled | None:
    """Return what is to be noted of fields that are due without a write to come of it; None: there are none."""
    kept = {name for change in found for name in change.fields}
    kept |= {name for name in item.due if name in may_write(item, writable) - looked_at}
    if kept >= set(item.due):
        return None
    shown = {name: value for name, value in item.shown.items() if value != item.held.get(name)}
    return Settled(external_id=item.external_id, shown=shown or None, due=sorted(kept) or None)
