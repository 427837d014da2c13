"""Fields of the query root, the shop and the app's installation."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from plugin_bridge.sandbox.shelf import Shelf
from plugin_bridge.sandbox.shopify import publishing
from plugin_bridge.sandbox.shopify.context import Context, InventoryItem, InventoryLevel, Table
from plugin_bridge.sandbox.shopify.gids import gid, number_of, split
from plugin_bridge.sandbox.shopify.options import SUPPORTED_VERSIONS
from plugin_bridge.sandbox.shopify.paging import MAX_PAGE, Source
from plugin_bridge.sandbox.shopify.problems import Refused
from plugin_bridge.sandbox.shopify.records import Hook, Order
from plugin_bridge.sandbox.shopify.search import Field, Node, parse
from plugin_bridge.sandbox.shopify.terms import (
    inventory_terms,
    operation_terms,
    order_terms,
    product_terms,
    variant_terms,
)
from plugin_bridge.sandbox.shopify.values import counted, listed, time_text

ORDER_WINDOW_S = 60 * 86_400
COUNT_CAP = 10_000

_PRODUCT_SORTS: Mapping[str, Callable[[Any], Any]] = {
    "TITLE": lambda one: one.title.lower(),
    "CREATED_AT": lambda one: one.created_at,
    "PUBLISHED_AT": lambda one: one.published_at or 0,
    "VENDOR": lambda one: one.vendor.lower(),
    "PRODUCT_TYPE": lambda one: one.product_type.lower(),
}
_VARIANT_SORTS: Mapping[str, Callable[[Any], Any]] = {
    "SKU": lambda one: one.sku,
    "TITLE": lambda one: one.title.lower(),
    "NAME": lambda one: one.title.lower(),
    "POSITION": lambda one: one.position,
    "INVENTORY_QUANTITY": lambda one: one.available,
}
_ORDER_SORTS: Mapping[str, Callable[[Any], Any]] = {
    "CREATED_AT": lambda one: one.created_at,
    "PROCESSED_AT": lambda one: one.created_at,
    "UPDATED_AT": lambda one: one.updated_at,
    "ORDER_NUMBER": lambda one: one.number,
}


def _searched(context: Context, name: str, args: Mapping[str, Any], terms: Mapping[str, Field]) -> Node | None:
    query = args.get("query")
    if not query or not query.strip():
        return None
    found = parse(query, terms)
    if found.warnings:
        context.searches.append({"path": [name], "query": query, "warnings": found.warnings})
    return found.root


def _source(
    shelf: Shelf,
    things: Mapping[int, Any],
    sorts: Mapping[str, Callable[[Any], Any]],
    args: Mapping[str, Any],
    search: Node | None,
) -> Source:
    """Return the things of a shelf, searched and sorted; only what the search can find is looked at where it tells."""
    sort, reverse = args.get("sortKey") or "ID", bool(args.get("reverse"))
    keeps = search.keeps if search else None
    ids = search.candidates() if search else None
    if sort in sorts:
        wanted = things.values() if ids is None else [things[one] for one in ids if one in things]
        keys: Sequence[Any] = sorted((sorts[sort](one), one.id) for one in wanted)
        return Source(keys, lambda key: things.get(key[1]), keeps, reverse=reverse)
    if sort == "UPDATED_AT":
        keys = (
            shelf.moves
            if ids is None
            else shelf.moves_of({one: things[one].updated_at for one in ids if one in things})
        )
        return Source(keys, lambda key: things.get(shelf.id_of(key)), keeps, reverse=reverse)
    keys = shelf.ids if ids is None else sorted(ids & things.keys())
    return Source(keys, things.get, keeps, reverse=reverse)


def products(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `products`."""
    catalog = context.shop.catalog
    search = _searched(context, "products", args, product_terms(catalog))
    return _source(catalog.product_shelf, catalog.products, _PRODUCT_SORTS, args, search)


