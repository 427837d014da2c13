"""Mutations of stock: keyed, compared with what the app believes, all or nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from plugin_bridge.sandbox.shopify.context import Context, InventoryItem, InventoryLevel, Resolver
from plugin_bridge.sandbox.shopify.gids import gid, number_of
from plugin_bridge.sandbox.shopify.problems import Refused, UserProblem, user_error
from plugin_bridge.sandbox.shopify.records import Variant
from plugin_bridge.sandbox.shopify.root_fields import app_value
from plugin_bridge.sandbox.shopify.values import time_text

MOST = 1_000_000_000
REASONS = frozenset(
    {
        *(
            "correction",
            "cycle_count_available",
            "damaged",
            "movement_created",
            "movement_updated",
            "movement_received",
        ),
        *("movement_canceled", "other", "promotion", "quality_control", "received", "reservation_created"),
        *("reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage"),
    }
)
_STRICT_SINCE = "2026-04"


class Wanted(msgspec.Struct):
    """One change that passed its checks; `before` is what the app believes, None: it does not care."""

    variant: Variant
    location_id: int
    quantity: int
    before: int | None
    ledger: str | None = None


def _keyed(name: str, resolver: Resolver) -> Resolver:
    """Return a resolver that asks for `@idempotent` and does the same key once."""

    def run(context: Context, thing: Any, args: Mapping[str, Any]) -> dict[str, Any]:
        shop, key = context.shop, context.key
        if key is None:
            if context.version >= _STRICT_SINCE or context.version == "unstable":
                text = "The @idempotent directive is required for this mutation but was not provided."
                raise Refused(text, "BAD_REQUEST")
            result: dict[str, Any] = resolver(context, thing, args)
            return result
        if not 1 <= len(key) <= 255:
            raise Refused("The idempotency key must have 1 to 255 characters.", "BAD_REQUEST")
        earlier = shop.idempotency.earlier(name, key, args, shop.now())
        if earlier is not None:
            return _again(context, *earlier)
        try:
            result = resolver(context, thing, args)
        except UserProblem as problem:
            result = {"userErrors": [problem.entry]}
        shop.idempotency.remember(name, key, args, _kept(result), shop.now())
        return result

    return run


def _again(context: Context, result: Any, same: bool) -> dict[str, Any]:
    if not same:
        text = "The idempotency key was used with other parameters before."
        raise UserProblem(None, text, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
    return {**_revived(context, result), "replayed": True}


def _kept(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without references to records, so that it can be kept over restarts."""
    level = result.get("inventoryLevel")
    if level is not None:
        return {"level": [level.variant.id, level.location_id], "userErrors": []}
    group = result.get("inventoryAdjustmentGroup")
    if group is None:
        return {"userErrors": result["userErrors"]}
    changes = [
        {**change, "item": change["item"].variant.inventory_id, "location": change["location"].id}
        for change in group["changes"]
    ]
    return {"inventoryAdjustmentGroup": {**group, "changes": changes}, "userErrors": []}


def _revived(context: Context, kept: dict[str, Any]) -> dict[str, Any]:
    catalog = context.shop.catalog
    if "level" in kept:
        variant_id, location_id = kept["level"]
        variant = catalog.variants.get(variant_id)
        return {"inventoryLevel": variant and InventoryLevel(variant, location_id), "userErrors": []}
    group = kept.get("inventoryAdjustmentGroup")
    if group is None:
        return {"userErrors": list(kept["userErrors"])}
    changes = [
        {
            **change,
            "item": InventoryItem(catalog.variants[catalog.by_inventory[change["item"]]])
            if change["item"] in catalog.by_inventory
            else None,
            "location": context.shop.locations.get(change["location"]),
        }
        for change in group["changes"]
    ]
    return {"inventoryAdjustmentGroup": {**group, "changes": changes}, "userErrors": []}


def _read(context: Context, rows: Sequence[Mapping[str, Any]], given: str, amount: str) -> list[Wanted]:
    """Return the wanted changes; *given* is the list's name in the input, *amount* that of the number.

    Raises:   UserProblem for the first wrong row; Refused when `changeFromQuantity` is left out.
    """
    kind = "InventoryQuantityInput" if amount == "quantity" else "InventoryChangeInput"
    found: list[Wanted] = []
    for place, row in enumerate(rows):
        at = ["input", given, str(place)]
        if "changeFromQuantity" not in row and (context.version >= _STRICT_SINCE or context.version == "unstable"):
            text = f"{kind} must include the following argument: changeFromQuantity."
            raise Refused(text, "INVALID_FIELD_ARGUMENTS")
        found.append(_wanted(context, row, at, amount))
    pairs = {(one.variant.id, one.location_id) for one in found}
    if len(pairs) < len(found):
        text = "The combination of inventoryItemId and locationId must be unique."
        code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR" if amount == "quantity" else "ADJUST_QUANTITIES_FAILED"
        raise UserProblem(["input", given], text, code)
    return found


