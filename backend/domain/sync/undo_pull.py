"""What takes back what a run changed in the catalog: its history, backwards."""

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.fields import GROUP_OF
from backend.domain.sync.catalog_changes import DELETED
from backend.domain.sync.catalog_undo_repository import CatalogUndoRepository, Place
from backend.domain.sync.plan import PRODUCT, UPDATE, VARIANT, Change, Difference, undone
from backend.models.sync import SyncRun
from backend.ports.actor import Actor


class CatalogUndo:
    """Reads a run's changes of the catalog and turns them round, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = CatalogUndoRepository(session)

    async def changes(self, actor: Actor, run: SyncRun) -> tuple[list[Change], list[tuple[str, str, str]]]:
        """Return the changes that take a run back, and what of it stays, as (label, field, reason).

        Whether the catalog still holds what the run wrote is looked at when the changes are made, too.
        """
        made = await self._rows.made(actor, run)
        labels = await self._rows.labels(actor, list(made))
        held = await self._rows.held(actor, list(made))
        changes: list[Change] = []
        left: list[tuple[str, str, str]] = []
        for place, fields in made.items():
            label = labels.get(place, "")
            if place not in held:
                if fields.get(DELETED, [None, None])[1]:
                    changes.append(_change(place, label, {DELETED: [True, False]}))
                else:
                    left.append((label or f"product {place[0]}", "", "it is not in the catalog any more"))
                continue
            back, since = undone({name: pair for name, pair in fields.items() if name in GROUP_OF}, held[place])
            left += [(label, name, f"changed since: the catalog holds {now!r}") for name, (now, _) in since.items()]
            if back:
                changes.append(_change(place, label, back))
        return changes, left


def _change(place: Place, label: str, fields: Difference) -> Change:
    return Change(
        action=UPDATE,
        entity=PRODUCT if place[1] is None else VARIANT,
        product_id=place[0],
        variant_id=place[1],
        label=label,
        fields=fields,
        target="catalog",
    )
