"""What a catalog can hold: names that are looked up have a length, whatever platform they come from. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from backend.ports.store_platform import PlatformProduct, PlatformVariant, RowIssue

MOST_NAME = 255
"""Characters of what stands in an index: SKUs, barcodes, handles, brand and category names, ids of stores."""


def within_limits(
    products: Iterable[PlatformProduct], variants: Iterable[PlatformVariant]
) -> tuple[list[PlatformProduct], list[PlatformVariant], list[RowIssue]]:
    """Return what can be kept, and an issue for each field that is left empty because it is too long.

    A product or variant whose own id is missing or too long is left out, with an issue that says so.
    """
    issues: list[RowIssue] = []
    kept = [_product(product, issues) for product in products]
    apart = [_variant(variant, issues) for variant in variants]
    return [fit for fit in kept if fit is not None], [fit for fit in apart if fit is not None], issues


def _product(product: PlatformProduct, issues: list[RowIssue]) -> PlatformProduct | None:
    if not 0 < len(product.external_id) <= MOST_NAME:
        _leave_out(product.external_id, issues)
        return None
    changes: dict[str, Any] = {}
    if len(product.brand) > MOST_NAME or len(product.handle) > MOST_NAME:
        changes |= _too_long(product, ("brand", "handle"), issues)
    if max(map(len, product.categories), default=0) > MOST_NAME:
        _emptied(product.external_id, "category", issues)
        changes["categories"] = tuple(name for name in product.categories if len(name) <= MOST_NAME)
    if product.variants:
        inner = [_variant(variant, issues) for variant in product.variants]
        if any(fit is not was for fit, was in zip(inner, product.variants, strict=True)):
            changes["variants"] = tuple(fit for fit in inner if fit is not None)
    return msgspec.structs.replace(product, **changes) if changes else product


def _variant(variant: PlatformVariant, issues: list[RowIssue]) -> PlatformVariant | None:
    if not 0 < len(variant.external_id) <= MOST_NAME or len(variant.external_product_id) > MOST_NAME:
        _leave_out(variant.external_id, issues)
        return None
    if len(variant.sku) <= MOST_NAME and len(variant.barcode) <= MOST_NAME:
        return variant
    return msgspec.structs.replace(variant, **_too_long(variant, ("sku", "barcode"), issues))


def _too_long(
    row: PlatformProduct | PlatformVariant, fields: tuple[str, ...], issues: list[RowIssue]
) -> dict[str, str]:
    """Return those of the fields that are too long, empty."""
    return {field: _emptied(row.external_id, field, issues) for field in fields if len(getattr(row, field)) > MOST_NAME}


def _emptied(external_id: str, field: str, issues: list[RowIssue]) -> str:
    message = f"The {field} is longer than {MOST_NAME} characters and was left empty: shorten it in the store"
    issues.append(RowIssue(code="too_long", message=message, external_id=external_id, field=field))
    return ""


def _leave_out(external_id: str, issues: list[RowIssue]) -> None:
    code, what = ("too_long", f"longer than {MOST_NAME} characters") if external_id else ("id_missing", "missing")
    message = f"Its id is {what}, so it cannot be told from others and was left out"
    issues.append(RowIssue(code=code, message=message, external_id=external_id[:MOST_NAME], field="id"))
