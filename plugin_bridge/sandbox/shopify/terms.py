"""What products, variants, inventory items, orders and bulk operations can be searched by."""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from plugin_bridge.sandbox.shelf import Shelf
from plugin_bridge.sandbox.shopify.catalog import Catalog
from plugin_bridge.sandbox.shopify.gids import split
from plugin_bridge.sandbox.shopify.records import Order, Product, Variant
from plugin_bridge.sandbox.shopify.search import Field

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def product_terms(catalog: Catalog) -> dict[str, Field]:
    """Return what `products(query:)` understands."""

    def variants_of(product: Product) -> list[Variant]:
        return catalog.variants_of(product)

    def with_sku(_op: str, value: str) -> set[int] | None:
        if value.endswith("*"):
            return None
        return {catalog.variants[found].product_id for found in catalog.by_sku.get(value, ())}

    return {
        "default": _text(lambda one: (one.title, one.vendor, one.product_type, *one.tags), inside=True),
        "id": _number(lambda one: one.id, ids=_ids),
        "updated_at": _time(lambda one: one.updated_at, catalog.product_shelf),
        "created_at": _time(lambda one: one.created_at),
        "published_at": _time(lambda one: one.published_at or 0),
        "status": _words(lambda one: (one.status,)),
        "title": _text(lambda one: (one.title,), inside=True),
        "handle": _text(lambda one: (one.handle,)),
        "vendor": _text(lambda one: (one.vendor,)),
        "product_type": _text(lambda one: (one.product_type,)),
        "tag": _text(lambda one: one.tags),
        "tag_not": _negated(_text(lambda one: one.tags)),
        "sku": Field(_text(lambda one: [variant.sku for variant in variants_of(one)]).test, with_sku),
        "barcode": _text(lambda one: [variant.barcode for variant in variants_of(one)]),
        "inventory_total": _number(lambda one: sum(variant.available for variant in variants_of(one))),
        "collection_id": _among(lambda one: one.collections),
    }


def variant_terms(catalog: Catalog) -> dict[str, Field]:
    """Return what `productVariants(query:)` understands."""

    def product(variant: Variant) -> Product:
        return catalog.products[variant.product_id]

    def of_products(_op: str, value: str) -> set[int] | None:
        wanted = [catalog.products.get(int(part)) for part in value.split(",") if part.strip()]
        return {variant for found in wanted if found is not None for variant in found.variants}

    return {
        "default": _text(lambda one: (one.sku, one.barcode, one.title, product(one).title), inside=True),
        "id": _number(lambda one: one.id, ids=_ids),
        "updated_at": _time(lambda one: one.updated_at, catalog.variant_shelf),
        "sku": Field(_text(lambda one: (one.sku,)).test, lambda _op, value: _listed(catalog.by_sku, value)),
        "barcode": _text(lambda one: (one.barcode,)),
        "title": _text(lambda one: (one.title,), inside=True),
        "product_id": _number(lambda one: one.product_id, ids=of_products),
        "product_ids": Field(_in_list(lambda one: one.product_id), of_products),
        "product_status": _words(lambda one: (product(one).status,)),
        "vendor": _text(lambda one: (product(one).vendor,)),
        "product_type": _text(lambda one: (product(one).product_type,)),
        "tag": _text(lambda one: product(one).tags),
        "inventory_quantity": _number(lambda one: one.available),
        "location_id": _among(lambda one: tuple(one.levels)),
        "taxable": _words(lambda one: (str(one.taxable).lower(),)),
    }


def inventory_terms(catalog: Catalog) -> dict[str, Field]:
    """Return what `inventoryItems(query:)` understands; the things are variants."""

    def with_id(op: str, value: str) -> set[int] | None:
        found = catalog.by_inventory.get(int(value)) if op == "" and value.isdigit() else None
        return {found} if found is not None else set() if op == "" else None

    return {
        "id": _number(lambda one: one.inventory_id, ids=with_id),
        "sku": Field(_text(lambda one: (one.sku,)).test, lambda _op, value: _listed(catalog.by_sku, value)),
        "updated_at": _time(lambda one: one.updated_at, catalog.variant_shelf),
        "created_at": _time(lambda one: one.created_at),
    }


