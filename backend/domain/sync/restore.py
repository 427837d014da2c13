"""Bringing fields of the catalog back to what they were at a time: planned as a run, previewed and applied like any."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.fields import PRODUCT_FIELDS, VARIANT_FIELDS
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import visible_store
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.settings import settings_of
from backend.domain.sync.change_sets import ChangeSet
from backend.domain.sync.link_review import REVIEWERS
from backend.domain.sync.plan import Change
from backend.domain.sync.previews import Previews
from backend.domain.sync.push_repository import PushRepository
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.time_travel import past
from backend.domain.sync.time_travel_repository import Key, TimeTravelRepository
from backend.domain.sync.time_travel_rules import Tally, change_back, restored, state_at
from backend.domain.sync.undo import MOST_NAMED, Left
from backend.kit.clock import iso_z
from backend.kit.errors import conflict, forbidden, invalid, not_found
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from backend.ports.store_platform import Platforms

RESTORE = "restore"
NOT_RESTORED = "not_restored"
"""Code of a plan's issues that say what stays."""
PAGE = 200
"""Products looked at in one statement: bounds memory, whatever a store has."""
_FIELDS = frozenset({*PRODUCT_FIELDS, *VARIANT_FIELDS})


class RestorePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What going back to a time would do."""

    run: SyncRun
    """In state `planned`, kind `restore`: apply it to carry it out."""
    fields: Mapping[str, int]
    """How many values of each field change; the prices among them, say."""
    left: tuple[Left, ...]
    """What stays as it is, at most `MOST_NAMED` of it; also the run's issues."""
    left_count: int


class _Made(msgspec.Struct, kw_only=True):
    """A plan while it is being made; changes lie in the database already."""

    run: SyncRun
    tally: Tally
    left: list[Left] = []
    left_count: int = 0

    def leave(self, label: str, field: str, reason: str) -> None:
        """Name something that stays."""
        self.left_count += 1
        if len(self.left) < MOST_NAMED:
            self.left.append(Left(label=label, field=field, reason=reason))


