"""Values of staged rows: as they are compared, and as they are written where the catalog takes nothing."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from backend.domain.catalog.field_values import rounded
from backend.domain.catalog.fields import spelled
from backend.domain.catalog.staging import StagedProduct, StagedVariant
from backend.domain.catalog.three_way import Verdict

_OF_HOME_PRODUCTS = ("handle", "categories", "option_names", "url")
_OF_HOME_VARIANTS = ("position", "title", "currency", "options", "attributes", "image_url", "url", "active")
"""What is not synced is taken from the product's home alone."""


def product_values(row: StagedProduct, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the synced fields of a staged product, spelled as in the history.

    Args:     held: what the catalog holds.
    """
    # Brands meet without case: one that is spelled otherwise is the same.
    brand = held["brand"] if row.brand.lower() == held["brand"].lower() else row.brand
    return {
        "title": row.title,
        "description": row.description,
        "tags": spelled("tags", row.tags),
        "brand": brand,
        "images": msgspec.json.decode(row.images),
        "status": row.status,
    }


def variant_values(row: StagedVariant) -> dict[str, Any]:
    """Return the synced fields of a staged variant, spelled as in the history."""
    return {
        "sku": row.sku,
        "barcode": row.barcode,
        "weight_g": row.weight_g,
        "price": _amount("price", row.price),
        "sale_price": _amount("sale_price", row.sale_price),
    }


def _amount(field: str, told: str | None) -> Any:
    return None if told is None else spelled(field, rounded(Decimal(told)))


def kept_product(row: StagedProduct, found: Any, verdicts: Mapping[str, Verdict]) -> StagedProduct:
    """Return a staged product with what the catalog holds in all it does not take.

    Args:     found: its row of `judging_sql.CONTESTED_PRODUCTS`.
    """
    kept: dict[str, Any] = {name: found.held[name] for name, verdict in verdicts.items() if not verdict.takes}
    if "images" in kept:
        kept["images"] = msgspec.json.encode(kept["images"])
    if not found.home:
        kept |= {name: getattr(found, name) for name in _OF_HOME_PRODUCTS}
    return row._replace(**kept, **_hash(verdicts))


def kept_variant(row: StagedVariant, found: Any, verdicts: Mapping[str, Verdict], *, foreign: bool) -> StagedVariant:
    """Return a staged variant with what the catalog holds in all it does not take.

    Args:     found: its row of `judging_sql.CONTESTED_VARIANTS`. foreign: its amounts stay in the catalog's currency.
    """
    kept: dict[str, Any] = {name: found.held[name] for name, verdict in verdicts.items() if not verdict.takes}
    if verdicts["sale_price"] is Verdict.ENDED:
        kept["sale_price"] = None
    if not found.home:
        kept |= {name: getattr(found, name) for name in _OF_HOME_VARIANTS} | {"cost": None}
        kept |= {name: kept[name].encode() for name in ("options", "attributes")}
    elif foreign:
        kept["currency"] = found.currency
    return row._replace(**kept, **_hash(verdicts))


def _hash(verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """Return a hash that matches nothing where the row is to be judged anew."""
    return {"hash": b""} if Verdict.OUTDATED in verdicts.values() else {}
