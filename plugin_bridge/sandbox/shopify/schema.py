"""The schema of the simulated shop and what answers each of its reading fields."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from graphql import GraphQLSchema, build_schema

from plugin_bridge.sandbox.shopify import (
    inventory_fields,
    order_fields,
    product_fields,
    publishing,
    root_fields,
    scalars,
)
from plugin_bridge.sandbox.shopify.channels import AppCatalog, Publication
from plugin_bridge.sandbox.shopify.context import Context, InventoryItem, InventoryLevel, Resolver, Table
from plugin_bridge.sandbox.shopify.operations import Operation
from plugin_bridge.sandbox.shopify.problems import Refused
from plugin_bridge.sandbox.shopify.records import Collection, Hook, Image, Location, Order, Product, Variant

TABLES: Mapping[str, Table] = {
    "QueryRoot": root_fields.QUERY,
    "Shop": root_fields.SHOP,
    "AppInstallation": root_fields.INSTALLATION,
    "WebhookSubscription": root_fields.WEBHOOK,
    "BulkOperation": root_fields.OPERATION,
    "Product": product_fields.PRODUCT,
    "ProductOption": product_fields.OPTION,
    "ProductOptionValue": product_fields.OPTION_VALUE,
    "ProductVariant": product_fields.VARIANT,
    "MediaImage": product_fields.MEDIA_IMAGE,
    "Image": product_fields.IMAGE,
    "Metafield": product_fields.METAFIELD,
    "Collection": product_fields.COLLECTION,
    "InventoryItem": inventory_fields.INVENTORY_ITEM,
    "InventoryLevel": inventory_fields.INVENTORY_LEVEL,
    "Location": inventory_fields.LOCATION,
    "Order": order_fields.ORDER,
    "Customer": order_fields.CUSTOMER,
    "LineItem": order_fields.LINE_ITEM,
    "Publication": publishing.PUBLICATION,
    "AppCatalog": publishing.APP_CATALOG,
}

TYPE_NAMES: Mapping[type, str] = {
    Product: "Product",
    Variant: "ProductVariant",
    InventoryItem: "InventoryItem",
    InventoryLevel: "InventoryLevel",
    Location: "Location",
    Order: "Order",
    Collection: "Collection",
    Image: "MediaImage",
    Hook: "WebhookSubscription",
    Operation: "BulkOperation",
    Publication: "Publication",
    AppCatalog: "AppCatalog",
}
"""What a thing is where only an interface is promised."""


@cache
def bare_schema() -> GraphQLSchema:
    """Return the schema; `engine.shop_schema` gives it its resolvers."""
    folder = files("plugin_bridge.sandbox.shopify") / "schema"
    texts = [one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".graphql")]
    schema = build_schema("\n".join(texts))
    scalars.attach(schema)
    return schema


def resolver_of(parent: str, name: str) -> Resolver:
    """Return what answers a field: its own resolver, or the entry or attribute of its name."""
    found = TABLES.get(parent, {}).get(name)
    return found if found is not None else _plain(name)


def _plain(name: str) -> Resolver:
    def read(_context: Context, thing: Any, _args: Mapping[str, Any]) -> Any:
        return thing.get(name) if isinstance(thing, dict) else getattr(thing, name)

    return read


def denied(wanted: frozenset[str], name: str) -> Refused:
    """Return the error of a field the token may not read."""
    scopes = " or ".join(f"`{scope}`" for scope in sorted(wanted))
    text = f"Access denied for {name} field. Required access: {scopes} access scope."
    return Refused(
        text,
        "ACCESS_DENIED",
        documentation="https://shopify.dev/api/usage/access-scopes",
        requiredAccess=f"{scopes} access scope.",
    )
