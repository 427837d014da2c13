"""What the inbox says of cases, in words. Pure."""

import uuid
from collections.abc import Mapping
from datetime import datetime

import msgspec

from backend.domain.catalog import linking_rules
from backend.models.stock import Oversell

SETTLED_BY = {
    "newest": "the newer change won",
    "agreed": "both came to hold the same",
    "owner": "one side decides this field meanwhile",
    "operator": "decided by the operator",
}
"""Who settled a conflict, where it was nobody in person."""
_REASONS = {
    linking_rules.BARCODE_ONLY: "Only the barcode is the same.",
    linking_rules.SKU_AMBIGUOUS: "Several products of the catalog have this SKU.",
    linking_rules.SKU_REPEATED: "The store uses this SKU more than once.",
    linking_rules.VARIANTS_DIFFER: "The variants do not match one by one.",
    linking_rules.PARTLY: "Only some of the variants match.",
    linking_rules.BARCODES_DIFFER: "The SKU is the same and the barcode is not.",
}


class OversellShown(msgspec.Struct, frozen=True, kw_only=True):
    """A case as people read it."""

    id: int
    store: str
    order: str
    sku: str
    missing: int
    created_at: datetime


def link_reason(reason: str) -> str:
    """Return why it is not certain that two products are one."""
    return _REASONS.get(reason, reason.replace("_", " ").capitalize() + ".")


def oversell_shown(row: Oversell, stores: Mapping[uuid.UUID, str], skus: Mapping[int, str]) -> OversellShown:
    """Return what is shown of a case.

    Args:     stores: names by id. skus: by variant; a variant that left the catalog is not in it.
    """
    number = row.order_number or row.order_id
    return OversellShown(
        id=row.id,
        store=stores.get(row.store_id, "a store that is gone"),
        order=f"Order {number}" if number else "No order is known for it",
        sku=skus.get(row.variant_id) or f"variant {row.variant_id}",
        missing=row.missing,
        created_at=row.created_at,
    )