class Restore:
    """Plans restores inside the caller's transaction.

    Only the catalog is restored; what stores do not show of it is then due in them. A plan notes what the catalog
    holds: what changes between plan and application is left alone, and named. Pieces are not restored, as they follow
    the ledger.
    """

    def __init__(self, session: AsyncSession, jobs: JobRecorder, platforms: Platforms) -> None:
        self._session = session
        self._rows = TimeTravelRepository(session)
        self._runs = PushRepository(session)
        self._stores = StoreRepository(session)
        self._previews = Previews(session, jobs, platforms)

    async def field(
        self, actor: Actor, product_id: int, field: str, at: datetime, *, variant_id: int | None = None
    ) -> RestorePlan:
        """Plan to restore one field of a product, or of one of its variants.

        Raises:   as `product`; invalid FIELD_UNKNOWN.
        """
        if field not in (PRODUCT_FIELDS if variant_id is None else VARIANT_FIELDS):
            hint = "pieces follow the ledger, adjust them" if field == "stock" else "not a field that can be restored"
            raise invalid("FIELD_UNKNOWN", f"{field}: {hint}", field="field")
        return await self._of_product(actor, product_id, at, (product_id, variant_id), [field])

    async def product(self, actor: Actor, product_id: int, at: datetime) -> RestorePlan:
        """Plan to restore a product with all its variants.

        The run is kept with the store that has shown the product longest; when none shows it, with the oldest connected
        one, whose guards look at it. A store has one plan of this kind at a time: an older one is discarded.

        Raises:   not_found; forbidden INSUFFICIENT_ROLE; invalid TIME_INVALID; conflict NOTHING_TO_RESTORE,
                  STORE_NOT_CONNECTED when no store is.
        """
        return await self._of_product(actor, product_id, at, None, _FIELDS)

    async def store(self, actor: Actor, store_id: uuid.UUID, at: datetime) -> RestorePlan:
        """Plan to restore all products of a store, those that left it since are named.

        Guards look at it as at a push: when too much would move, applying it takes a reason.

        Raises:   not_found; forbidden INSUFFICIENT_ROLE; invalid TIME_INVALID; conflict NOTHING_TO_RESTORE.
        """
        at = _checked(actor, at)
        store = await visible_store(self._session, actor, store_id)
        made = await self._begun(actor, store)
        touched = await self._rows.touched(actor, store.id, at)
        for start in range(0, len(touched), PAGE):
            await self._add(actor, made, touched[start : start + PAGE], at, None, _FIELDS)
        pieces = await self._rows.moved_pieces(actor, at, store_id=store.id)
        return await self._ended(made, store, at, pieces)

    async def _of_product(
        self, actor: Actor, product_id: int, at: datetime, only: Key | None, fields: Iterable[str]
    ) -> RestorePlan:
        at = _checked(actor, at)
        if not 0 < product_id < 2**63 or not await self._rows.knows(actor, product_id):
            raise not_found("Product")
        store = await self._home(actor, product_id)
        made = await self._begun(actor, store)
        if not await self._add(actor, made, [product_id], at, only, fields) and only is not None:
            raise not_found("Variant")
        pieces = 0 if only is not None else await self._rows.moved_pieces(actor, at, product_id=product_id)
        return await self._ended(made, store, at, pieces)

    async def _home(self, actor: Actor, product_id: int) -> Store:
        home = await self._rows.home(actor, product_id)
        stores = await self._stores.all_of(actor)
        for store in stores:
            if store.id == home or (home is None and store.state == "active"):
                return store
        raise conflict("STORE_NOT_CONNECTED", "No store is connected: connect one first")

    async def _begun(self, actor: Actor, store: Store) -> _Made:
        run = await self._previews.planned(actor, store, RESTORE, ChangeSet(changes=(), held=None))
        return _Made(run=run, tally=Tally(settings_of(store.settings).guards))

    async def _add(
        self,
        actor: Actor,
        made: _Made,
        products: Sequence[int],
        at: datetime,
        only: Key | None,
        fields: Iterable[str],
    ) -> int:
        """Add what restores some products; return how many places were looked at."""
        since = await self._rows.since(actor, products, at)
        changed = [*since] if only is None else [only]
        places = await self._rows.places(actor, products, at, changed)
        changes: list[Change] = []
        looked_at = 0
        stay: set[int] = set()
        for place in places:
            key = (place.product_id, place.variant_id)
            if only not in (None, key):
                continue
            looked_at += 1
            back, stays = restored(place, state_at(place, [since.get(key, {})], at), fields)
            if stays and place.product_id not in stay:
                made.leave(place.label, "", stays)
            if stays and place.variant_id is None:
                stay.add(place.product_id)  # its variants are not named besides
            if back:
                changes.append(change_back(place, back))
                made.tally.add(changes[-1])
        await self._runs.add_changes(made.run, changes)
        return looked_at

    async def _ended(self, made: _Made, store: Store, at: datetime, pieces: int) -> RestorePlan:
        if pieces:
            made.leave("", "stock", f"pieces of {pieces} variants changed since: they follow the ledger, adjust them")
        if not made.tally.fields:
            why = (
                "; ".join(f"{one.label or one.field}: {one.reason}" for one in made.left[:5]) or "it is as it was then"
            )
            raise conflict("NOTHING_TO_RESTORE", f"There is nothing to restore: {why}", left=made.left_count)
        run = made.run
        held = made.tally.held(await self._runs.size(store.organization_id, store.id))
        if held is not None:
            run.error_code, run.error_message = held.code, held.message
        run.stats = {"restores_at": iso_z(at), "fields": dict(made.tally.fields)}
        await SyncRepository(self._session).add_issues(run, [_noted(one) for one in made.left])
        await self._session.flush()
        return RestorePlan(run=run, fields=made.tally.fields, left=tuple(made.left), left_count=made.left_count)


def _checked(actor: Actor, at: datetime) -> datetime:
    if actor.role not in REVIEWERS:
        raise forbidden("INSUFFICIENT_ROLE", "Only people of the organization may restore its catalog")
    return past(at)


def _noted(left: Left) -> dict[str, Any]:
    facts = {"field": left.field} if left.field else {}
    named = f"{left.label}: {left.reason}" if left.label else left.reason
    return {"code": NOT_RESTORED, "message": named, "facts": facts}