def order_terms() -> dict[str, Field]:
    """Return what `orders(query:)` understands."""

    def status(order: Order) -> tuple[str, ...]:
        return ("cancelled" if order.cancelled_at else "open", "any", "not_closed")

    return {
        "default": _text(lambda one: (f"#{one.number}",), inside=True),
        "id": _number(lambda one: one.id, ids=_ids),
        "name": _text(lambda one: (f"#{one.number}", str(one.number))),
        "status": _words(status),
        "financial_status": _words(lambda one: (one.financial,)),
        "fulfillment_status": _words(lambda one: ("unfulfilled", "unshipped")),
        "created_at": _time(lambda one: one.created_at),
        "processed_at": _time(lambda one: one.created_at),
        "updated_at": _time(lambda one: one.updated_at),
        "sku": _text(lambda one: [line.sku for line in one.lines]),
    }


def operation_terms() -> dict[str, Field]:
    """Return what `bulkOperations(query:)` understands."""
    return {
        "id": _number(lambda one: one.id),
        "status": _words(lambda one: (one.status,)),
        "operation_type": _words(lambda one: (one.type,)),
        "created_at": _time(lambda one: one.created_at),
        "completed_at": _time(lambda one: one.completed_at or 0),
    }


def read_time(value: str) -> int:
    """Return the Unix second of an instant or a date; ValueError for what is none."""
    if value == "now":
        return int(datetime.now(UTC).timestamp())
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _number(get: Callable[[Any], int], ids: Callable[[str, str], set[int] | None] | None = None) -> Field:
    def test(op: str, value: str) -> Callable[[Any], bool]:
        # Ids are taken as numbers and as whole gids.
        wanted, compare = int((split(value) or ("", value))[1]), _COMPARE[op]
        return lambda thing: compare(get(thing), wanted)

    return Field(test, ids)


def _ids(op: str, value: str) -> set[int] | None:
    return {int((split(value) or ("", value))[1])} if op == "" else None


def _time(get: Callable[[Any], int], shelf: Shelf | None = None) -> Field:
    def test(op: str, value: str) -> Callable[[Any], bool]:
        wanted, compare = read_time(value), _COMPARE[op]
        return lambda thing: compare(get(thing), wanted)

    def ids(op: str, value: str) -> set[int] | None:
        if shelf is None or op not in (">", ">="):
            return None
        wanted = read_time(value)
        return set(shelf.changed(wanted if op == ">" else wanted - 1, None))

    return Field(test, ids)


def _text(get: Callable[[Any], Any], *, inside: bool = False) -> Field:
    def test(_op: str, value: str) -> Callable[[Any], bool]:
        wanted = value.lower()
        if wanted.endswith("*"):
            return lambda thing: any(one.lower().startswith(wanted[:-1]) for one in get(thing))
        if inside:
            return lambda thing: any(wanted in one.lower() for one in get(thing))
        return lambda thing: any(wanted == one.lower() for one in get(thing))

    return Field(test)


def _words(get: Callable[[Any], tuple[str, ...]]) -> Field:
    def test(_op: str, value: str) -> Callable[[Any], bool]:
        wanted = {part.strip().lower() for part in value.split(",")}
        return lambda thing: any(one.lower() in wanted for one in get(thing))

    return Field(test)


def _among(get: Callable[[Any], tuple[int, ...]]) -> Field:
    def test(_op: str, value: str) -> Callable[[Any], bool]:
        wanted = int(value)
        return lambda thing: wanted in get(thing)

    return Field(test)


def _in_list(get: Callable[[Any], int]) -> Callable[[str, str], Callable[[Any], bool]]:
    def test(_op: str, value: str) -> Callable[[Any], bool]:
        wanted = {int(part) for part in value.split(",") if part.strip()}
        return lambda thing: get(thing) in wanted

    return test


def _negated(field: Field) -> Field:
    def test(op: str, value: str) -> Callable[[Any], bool]:
        inner = field.test(op, value)
        return lambda thing: not inner(thing)

    return Field(test)


def _listed(index: Mapping[str, list[int]], value: str) -> set[int] | None:
    return None if value.endswith("*") else set(index.get(value, ()))
