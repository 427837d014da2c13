"""Fields of products, their options, media, metafields and collections."""

import html
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from plugin_bridge.sandbox.shopify.context import Context, InventoryItem, Table
from plugin_bridge.sandbox.shopify.gids import gid
from plugin_bridge.sandbox.shopify.paging import Source, cursor_of
from plugin_bridge.sandbox.shopify.publishing import lies_online, published_on
from plugin_bridge.sandbox.shopify.records import Collection, Image, Metafield, Option, Product, Variant
from plugin_bridge.sandbox.shopify.values import counted, listed, money, time_text

_TAGS = re.compile(r"<[^>]+>")
_IMAGE_TYPES = {"png": "image/png", "webp": "image/webp", "gif": "image/gif"}


def _variants(context: Context, product: Product) -> list[Variant]:
    return context.shop.catalog.variants_of(product)


def _text(product: Product, args: Mapping[str, Any]) -> str:
    text = " ".join(html.unescape(_TAGS.sub(" ", product.body_html)).split())
    cut = args.get("truncateAt")
    return text if cut is None or len(text) <= cut else f"{text[: max(cut - 3, 0)]}..."


def _range(context: Context, product: Product, name: str, least: str, most: str) -> dict[str, Any] | None:
    amounts = [Decimal(value) for one in _variants(context, product) if (value := getattr(one, name)) is not None]
    if not amounts:
        return None
    return {least: money(context, str(min(amounts))), most: money(context, str(max(amounts)))}


def _variant_source(context: Context, product: Product, args: Mapping[str, Any]) -> Source:
    variants = _variants(context, product)
    if args.get("sortKey") == "ID":
        variants = sorted(variants, key=lambda one: one.id)
    return listed(variants, reverse=bool(args.get("reverse")))


def metafield(owner: Any, args: Mapping[str, Any]) -> Metafield | None:
    """Return one metafield of an owner by namespace and key; a key may hold its namespace."""
    namespace, key = args.get("namespace"), args["key"]
    if namespace is None:
        namespace, dot, rest = key.partition(".")
        if not dot:
            namespace, rest = "custom", key
        key = rest
    for one in owner.metafields:
        if one.key == key and one.namespace == namespace:
            found: Metafield = one
            return found
    return None


def metafields(owner: Any, args: Mapping[str, Any]) -> Source:
    """Return the metafields of an owner, of one namespace or some keys when asked."""
    namespace, keys = args.get("namespace"), args.get("keys")
    found = [
        one
        for one in owner.metafields
        if (namespace is None or one.namespace == namespace)
        and (not keys or f"{one.namespace}.{one.key}" in keys or (namespace is not None and one.key in keys))
    ]
    return listed(found, reverse=bool(args.get("reverse")))


def image_source(images: list[Image], args: Mapping[str, Any]) -> Source:
    """Return pictures as a connection; a query for another type of media finds none."""
    query = (args.get("query") or "").upper()
    wrong = "MEDIA_TYPE:" in query and "IMAGE" not in query
    return listed([] if wrong else images, reverse=bool(args.get("reverse")))


@lru_cache(maxsize=5_000)
def category(name: str) -> dict[str, Any] | None:
    """Return the entry of the taxonomy with a full name, None for none; its id is made up."""
    if not name:
        return None
    parts = name.split(" > ")
    code = "-".join(re.sub(r"[^a-z0-9]", "", part.lower())[:2] or "x" for part in parts)
    return {
        "id": gid("TaxonomyCategory", code),
        "name": parts[-1],
        "fullName": name,
        "isLeaf": True,
        "isRoot": len(parts) == 1,
        "level": len(parts),
        "parentId": gid("TaxonomyCategory", code.rpartition("-")[0]) if len(parts) > 1 else None,
    }


