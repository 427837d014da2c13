"""Fields of inventory items, levels and locations."""

from collections.abc import Mapping
from typing import Any

from plugin_bridge.sandbox.shopify.context import Context, InventoryItem, InventoryLevel, Table
from plugin_bridge.sandbox.shopify.gids import gid, number_of
from plugin_bridge.sandbox.shopify.paging import Source
from plugin_bridge.sandbox.shopify.records import Location, Variant
from plugin_bridge.sandbox.shopify.values import counted, listed, money, time_text

QUANTITY_NAMES = (
    "available",
    "committed",
    "damaged",
    "incoming",
    "on_hand",
    "quality_control",
    "reserved",
    "safety_stock",
)
"""All states of inventory; the simulated shop moves `available` and `on_hand`, which are equal here."""


def _levels(context: Context, variant: Variant, args: Mapping[str, Any]) -> Source:
    found = [
        InventoryLevel(variant, place)
        for place in variant.levels
        if args.get("includeInactive") or context.shop.locations[place].active
    ]
    return listed(found, reverse=bool(args.get("reverse")))


def _level(variant: Variant, args: Mapping[str, Any]) -> InventoryLevel | None:
    place = number_of(args["locationId"], "Location")
    return InventoryLevel(variant, place) if place in variant.levels else None


def quantities(level: InventoryLevel, args: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the named quantities of a level."""
    pieces = level.variant.levels.get(level.location_id, 0)
    return [
        {
            "id": f"gid://shopify/InventoryQuantity/{level.variant.inventory_id}?inventory_name={name}",
            "name": name,
            "quantity": pieces if name in ("available", "on_hand") else 0,
            "updatedAt": time_text(level.variant.updated_at),
        }
        for name in args["names"]
        if name in QUANTITY_NAMES
    ]


def _at_place(context: Context, location: Location, args: Mapping[str, Any]) -> Source:
    catalog = context.shop.catalog

    def load(variant_id: int) -> InventoryLevel | None:
        variant = catalog.variants.get(variant_id)
        return InventoryLevel(variant, location.id) if variant and location.id in variant.levels else None

    return Source(catalog.variant_shelf.ids, load, reverse=bool(args.get("reverse")))


INVENTORY_ITEM: Table = {
    "id": lambda _, one, __: gid("InventoryItem", one.variant.inventory_id),
    "legacyResourceId": lambda _, one, __: str(one.variant.inventory_id),
    "sku": lambda _, one, __: one.variant.sku or None,
    "tracked": lambda _, one, __: one.variant.tracked,
    "requiresShipping": lambda _, one, __: one.variant.ships,
    "unitCost": lambda context, one, _: money(context, one.variant.cost),
    "measurement": lambda _, one, __: {
        "id": gid("InventoryItemMeasurement", one.variant.inventory_id),
        "weight": {"unit": one.variant.weight_unit, "value": one.variant.weight},
    },
    "countryCodeOfOrigin": lambda _, __, ___: None,
    "harmonizedSystemCode": lambda _, __, ___: None,
    "createdAt": lambda _, one, __: time_text(one.variant.created_at),
    "updatedAt": lambda _, one, __: time_text(one.variant.updated_at),
    "locationsCount": lambda _, one, __: counted(len(one.variant.levels)),
    "variants": lambda _, one, __: listed([one.variant]),
    "inventoryLevel": lambda _, one, args: _level(one.variant, args),
    "inventoryLevels": lambda context, one, args: _levels(context, one.variant, args),
}

INVENTORY_LEVEL: Table = {
    "id": lambda _, one, __: (
        f"gid://shopify/InventoryLevel/{one.location_id}?inventory_item_id={one.variant.inventory_id}"
    ),
    "item": lambda _, one, __: InventoryItem(one.variant),
    "location": lambda context, one, _: context.shop.locations[one.location_id],
    "quantities": lambda _, one, args: quantities(one, args),
    "isActive": lambda context, one, _: context.shop.locations[one.location_id].active,
    "createdAt": lambda _, one, __: time_text(one.variant.created_at),
    "updatedAt": lambda _, one, __: time_text(one.variant.updated_at),
}

LOCATION: Table = {
    "id": lambda _, one, __: gid("Location", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "name": lambda _, one, __: one.name,
    "isActive": lambda _, one, __: one.active,
    "isFulfillmentService": lambda _, __, ___: False,
    "fulfillsOnlineOrders": lambda _, one, __: one.active,
    "shipsInventory": lambda _, one, __: one.active,
    "hasActiveInventory": lambda _, __, ___: True,
    "address": lambda _, __, ___: {"country": "United States", "countryCode": "US", "formatted": ["United States"]},
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.created_at),
    "inventoryLevels": _at_place,
}
