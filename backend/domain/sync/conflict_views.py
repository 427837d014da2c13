"""Conflicts as people look at them: both sides with time and actor."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from backend.domain.catalog.fields import GROUP_OF
from backend.domain.stores.settings import NEWEST
from backend.domain.sync.plan import labelled


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one side holds, since when, and by whose hand."""

    value: Any
    """Spelled as `domain/catalog/fields.py` says."""
    at: datetime | None
    """None: nobody knows."""
    actor: str
    """An e-mail; "" when nobody in person did it, as in a store."""


class ConflictView(msgspec.Struct, frozen=True, kw_only=True):
    """A field with both its sides."""

    id: int
    store_id: uuid.UUID
    store: str
    """The store's name."""
    product_id: int
    variant_id: int | None
    """None: the product's own field."""
    external_id: str
    label: str
    sku: str
    field: str
    group: str
    hub: Side
    shown: Side
    """The store's."""
    state: str
    """`open` or `settled`."""
    chosen: str | None
    """`hub` or `store`."""
    settled_by: str
    """An e-mail or `operator`; `newest`: the times did; `agreed`: both came to hold the same; `owner`: a side owns the
    field meanwhile; "" while it is open."""
    settled_at: datetime | None
    reversible: bool
    """The times decided: a person may choose the other side, as long as nothing changed since."""
    created_at: datetime


def view_of(row: Mapping[str, Any], names: Mapping[str, str]) -> ConflictView:
    """Return a row of `ConflictRepository.page` as people look at it.

    Args:     names: what to call actors, by the text they are kept as.
    """
    taken = ("id", "store_id", "store", "product_id", "variant_id", "external_id", "sku", "field", "state", "chosen")
    return ConflictView(
        **{name: row[name] for name in taken},
        label=labelled(row["title"], row["variant_title"], ""),
        group=GROUP_OF[row["field"]],
        hub=Side(value=row["hub_value"], at=row["hub_at"], actor=names[row["hub_actor"]]),
        shown=Side(value=row["store_value"], at=row["store_at"], actor=""),
        settled_by=names[row["settled_by"] or ""],
        settled_at=row["settled_at"],
        reversible=row["state"] == "settled" and row["settled_by"] == NEWEST,
        created_at=row["created_at"],
    )