PRODUCT: Table = {
    "id": lambda _, one, __: gid("Product", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "defaultCursor": lambda _, one, __: cursor_of(one.id),
    "title": lambda _, one, __: one.title,
    "handle": lambda _, one, __: one.handle,
    "description": lambda _, one, args: _text(one, args),
    "descriptionHtml": lambda _, one, __: one.body_html,
    "vendor": lambda _, one, __: one.vendor,
    "productType": lambda _, one, __: one.product_type,
    "status": lambda _, one, __: one.status,
    "tags": lambda _, one, __: list(one.tags),
    "category": lambda _, one, __: category(one.category),
    "options": lambda _, one, args: list(enumerate(one.options, 1))[: args.get("first")],
    "hasOnlyDefaultVariant": lambda context, one, _: _only_default(context, one),
    "hasOutOfStockVariants": lambda context, one, _: any(
        v.tracked and v.available < 1 for v in _variants(context, one)
    ),
    "isGiftCard": lambda _, __, ___: False,
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
    "publishedOnPublication": published_on,
    "publishedAt": lambda _, one, __: time_text(one.published_at),
    "onlineStoreUrl": lambda context, one, _: _online_url(context, one),
    "onlineStorePreviewUrl": lambda context, one, _: f"https://{context.shop.options.domain}/products/{one.handle}",
    "priceRangeV2": lambda context, one, _: _range(context, one, "price", "minVariantPrice", "maxVariantPrice"),
    "compareAtPriceRange": lambda context, one, _: _range(
        context, one, "compare_at", "minVariantCompareAtPrice", "maxVariantCompareAtPrice"
    ),
    "totalInventory": lambda context, one, _: sum(v.available for v in _variants(context, one) if v.tracked),
    "tracksInventory": lambda context, one, _: any(v.tracked for v in _variants(context, one)),
    "seo": lambda _, one, __: {"title": one.seo_title or None, "description": one.seo_description or None},
    "templateSuffix": lambda _, one, __: one.template or None,
    "featuredMedia": lambda _, one, __: one.images[0] if one.images else None,
    "media": lambda _, one, args: image_source(list(one.images), args),
    "mediaCount": lambda _, one, __: counted(len(one.images)),
    "variants": _variant_source,
    "variantsCount": lambda _, one, __: counted(len(one.variants)),
    "collections": lambda context, one, args: listed(
        [context.shop.collections[found] for found in one.collections if found in context.shop.collections],
        reverse=bool(args.get("reverse")),
    ),
    "metafield": lambda _, one, args: metafield(one, args),
    "metafields": lambda _, one, args: metafields(one, args),
}

OPTION: Table = {
    "id": lambda _, pair, __: gid("ProductOption", pair[1].id),
    "name": lambda _, pair, __: pair[1].name,
    "position": lambda _, pair, __: pair[0],
    "values": lambda _, pair, __: [value.name for value in pair[1].values],
    "optionValues": lambda _, pair, __: list(pair[1].values),
}

OPTION_VALUE: Table = {
    "id": lambda _, one, __: gid("ProductOptionValue", one.id),
    "name": lambda _, one, __: one.name,
    "hasVariants": lambda _, __, ___: True,
}

VARIANT: Table = {
    "id": lambda _, one, __: gid("ProductVariant", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "defaultCursor": lambda _, one, __: cursor_of(one.id),
    "title": lambda _, one, __: one.title,
    "displayName": lambda context, one, _: f"{context.shop.catalog.products[one.product_id].title} - {one.title}",
    "sku": lambda _, one, __: one.sku or None,
    "barcode": lambda _, one, __: one.barcode or None,
    "price": lambda _, one, __: one.price,
    "compareAtPrice": lambda _, one, __: one.compare_at,
    "position": lambda _, one, __: one.position,
    "selectedOptions": lambda context, one, _: _selected(context.shop.catalog.products[one.product_id], one),
    "inventoryItem": lambda _, one, __: InventoryItem(one),
    "inventoryPolicy": lambda _, one, __: one.policy,
    "inventoryQuantity": lambda _, one, __: one.available,
    "sellableOnlineQuantity": lambda _, one, __: one.available,
    "availableForSale": lambda _, one, __: not one.tracked or one.policy == "CONTINUE" or one.available > 0,
    "taxable": lambda _, one, __: one.taxable,
    "requiresComponents": lambda _, __, ___: False,
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
    "product": lambda context, one, _: context.shop.catalog.products[one.product_id],
    "media": lambda context, one, args: image_source(_own_images(context, one), args),
    "metafield": lambda _, one, args: metafield(one, args),
    "metafields": lambda _, one, args: metafields(one, args),
}

MEDIA_IMAGE: Table = {
    "id": lambda _, one, __: gid("MediaImage", one.id),
    "alt": lambda _, one, __: one.alt or None,
    "mediaContentType": lambda _, __, ___: "IMAGE",
    "status": lambda _, __, ___: "READY",
    "fileStatus": lambda _, __, ___: "READY",
    "preview": lambda _, one, __: {"image": one, "status": "READY"},
    "image": lambda _, one, __: one,
    "mimeType": lambda _, one, __: _IMAGE_TYPES.get(one.url.rpartition(".")[2].lower(), "image/jpeg"),
    "createdAt": lambda context, _, __: time_text(context.shop.seeded_at),
    "updatedAt": lambda context, _, __: time_text(context.shop.seeded_at),
    "mediaErrors": lambda _, __, ___: [],
    "mediaWarnings": lambda _, __, ___: [],
}

IMAGE: Table = {
    "id": lambda _, one, __: gid("ImageSource", one.id),
    "altText": lambda _, one, __: one.alt or None,
    "url": lambda _, one, __: one.url,
    "height": lambda _, __, ___: 1024,
    "width": lambda _, __, ___: 1024,
}

METAFIELD: Table = {
    "id": lambda _, one, __: gid("Metafield", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "namespace": lambda _, one, __: one.namespace,
    "key": lambda _, one, __: one.key,
    "type": lambda _, one, __: one.type,
    "value": lambda _, one, __: one.value,
    "jsonValue": lambda _, one, __: json_value(one),
    "ownerType": lambda _, __, ___: "PRODUCT",
    "compareDigest": lambda _, one, __: digest(one),
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
}

COLLECTION: Table = {
    "id": lambda _, one, __: gid("Collection", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "title": lambda _, one, __: one.title,
    "handle": lambda _, one, __: one.handle,
    "descriptionHtml": lambda _, __, ___: "",
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
    "products": lambda context, one, args: listed(_members(context, one), reverse=bool(args.get("reverse"))),
    "productsCount": lambda context, one, _: counted(len(_members(context, one))),
}


def json_value(field: Metafield) -> Any:
    """Return a metafield's value as JSON: parsed where its type is JSON, a number or a truth value."""
    if field.type in ("json", "boolean", "number_integer", "number_decimal") or field.type.startswith("list."):
        try:
            return msgspec.json.decode(field.value)
        except msgspec.DecodeError:
            return field.value
    return field.value


def digest(field: Metafield) -> str:
    """Return what `compareDigest` must name to overwrite this very value."""
    return sha256(field.value.encode()).hexdigest()


def _only_default(context: Context, product: Product) -> bool:
    if len(product.variants) != 1 or len(product.options) != 1:
        return False
    return (
        product.options[0].name == "Title"
        and context.shop.catalog.variants[product.variants[0]].title == "Default Title"
    )


def _online_url(context: Context, product: Product) -> str | None:
    return f"https://{context.shop.options.domain}/products/{product.handle}" if lies_online(product) else None


def _selected(product: Product, variant: Variant) -> list[dict[str, Any]]:
    choices = variant.choices or ("Default Title",)
    return [
        {"name": option.name, "value": choice, "optionValue": _value(option, choice)}
        for option, choice in zip(product.options, choices, strict=False)
    ]


def _value(option: Option, choice: str) -> Any:
    return next((value for value in option.values if value.name == choice), None)


def _own_images(context: Context, variant: Variant) -> list[Image]:
    product = context.shop.catalog.products[variant.product_id]
    return [image for image in product.images if image.id == variant.image_id]


def _members(context: Context, collection: Collection) -> list[Product]:
    return [one for one in context.shop.catalog.products.values() if collection.id in one.collections]