def _wanted(context: Context, row: Mapping[str, Any], at: list[str], amount: str) -> Wanted:
    catalog = context.shop.catalog
    variant_id = catalog.by_inventory.get(number_of(row["inventoryItemId"], "InventoryItem") or 0)
    if variant_id is None:
        text = "The specified inventory item could not be found."
        raise UserProblem([*at, "inventoryItemId"], text, "INVALID_INVENTORY_ITEM")
    location_id = number_of(row["locationId"], "Location") or 0
    variant = catalog.variants[variant_id]
    location = context.shop.locations.get(location_id)
    if location is None or not location.active:
        raise UserProblem([*at, "locationId"], "The specified location could not be found.", "INVALID_LOCATION")
    if location_id not in variant.levels:
        text = "The specified inventory item is not stocked at the location."
        raise UserProblem([*at, "locationId"], text, "INVALID_LOCATION")
    if not variant.tracked:
        text = "The specified inventory item is not tracked."
        raise UserProblem([*at, "inventoryItemId"], text, "NON_MUTABLE_INVENTORY_ITEM")
    return Wanted(variant, location_id, row[amount], row.get("changeFromQuantity"), row.get("ledgerDocumentUri"))


def _check_input(given: Mapping[str, Any], names: tuple[str, ...], code: str) -> None:
    if given["name"] not in names:
        raise UserProblem(["input", "name"], f"The quantity name must be one of {', '.join(names)}.", code)
    if given["reason"] not in REASONS:
        raise UserProblem(["input", "reason"], "The specified reason is invalid.", "INVALID_REASON")


def _apply(
    context: Context, given: Mapping[str, Any], wanted: list[Wanted], rows: str, after: Callable[[Wanted], int]
) -> dict[str, Any]:
    """Do all changes, or none and say which beliefs were stale."""
    stale = [
        user_error(
            ["input", rows, str(place), "changeFromQuantity"],
            "The changeFromQuantity value does not match the persisted value.",
            "CHANGE_FROM_QUANTITY_STALE",
        )
        for place, one in enumerate(wanted)
        if one.before is not None and one.before != one.variant.levels[one.location_id]
    ]
    if stale:
        return {"inventoryAdjustmentGroup": None, "userErrors": stale}
    changes = []
    for one in wanted:
        quantity, before = after(one), one.variant.levels[one.location_id]
        if quantity != before:
            context.shop.set_stock(one.variant, one.location_id, quantity)
        changes.append(_change(context, one, given["name"], quantity - before, quantity))
    return {"inventoryAdjustmentGroup": _group(context, given, changes), "userErrors": []}


def _change(context: Context, one: Wanted, name: str, delta: int, quantity: int) -> dict[str, Any]:
    return {
        "delta": delta,
        "item": InventoryItem(one.variant),
        "ledgerDocumentUri": one.ledger,
        "location": context.shop.locations[one.location_id],
        "name": name,
        "quantityAfterChange": quantity,
    }


def _group(context: Context, given: Mapping[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": gid("InventoryAdjustmentGroup", context.shop.ids.take()),
        "app": app_value(context),
        "changes": changes,
        "createdAt": time_text(context.shop.now()),
        "reason": given["reason"],
        "referenceDocumentUri": given.get("referenceDocumentUri"),
    }


def _set(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    given = args["input"]
    _check_input(given, ("available", "on_hand"), "INVALID_NAME")
    wanted = _read(context, given["quantities"], "quantities", "quantity")
    for place, one in enumerate(wanted):
        at = ["input", "quantities", str(place), "quantity"]
        if one.quantity > MOST:
            raise UserProblem(at, "The quantity can't be higher than 1,000,000,000.", "INVALID_QUANTITY_TOO_HIGH")
        if one.quantity < (0 if given["name"] == "on_hand" else -MOST):
            raise UserProblem(at, "The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE")
    return _apply(context, given, wanted, "quantities", lambda one: one.quantity)


def _adjust(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    given = args["input"]
    _check_input(given, ("available",), "INVALID_QUANTITY_NAME")
    wanted = _read(context, given["changes"], "changes", "delta")
    for place, one in enumerate(wanted):
        if abs(one.variant.levels[one.location_id] + one.quantity) > MOST:
            code = "INVALID_QUANTITY_TOO_HIGH" if one.quantity > 0 else "INVALID_QUANTITY_TOO_LOW"
            raise UserProblem(["input", "changes", str(place), "delta"], "The quantity is out of range.", code)
    return _apply(context, given, wanted, "changes", lambda one: one.variant.levels[one.location_id] + one.quantity)


def _activate(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    catalog = context.shop.catalog
    variant = catalog.variants.get(
        catalog.by_inventory.get(number_of(args["inventoryItemId"], "InventoryItem") or 0, 0)
    )
    location = context.shop.locations.get(number_of(args["locationId"], "Location") or 0)
    if variant is None or location is None:
        raise UserProblem(None, "The product couldn't be stocked because it wasn't found.")
    if location.id not in variant.levels:
        context.shop.set_stock(variant, location.id, args.get("available") or 0)
    elif args.get("available") is not None:
        raise UserProblem(
            ["available"], "Not allowed to set available quantity when the item is already active at the location."
        )
    return {"inventoryLevel": InventoryLevel(variant, location.id), "userErrors": []}


MUTATIONS: Mapping[str, Resolver] = {
    "inventorySetQuantities": _keyed("inventorySetQuantities", _set),
    "inventoryAdjustQuantities": _keyed("inventoryAdjustQuantities", _adjust),
    "inventoryActivate": _keyed("inventoryActivate", _activate),
}
