"""Taking a run back: a run of its own, previewed and applied like any other, that leaves alone what changed since."""

import uuid
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import visible_store
from backend.domain.sync.change_sets import ChangeSet
from backend.domain.sync.creation_repository import CreationRepository
from backend.domain.sync.plan import CREATE, DELETE, PRODUCT, STOCK, UPDATE, Change, Item, shows, undone
from backend.domain.sync.previews import Previews
from backend.domain.sync.push_repository import PushRepository
from backend.domain.sync.push_results import ADOPTED
from backend.domain.sync.push_soon import PUSH
from backend.domain.sync.push_step import UNDO, change_of, items_of
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.undo_pull import CatalogUndo
from backend.kit.errors import conflict, not_found
from backend.models.stores import Store
from backend.models.sync import SyncChange, SyncRun
from backend.ports.actor import Actor
from backend.ports.store_platform import Platforms

PAGE = 1_000
NOT_TAKEN_BACK = "not_taken_back"
"""Code of a plan's issues that say what stays."""
MOST_NAMED = 500


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a run that is not taken back."""

    label: str
    field: str
    """"" for a whole product."""
    reason: str
    """For people: why it stays as it is."""


class UndoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What taking a run back would do."""

    run: SyncRun
    """In state `planned`, kind `undo`: apply it to carry it out."""
    left: tuple[Left, ...]


class Undo:
    """Plans undos inside the caller's transaction."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder, platforms: Platforms) -> None:
        self._session = session
        self._rows = PushRepository(session)
        self._previews = Previews(session, jobs, platforms)

    async def plan(self, actor: Actor, run_id: uuid.UUID) -> UndoPlan:
        """Plan to take a run back; nothing happens until the plan is applied.

        Of a push, the store gets its old values back and keeps them until the catalog changes again. Of a pull, the
        catalog gets its old values back, and they are due in every store that does not own them.

        Raises:   not_found; conflict RUN_NOT_UNDOABLE (still running, nothing in it, undone already).
        """
        run = await self._rows.visible_run(actor, run_id, lock=True)
        if run is None:
            raise not_found("Sync run")
        if run.state not in ("completed", "failed", "held"):
            raise conflict("RUN_NOT_UNDOABLE", f"This run is {run.state}: only what has ended can be taken back")
        undone_by = await self._rows.undo_of(actor, run_id)
        if undone_by is not None and undone_by.state != "planned":
            raise conflict("RUN_NOT_UNDOABLE", f"This run was taken back already, by {undone_by.id}")
        store = await visible_store(self._session, actor, run.store_id)
        changes, stays = await CatalogUndo(self._session).changes(actor, run)
        left = [Left(label=label, field=field, reason=reason) for label, field, reason in stays]
        if run.kind in (PUSH, UNDO):
            changes += await self._push_taken_back(actor, run, store, left)
        if not changes:
            why = "; ".join(f"{one.label} {one.field}: {one.reason}" for one in left[:5]) or "it changed nothing"
            raise conflict("RUN_NOT_UNDOABLE", f"Nothing of this run can be taken back: {why}", left=len(left))
        made = await self._previews.planned(
            actor, store, UNDO, ChangeSet(changes=tuple(changes), held=None), undoes=run.id
        )
        named = [_as_issue(one) for one in left[:MOST_NAMED]]
        await SyncRepository(self._session).add_issues(made, named)
        return UndoPlan(run=made, left=tuple(left))

    async def _push_taken_back(self, actor: Actor, run: SyncRun, store: Store, left: list[Left]) -> list[Change]:
        changes: list[Change] = []
        creations = CreationRepository(self._session, store.organization_id, store.id)
        after = 0
        while True:
            rows = await self._rows.page(actor, run.id, after=after, most=PAGE, state="applied")
            items = await items_of(self._session, store, rows)
            links = await creations.links([row.product_id for row in rows if row.action == CREATE])
            for row in rows:
                if row.target == "catalog":
                    continue  # its history says so too
                if row.action == CREATE:
                    back, stays = _removed(row, links.get(row.product_id))
                else:
                    back, stays = _taken_back(change_of(row), items.get((row.entity == PRODUCT, row.external_id)))
                changes += back
                left += stays
            if len(rows) < PAGE:
                return changes
            after = rows[-1].id


def _as_issue(one: Left) -> dict[str, Any]:
    facts = {"field": one.field} if one.field else {}
    return {"code": NOT_TAKEN_BACK, "message": f"{one.label}: {one.reason}", "facts": facts}


def _removed(row: SyncChange, link: tuple[str, str, str] | None) -> tuple[list[Change], list[Left]]:
    """Return what takes a creation back: the store deletes what we made, not what it had before."""
    if row.code == ADOPTED:
        return [], [Left(label=row.label, field="", reason="the store had it before")]
    if link is None:
        return [], [Left(label=row.label, field="", reason="the store does not show it any more")]
    made = change_of(row)
    return [
        msgspec.structs.replace(made, action=DELETE, external_product_id=link[0], external_id=link[0], fields={})
    ], []


def _taken_back(change: Change, item: Item | None) -> tuple[list[Change], list[Left]]:
    """Return what takes one change of a store back, and what of it stays."""
    if change.entity == STOCK:
        return [], [Left(label=change.label, field="stock", reason="pieces follow the ledger: adjust them instead")]
    if item is None:
        return [], [Left(label=change.label, field="", reason="the store does not show it any more")]
    shown = {name: shows(item, name) for name in change.fields}
    fields = change.fields
    if change.action == DELETE:  # each platform has its own word for a product off sale
        fields = {"status": [change.fields["status"][0], shown["status"]]} if shown.get("status") != "active" else {}
    back, since = undone(fields, shown)
    left = [
        Left(label=change.label, field=name, reason=f"changed since: the store shows {now!r}")
        for name, (now, _) in since.items()
    ]
    return ([msgspec.structs.replace(change, action=UPDATE, fields=back)] if back else []), left
