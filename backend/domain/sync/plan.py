"""What a push would do: pure functions from what the catalog holds and what a store shows to a change set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from backend.domain.catalog.fields import AMOUNTS, COPIED, UNREAD

CREATE, UPDATE, DELETE = "create", "update", "delete"
PRODUCT, VARIANT, STOCK = "product", "variant", "stock"

Fields = Mapping[str, Any]
"""Values by field, spelled as `domain/catalog/fields.py` says."""
Difference = dict[str, list[Any]]
"""Field to `[old, new]`."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A product or variant with what the catalog holds and what the store shows beside it."""

    entity: str
    """`product` or `variant`."""
    product_id: int
    variant_id: int | None = None
    external_product_id: str
    external_id: str
    inventory_id: str = ""
    label: str = ""
    held: Fields
    """All synced fields as the catalog holds them."""
    shown: Fields = {}
    """Fields in which the store shows something else, with what it shows."""
    due: tuple[str, ...] = ()
    """Fields to be written."""
    foreign_money: bool = False
    """Its amounts are not in the store's currency: they are never written there."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a change set."""

    action: str
    entity: str
    """`product`, `variant` or `stock`."""
    product_id: int
    variant_id: int | None = None
    external_product_id: str = ""
    external_id: str = ""
    label: str = ""
    fields: Difference = {}
    target: str = "store"


def shows(item: Item, field: str) -> Any:
    """Return what the store shows of a field: what lies beside the catalog, else what the catalog holds."""
    return item.shown[field] if field in item.shown else item.held.get(field)


def difference(held: Fields, shown: Fields, fields: Iterable[str]) -> Difference:
    """Return the fields in which two sides differ, as `[shown, held]`: from what is, to what is to be."""
    return {name: [shown.get(name), held.get(name)] for name in fields if shown.get(name) != held.get(name)}


def may_write(item: Item, writable: frozenset[str]) -> frozenset[str]:
    """Return the fields of an item that can be written to its store."""
    return writable - AMOUNTS if item.foreign_money else writable


def planned(item: Item, writable: frozenset[str]) -> list[Change]:
    """Return the changes that bring the store to what the catalog holds, in the fields that are due and writable.

    Returns:  None, one, or two changes: pieces are written apart from everything else.
    """
    now = {name: shows(item, name) for name in item.due}
    wanted = difference(item.held, now, [name for name in item.due if name in may_write(item, writable)])
    pieces = {name: wanted.pop(name) for name in ("stock",) if name in wanted}
    if pieces and (pieces["stock"][0] is None or pieces["stock"][1] is None):
        pieces = {}  # one side does not count: there is no number to write
    made = []
    if wanted:
        made.append(_change(item, item.entity, wanted))
    if pieces:
        made.append(_change(item, STOCK, pieces))
    return made


def _change(item: Item, entity: str, fields: Difference) -> Change:
    return Change(
        action=UPDATE,
        entity=entity,
        product_id=item.product_id,
        variant_id=item.variant_id,
        external_product_id=item.external_product_id,
        external_id=item.external_id,
        label=item.label,
        fields=fields,
    )


def plan(items: Iterable[Item], writable: frozenset[str]) -> list[Change]:
    """Return the change set of a push."""
    return [change for item in items for change in planned(item, writable)]


def applied(shown: Fields, fields: Difference) -> dict[str, Any]:
    """Return what a store shows after a change: a pure model of what writing does."""
    return {**shown, **{name: new for name, (_, new) in fields.items()}}


def undone(fields: Difference, shown: Fields) -> tuple[Difference, Difference]:
    """Split a change that is to be taken back.

    Args:     shown: what the store shows now of its fields.
    Returns:  What can be taken back, as `[new, old]`; and what was changed since, as `[what is shown, old]`.
    """
    back: Difference = {}
    since: Difference = {}
    for name, (old, new) in fields.items():
        if shown.get(name) == new or name in COPIED:
            back[name] = [shown.get(name), old]
        elif shown.get(name) != old:
            since[name] = [shown.get(name), old]
    return back, since


def after_write(
    item: Item, sent: Fields, told: Fields, *, keep: bool = False
) -> tuple[dict[str, Any] | None, list[str] | None]:
    """Return a listing's `shown` and `due` once a store has taken what was sent.

    Args:     item: as it stands now, which may be newer than what was sent. told: the store's own answer, where it gave
              one. keep: nobody is to write these fields again until they change (an undo).
    """
    shown = dict(item.shown)
    due = set(item.due)
    for name, value in sent.items():
        shows_now = told.get(name, UNREAD if name in COPIED else value)
        if shows_now == item.held.get(name):
            shown.pop(name, None)
            due.discard(name)
        else:
            shown[name] = shows_now
            # The store took it and shows something else than the catalog: only what changed meanwhile is due again.
            if keep or value == item.held.get(name):
                due.discard(name)
            else:
                due.add(name)
    return shown or None, sorted(due) or None


def still_wanted(item: Item, fields: Difference, *, taking_back: bool, repeated: bool) -> dict[str, Any]:
    """Return the fields of a planned change that are still to be sent, with the values.

    Args:     taking_back: the change is an undo, whose values are not the catalog's. repeated: it may have been sent
              already, so what the store is known to show proves nothing: it gets what the catalog holds by now.
    """
    if repeated:
        return {name: new if taking_back else item.held.get(name) for name, (_, new) in fields.items()}
    return {
        name: new
        for name, (old, new) in fields.items()
        if shows(item, name) == old and (taking_back or item.held.get(name) == new)
    }


def labelled(title: str, variant_title: str, sku: str) -> str:
    """Return a product's or variant's name for people, at most 200 characters."""
    name = " / ".join(part for part in (title, variant_title) if part)
    return (f"{name} ({sku})" if sku else name)[:200]


def counted(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many changes there are of each kind: `create`, `update`, `delete`, and `fields` in all."""
    counts = {CREATE: 0, UPDATE: 0, DELETE: 0}
    for change in changes:
        counts[change.action] += 1
    return {**counts, "fields": sum(len(change.fields) for change in changes)}
