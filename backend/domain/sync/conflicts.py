"""The conflict inbox: fields that the hub and a store changed both, and what people decide, once or for good."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS
from backend.domain.audit.service import AuditTrail
from backend.domain.catalog.changes import take_turn
from backend.domain.catalog.edits import NOT_BELOW_PRICE, CatalogEdits, EditResult, FieldEdit
from backend.domain.catalog.fields import GROUP_OF, PRODUCT_FIELDS, VARIANT_FIELDS
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import visible_store
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.settings import GROUPS, HUB, NEWEST, STORE, settings_of, stored
from backend.domain.sync.conflict_repository import ConflictRepository, Contested
from backend.domain.sync.conflict_views import ConflictView, view_of
from backend.domain.sync.due_repository import DueRepository, Settled
from backend.domain.sync.link_review import REVIEWERS
from backend.domain.sync.people_repository import People
from backend.domain.sync.plan import PRODUCT, VARIANT, Item, shows
from backend.domain.sync.push_soon import PushRequests
from backend.domain.sync.store_settings import StoreSettingsService
from backend.kit.clock import utc_now
from backend.kit.errors import conflict, forbidden, invalid, not_found
from backend.models.stores import Store
from backend.models.sync import SyncConflict
from backend.ports.actor import Actor

CONFLICT = "conflict"
"""Origin of what the catalog takes by a decision."""
SIDES = (HUB, STORE)
MOST_PAGE = 250
_MOST_ID = 2**63 - 1
_FIELDS = {**PRODUCT_FIELDS, **VARIANT_FIELDS}
"""Pieces are judged by differences: they are never in conflict."""


class ConflictInbox:
    """Shows and decides conflicts of the acting organization's stores, inside the caller's transaction.

    Whoever decides has the catalog's turn, as merges and edits have theirs: of two who decide the same thing at once
    the second gets a conflict. What the catalog gives up stays in its history.
    """

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._session = session
        self._rows = ConflictRepository(session)
        self._people = People(session)
        self._stores = StoreRepository(session)
        self._settings = StoreSettingsService(session, jobs)
        self._requests = PushRequests(session, jobs)
        self._audit = AuditTrail(session)

    async def open(
        self, actor: Actor, store_id: uuid.UUID | None = None, *, below: int | None = None, limit: int = 50
    ) -> list[ConflictView]:
        """Return one page of what is to be decided, newest first.

        Args:     store_id: of one store; None: of all. below: the last id of the page before. limit: 1..250.
        Raises:   forbidden INSUFFICIENT_ROLE; not_found for the store.
        """
        return await self._page(actor, "open", store_id, below, limit)

    async def settled(
        self, actor: Actor, store_id: uuid.UUID | None = None, *, below: int | None = None, limit: int = 50
    ) -> list[ConflictView]:
        """Return one page of what was decided, by people or by the times; as `open`."""
        return await self._page(actor, "settled", store_id, below, limit)

    async def count(self, actor: Actor) -> int:
        """Return how many conflicts wait for a person."""
        return await self._rows.count_open(actor)

    async def decide(self, actor: Actor, conflict_id: int, choose: str, *, for_good: bool = False) -> int:
        """Let the hub's value or the store's be right, and return how many open conflicts that settles.

        The hub's is written to the store; the store's is taken by the catalog and written to the others. What the times
        decided can be turned round, as long as both sides still hold what was decided.

        Args:     choose: `hub` or `store`. for_good: that side owns the field's group in this store from now on, and
                  all open conflicts of the group there are decided alike.
        Raises:   forbidden INSUFFICIENT_ROLE (for good: owners and admins); not_found; invalid CHOICE_INVALID; conflict
                  CONFLICT_DECIDED, CONFLICT_OUTDATED when a side has changed since, or is gone, SALE_NOT_BELOW_PRICE.
        """
        _check(actor, choose, for_good=for_good)
        await take_turn(self._session, actor.tenant)
        found = await self._rows.locked(actor, conflict_id) if 0 < conflict_id <= _MOST_ID else None
        if found is None:
            raise not_found("Conflict")
        store = await self._store(actor, found.store_id)
        group = GROUP_OF[found.field]
        turned = await self._turned(found, store, choose, for_good=for_good)
        ids = {found.id} if found.state == "open" else set()
        if not ids:
            found.chosen, found.settled_by, found.settled_at = choose, str(actor.user_id or "operator"), utc_now()
        if for_good:
            ids.update(await self._rows.lock_open(actor, store.id, _fields_of(group)))
        await self._settle(actor, store, ids, choose, turned, own=group if for_good else None)
        facts = {
            "conflict": found.id,
            "product_id": found.product_id,
            "variant_id": found.variant_id,
            "field": found.field,
            "chosen": choose,
            "for_good": for_good,
            "settled": len(ids),
        }
        await self._record(actor, "sync.decide_conflict", store, facts)
        return len(ids)

    async def decide_all(self, actor: Actor, store_id: uuid.UUID, group: str | None, choose: str) -> int:
        """Let one side be right in all open conflicts of a store, or of one group of fields there; return how many.

        Raises:   forbidden INSUFFICIENT_ROLE; not_found; invalid CHOICE_INVALID, GROUP_INVALID; conflict
                  SALE_NOT_BELOW_PRICE.
        """
        _check(actor, choose)
        if group is not None and group not in GROUPS:
            raise invalid("GROUP_INVALID", f"group: one of {', '.join(GROUPS)}", field="group")
        await take_turn(self._session, actor.tenant)
        store = await self._store(actor, store_id)
        ids = await self._rows.lock_open(actor, store.id, _fields_of(group))
        await self._settle(actor, store, ids, choose, [])
        facts = {"group": group, "chosen": choose, "settled": len(ids)}
        await self._record(actor, "sync.decide_conflicts", store, facts)
        return len(ids)

    async def _page(
        self, actor: Actor, state: str, store_id: uuid.UUID | None, below: int | None, limit: int
    ) -> list[ConflictView]:
        _check_role(actor)
        if store_id is not None:
            await visible_store(self._session, actor, store_id)
        least = _MOST_ID if below is None else max(0, min(below, _MOST_ID))
        rows = await self._rows.page(actor, state, store_id, below=least, most=max(1, min(limit, MOST_PAGE)))
        names = await self._people.names(row[one] or "" for row in rows for one in ("hub_actor", "settled_by"))
        return [view_of(row, names) for row in rows]

    async def _store(self, actor: Actor, store_id: uuid.UUID) -> Store:
        # Its settings are read and written whole: nobody else changes them meanwhile.
        store = await self._stores.find(actor, store_id, lock=True)
        if store is None:
            raise not_found("Store")
        return store

    async def _turned(self, found: SyncConflict, store: Store, choose: str, *, for_good: bool) -> list[FieldEdit]:
        """Return the edits that turn a settled conflict round, none for an open one; raise when it is too late."""
        item = await self._item(found, store)
        if item is None:
            raise conflict("CONFLICT_OUTDATED", "The product has left the store, or the catalog, since")
        if found.state == "open":
            return []
        if found.settled_by != NEWEST or (found.chosen == choose and not for_good):
            raise conflict("CONFLICT_DECIDED", f"This was decided already: the {found.chosen}'s value counts")
        if found.chosen == choose:
            return []
        hub, shown = found.hub_value["value"], found.store_value["value"]
        decided, other = (hub, shown) if found.chosen == HUB else (shown, hub)
        if item.held.get(found.field) != decided:
            message = f"The catalog's {found.field} has changed since: it is {item.held.get(found.field)!r} now"
            raise conflict("CONFLICT_OUTDATED", message, field=found.field)
        if shows(item, found.field) not in (hub, shown):
            message = f"The store's {found.field} has changed since: it is {shows(item, found.field)!r} now"
            raise conflict("CONFLICT_OUTDATED", message, field=found.field)
        return [_edit(found.product_id, found.variant_id, found.field, other)]

    async def _item(self, found: SyncConflict, store: Store) -> Item | None:
        entity = PRODUCT if found.variant_id is None else VARIANT
        items = await self._due(store).named(entity, [found.external_id], lock=True)
        item = items.get(found.external_id)
        same = item is not None and (item.product_id, item.variant_id) == (found.product_id, found.variant_id)
        return item if same else None

    async def _settle(
        self,
        actor: Actor,
        store: Store,
        ids: Iterable[int],
        choose: str,
        turned: Sequence[FieldEdit],
        own: str | None = None,
    ) -> None:
        """Settle conflicts alike, then carry the decision out.

        Args:     turned: edits that are to be made besides. own: the group that the chosen side owns from now on.
        """
        contested = await self._rows.settle(actor, sorted(ids), choose, str(actor.user_id or "operator"))
        edits = [*turned]
        if choose == STORE:
            edits += [_edit(one.product_id, one.variant_id, one.field, one.store_value) for one in contested]
        else:
            await self._make_due(store, contested)
        if own is not None:
            wanted = stored(settings_of(store.settings))
            await self._settings.change(
                actor, store.id, {**wanted, "owners": {**wanted.get("owners", {}), own: choose}}
            )
        # Last of all: it tells feeds, and whoever changes pieces does that last, too.
        result = await CatalogEdits(self._session).apply(actor, edits, origin=CONFLICT) if edits else EditResult()
        if any(one.reason == NOT_BELOW_PRICE for one in result.refused):
            message = "The store's sale price is not below the catalog's price: decide on the price first"
            raise conflict("SALE_NOT_BELOW_PRICE", message, field="sale_price")
        await self._requests.soon(actor, {store.id, *result.due_stores})

    async def _make_due(self, store: Store, contested: Sequence[Contested]) -> None:
        """Have the catalog's values written where the store shows something else."""
        due = self._due(store)
        for entity in (PRODUCT, VARIANT):
            fields: dict[str, set[str]] = {}
            for one in contested:
                if (one.variant_id is None) == (entity == PRODUCT):
                    fields.setdefault(one.external_id, set()).add(one.field)
            items = await due.named(entity, sorted(fields), lock=True)
            await due.settle(entity, [_now_due(item, fields[name]) for name, item in items.items()])

    def _due(self, store: Store) -> DueRepository:
        return DueRepository(self._session, store.organization_id, store.id, store.currency or "")

    async def _record(self, actor: Actor, action: str, store: Store, facts: dict[str, Any]) -> None:
        await self._audit.record(
            actor=str(actor.user_id or "operator"),
            action=action,
            subject=str(store.id),
            organization_id=store.organization_id,
            facts=facts,
        )


def _check_role(actor: Actor) -> None:
    if actor.role not in REVIEWERS:
        raise forbidden("INSUFFICIENT_ROLE", "Only people of the organization may look at conflicts and decide them")


def _check(actor: Actor, choose: str, *, for_good: bool = False) -> None:
    _check_role(actor)
    if for_good and actor.role not in MANAGERS:
        raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may decide for good")
    if choose not in SIDES:
        raise invalid("CHOICE_INVALID", "choose: hub or store", field="choose")


def _fields_of(group: str | None) -> list[str]:
    return [name for name, its_group in _FIELDS.items() if group in (None, its_group)]


def _edit(product_id: int, variant_id: int | None, field: str, value: Any) -> FieldEdit:
    return FieldEdit(product_id=product_id, variant_id=variant_id, field=field, value=value)


def _now_due(item: Item, fields: set[str]) -> Settled:
    due = {*item.due, *(name for name in fields if name in item.shown)}
    return Settled(external_id=item.external_id, shown=dict(item.shown) or None, due=sorted(due) or None)
