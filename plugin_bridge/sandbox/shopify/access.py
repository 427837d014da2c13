"""Which access scopes a type or a field wants: one of each set must be there, writing covers reading."""

from collections.abc import Iterable, Mapping

_PRODUCTS = frozenset({"read_products"})
_INVENTORY = frozenset({"read_inventory"})
_ITEMS = frozenset({"read_inventory", "read_products"})
_PLACES = frozenset({"read_locations", "read_inventory"})
_LOCATIONS = frozenset({"read_locations"})
_ORDERS = frozenset({"read_orders"})
_CUSTOMERS = frozenset({"read_customers"})
_WRITE_PRODUCTS = frozenset({"write_products"})
_WRITE_INVENTORY = frozenset({"write_inventory"})
_PUBLICATIONS = frozenset({"read_publications"})
_PUBLISH = frozenset({"write_publications"})

TYPES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Product", "ProductVariant", "Collection", "ProductOption", "ProductOptionValue"), _PRODUCTS),
    **dict.fromkeys(("ProductPriceRangeV2", "ProductCompareAtPriceRange", "MediaImage", "Media"), _PRODUCTS),
    **dict.fromkeys(("InventoryItem", "InventoryItemMeasurement"), _ITEMS),
    **dict.fromkeys(("InventoryLevel", "InventoryQuantity", "InventoryAdjustmentGroup", "InventoryChange"), _INVENTORY),
    "AppCatalog": _PRODUCTS,
    "Location": _PLACES,
    "Order": _ORDERS,
    "LineItem": _ORDERS,
    "Customer": _CUSTOMERS,
}
"""By the type a field returns; connections count as their nodes."""

FIELDS: Mapping[tuple[str, str], frozenset[str]] = {
    **{("InventoryItem", name): _INVENTORY for name in ("inventoryLevel", "inventoryLevels", "locationsCount")},
    **{
        ("Location", name): _LOCATIONS
        for name in (
            *("address", "createdAt", "fulfillsOnlineOrders", "hasActiveInventory", "inventoryLevels", "isActive"),
            *("isFulfillmentService", "name", "shipsInventory", "updatedAt"),
        )
    },
    **{
        ("Mutation", name): _WRITE_PRODUCTS
        for name in (
            *("productCreate", "productUpdate", "productSet", "productDelete", "productVariantsBulkCreate"),
            *("productVariantsBulkUpdate", "productVariantsBulkDelete", "metafieldsSet"),
        )
    },
    **{
        ("Mutation", name): _WRITE_INVENTORY
        for name in ("inventorySetQuantities", "inventoryAdjustQuantities", "inventoryActivate")
    },
    ("Mutation", "publishablePublish"): _PUBLISH,
    ("QueryRoot", "publications"): _PUBLICATIONS,
    ("QueryRoot", "ordersCount"): _ORDERS,
    **{("QueryRoot", name): _PRODUCTS for name in ("productsCount", "productVariantsCount", "productByIdentifier")},
}


def spread(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes with every one that they imply."""
    given = {scope.strip() for scope in scopes if scope.strip()}
    return frozenset(given | {f"read_{scope.removeprefix('write_')}" for scope in given if scope.startswith("write_")})


def missing(parent: str, field: str, returns: str, granted: frozenset[str]) -> frozenset[str] | None:
    """Return the scopes one of which the field wants and none of which is there; None when it may be asked."""
    wanted_by_type = TYPES.get(returns.removesuffix("Connection"))
    if wanted_by_type is not None and parent not in ("Mutation",) and not wanted_by_type & granted:
        return wanted_by_type
    wanted = FIELDS.get((parent, field))
    return wanted if wanted is not None and not wanted & granted else None