def variants(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `productVariants`."""
    catalog = context.shop.catalog
    search = _searched(context, "productVariants", args, variant_terms(catalog))
    return _source(catalog.variant_shelf, catalog.variants, _VARIANT_SORTS, args, search)


def inventory_items(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `inventoryItems`; its order is that of the variants."""
    catalog = context.shop.catalog
    search = _searched(context, "inventoryItems", args, inventory_terms(catalog))
    ids = search.candidates() if search else None
    keys = catalog.variant_shelf.ids if ids is None else sorted(ids & catalog.variants.keys())

    def load(variant_id: int) -> InventoryItem | None:
        variant = catalog.variants.get(variant_id)
        return None if variant is None or (search and not search.keeps(variant)) else InventoryItem(variant)

    return Source(keys, load, reverse=bool(args.get("reverse")))


def _visible(context: Context) -> dict[int, Order]:
    """Return the orders the app may see: those of the last 60 days, unless it was approved for all."""
    shop = context.shop
    if shop.options.all_orders:
        return shop.orders
    oldest = shop.now() - ORDER_WINDOW_S
    return {order.id: order for order in shop.orders.values() if order.created_at >= oldest}


def orders(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `orders`."""
    seen = _visible(context)
    search = _searched(context, "orders", args, order_terms())
    sort = _ORDER_SORTS.get(args.get("sortKey") or "PROCESSED_AT")
    keys = sorted(((sort(one) if sort else one.id), one.id) for one in seen.values())
    return Source(
        keys, lambda key: seen.get(key[1]), search.keeps if search else None, reverse=bool(args.get("reverse"))
    )


def locations(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `locations`: closed ones only when asked for."""
    found = [one for one in context.shop.locations.values() if one.active or args.get("includeInactive")]
    by_id = args.get("sortKey") == "ID"
    found.sort(key=lambda one: one.id if by_id else (one.name.lower(), one.id))
    return listed(found, reverse=bool(args.get("reverse")))


def operations(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `bulkOperations`: the newest comes first unless asked otherwise."""
    search = _searched(context, "bulkOperations", args, operation_terms())
    found = [one for one in context.shop.operations.by_id.values() if search is None or search.keeps(one)]
    return listed(found, reverse=not args.get("reverse"))


def _hooks(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    topics, uri = args.get("topics"), args.get("uri")
    found: list[Hook] = [
        hook
        for hook in context.shop.hooks.values()
        if (not topics or hook.topic in topics) and (uri is None or hook.uri == uri)
    ]
    return listed(found, reverse=bool(args.get("reverse")))


def _count(source: Source, args: Mapping[str, Any]) -> dict[str, Any]:
    limit = args.get("limit", COUNT_CAP)
    upto = sum(1 for _ in islice(source.everything(), None if limit is None else limit + 1))
    return counted(upto, limit)


def node(context: Context, _: Any, args: Mapping[str, Any]) -> Any:
    """Answer `node`: None for what is not there, an error for what is no global id."""
    parts = split(args["id"])
    if parts is None:
        raise Refused(f"Invalid global id '{args['id'][:100]}'", "RESOURCE_NOT_FOUND")
    finder = _FINDERS.get(parts[0])
    return finder(context, args["id"]) if finder else None


def _nodes(context: Context, _: Any, args: Mapping[str, Any]) -> list[Any]:
    if len(args["ids"]) > MAX_PAGE:
        text = f"The input array size of {len(args['ids'])} is greater than the maximum allowed of {MAX_PAGE}."
        raise Refused(text, "MAX_INPUT_SIZE_EXCEEDED")
    return [node(context, None, {"id": one}) for one in args["ids"]]


def inventory_item(context: Context, text: str) -> InventoryItem | None:
    """Return an inventory item by its global id."""
    catalog = context.shop.catalog
    variant_id = catalog.by_inventory.get(number_of(text, "InventoryItem") or 0)
    return None if variant_id is None else InventoryItem(catalog.variants[variant_id])


def _inventory_level(context: Context, text: str) -> InventoryLevel | None:
    place, _, item = text.partition("?inventory_item_id=")
    found = inventory_item(context, gid("InventoryItem", item)) if item.isdigit() else None
    location_id = number_of(place, "InventoryLevel")
    if found is None or location_id is None or location_id not in found.variant.levels:
        return None
    return InventoryLevel(found.variant, location_id)


def _finder(kind: str, things: Callable[[Context], Mapping[int, Any]]) -> Callable[[Context, str], Any]:
    return lambda context, text: things(context).get(number_of(text, kind) or 0)


_FINDERS: Mapping[str, Callable[[Context, str], Any]] = {
    "Product": _finder("Product", lambda context: context.shop.catalog.products),
    "ProductVariant": _finder("ProductVariant", lambda context: context.shop.catalog.variants),
    "InventoryItem": inventory_item,
    "InventoryLevel": _inventory_level,
    "Location": _finder("Location", lambda context: context.shop.locations),
    "Order": _finder("Order", _visible),
    "Collection": _finder("Collection", lambda context: context.shop.collections),
    "BulkOperation": _finder("BulkOperation", lambda context: context.shop.operations.by_id),
    "WebhookSubscription": _finder("WebhookSubscription", lambda context: context.shop.hooks),
}


def _one(kind: str) -> Callable[[Context, Any, Mapping[str, Any]], Any]:
    return lambda context, _, args: _FINDERS[kind](context, args["id"])


def _location(context: Context, _: Any, args: Mapping[str, Any]) -> Any:
    if args.get("id") is None:
        return context.shop.first_location
    return _FINDERS["Location"](context, args["id"])


def _by_identifier(context: Context, _: Any, args: Mapping[str, Any]) -> Any:
    wanted, catalog = args["identifier"], context.shop.catalog
    if wanted.get("id"):
        return _FINDERS["Product"](context, wanted["id"])
    return catalog.products.get(catalog.by_handle.get(wanted.get("handle") or "", 0))


QUERY: Table = {
    "shop": lambda context, _, __: context.shop,
    "currentAppInstallation": lambda context, _, __: context.shop.installation,
    "location": _location,
    "locations": locations,
    "product": _one("Product"),
    "productByIdentifier": _by_identifier,
    "products": products,
    "productsCount": lambda context, _, args: _count(products(context, None, {"query": args.get("query")}), args),
    "productVariant": _one("ProductVariant"),
    "productVariants": variants,
    "productVariantsCount": lambda context, _, args: _count(
        variants(context, None, {"query": args.get("query")}), args
    ),
    "publications": publishing.publications,
    "inventoryItem": _one("InventoryItem"),
    "inventoryItems": inventory_items,
    "inventoryLevel": _one("InventoryLevel"),
    "node": node,
    "nodes": _nodes,
    "order": _one("Order"),
    "orders": orders,
    "ordersCount": lambda context, _, args: _count(orders(context, None, {"query": args.get("query")}), args),
    "collection": _one("Collection"),
    "collections": lambda context, _, args: listed(
        list(context.shop.collections.values()), reverse=bool(args.get("reverse"))
    ),
    "bulkOperation": _one("BulkOperation"),
    "bulkOperations": operations,
    "webhookSubscription": _one("WebhookSubscription"),
    "webhookSubscriptions": _hooks,
    "webhookSubscriptionsCount": lambda context, _, args: counted(len(context.shop.hooks), args.get("limit")),
}


def _offset(shop: Any) -> int:
    offset = datetime.fromtimestamp(shop.now(), ZoneInfo(shop.options.timezone)).utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


def _offset_text(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


SHOP: Table = {
    "id": lambda _, one, __: gid("Shop", one.id),
    "name": lambda _, one, __: one.options.name,
    "email": lambda _, __, ___: "owner@example.com",
    "contactEmail": lambda _, __, ___: "owner@example.com",
    "myshopifyDomain": lambda _, one, __: one.options.domain,
    "primaryDomain": lambda _, one, __: {
        "id": gid("Domain", one.id),
        "host": one.options.domain,
        "url": f"https://{one.options.domain}",
        "sslEnabled": True,
    },
    "currencyCode": lambda _, one, __: one.options.currency,
    "enabledPresentmentCurrencies": lambda _, one, __: [one.options.currency],
    "ianaTimezone": lambda _, one, __: one.options.timezone,
    "timezoneAbbreviation": lambda _, one, __: datetime.fromtimestamp(
        one.now(), ZoneInfo(one.options.timezone)
    ).strftime("%Z"),
    "timezoneOffset": lambda _, one, __: _offset_text(_offset(one)),
    "timezoneOffsetMinutes": lambda _, one, __: _offset(one),
    "weightUnit": lambda _, __, ___: "KILOGRAMS",
    "unitSystem": lambda _, __, ___: "METRIC_SYSTEM",
    "taxesIncluded": lambda _, __, ___: False,
    "setupRequired": lambda _, __, ___: False,
    "plan": lambda _, __, ___: {"partnerDevelopment": True, "publicDisplayName": "Development", "shopifyPlus": False},
    "shopOwnerName": lambda _, __, ___: "Olive Owner",
    "createdAt": lambda _, one, __: time_text(one.seeded_at),
    "updatedAt": lambda _, one, __: time_text(one.seeded_at),
    "url": lambda _, one, __: f"https://{one.options.domain}",
    "metafield": lambda _, __, ___: None,
    "metafields": lambda _, __, ___: listed([]),
}

INSTALLATION: Table = {
    "id": lambda context, _, __: gid("AppInstallation", context.shop.id),
    "accessScopes": lambda _, one, __: [
        {"handle": handle, "description": handle.replace("_", " ").capitalize()} for handle in sorted(one.granted)
    ],
    "app": lambda context, _, __: app_value(context),
    "launchUrl": lambda context, _, __: f"{context.shop.options.address}/admin/apps/app",
    "uninstallUrl": lambda _, __, ___: None,
}


def app_value(context: Context) -> dict[str, Any]:
    """Return the app that asks."""
    app = context.shop.app
    title = app.title if app else "App"
    return {
        "id": gid("App", 1),
        "title": title,
        "handle": title.lower(),
        "apiKey": app.client_id if app else "",
        "embedded": True,
    }


def _api_version(context: Context) -> dict[str, Any]:
    return {
        "handle": context.version,
        "displayName": context.version,
        "supported": context.version in SUPPORTED_VERSIONS,
    }


WEBHOOK: Table = {
    "id": lambda _, one, __: gid("WebhookSubscription", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "apiVersion": lambda context, _, __: _api_version(context),
    "topic": lambda _, one, __: one.topic,
    "uri": lambda _, one, __: one.uri,
    "format": lambda _, __, ___: "JSON",
    "filter": lambda _, one, __: one.filter,
    "includeFields": lambda _, one, __: list(one.include_fields),
    "metafieldNamespaces": lambda _, one, __: list(one.namespaces),
    "name": lambda _, one, __: one.name,
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
}

OPERATION: Table = {
    "id": lambda _, one, __: gid("BulkOperation", one.id),
    "type": lambda _, one, __: one.type,
    "status": lambda _, one, __: one.status,
    "errorCode": lambda _, one, __: one.error_code,
    "query": lambda _, one, __: one.query,
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "completedAt": lambda _, one, __: time_text(one.completed_at),
    "objectCount": lambda _, one, __: str(one.objects),
    "rootObjectCount": lambda _, one, __: str(one.roots),
    "fileSize": lambda _, one, __: None if one.file_size is None else str(one.file_size),
    "url": lambda context, one, _: context.shop.operations.url(one, partial=False),
    "partialDataUrl": lambda context, one, _: context.shop.operations.url(one, partial=True),
}
