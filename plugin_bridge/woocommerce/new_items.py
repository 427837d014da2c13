"""Bodies of new products and variations, and which item of the store stands for which of ours: pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from backend.ports.store_writes import FieldValue, ProductCreation
from plugin_bridge.woocommerce.field_values import body_of, status_text
from plugin_bridge.woocommerce.mapping import Shop
from plugin_bridge.woocommerce.wire import WooItem

MARK = "_storeloom_product"
"""Meta data of a product that we made: our own id of it; an underscore keeps it out of the shop's pages."""
VARIANT_MARK = "_storeloom_variant"
"""Meta data of a variation that we made: our own id of the variant."""


def is_variable(product: PlatformProduct) -> bool:
    """Say whether a product is sold through variations: several variants, or one that is chosen by options."""
    return len(product.variants) > 1 or any(variant.options for variant in product.variants)


def guard_sku(creation: ProductCreation) -> str:
    """Return the SKU that a new product bears while it is being made, "" where it has one of its own from the start.

    No two items of a store may have the same SKU: nothing else keeps a creation that arrives twice from making two
    products. A variable parent has none, and some products have none at all; theirs is taken back at the end. It comes
    from our id of the product and not from the write's key, which is another one when a failed write is planned anew.
    """
    own = not is_variable(creation.product) and any(variant.sku for variant in creation.product.variants)
    return "" if own else f"storeloom-{creation.product.external_id}"


def own_skus(creation: ProductCreation) -> list[str]:
    """Return the SKUs of the variants."""
    return [variant.sku for variant in creation.product.variants if variant.sku.strip()]


def new_product(
    creation: ProductCreation, shop: Shop, tag_ids: Mapping[str, int], category_ids: Iterable[int]
) -> dict[str, Any]:
    """Return the body of a new product, without images: they may fail, and take long.

    A variable one is a draft until it has its variations.
    """
    product, variable = creation.product, is_variable(creation.product)
    tags = tuple(tag for tag in product.tags if tag in tag_ids)
    body = body_of({"title": product.title, "description": product.description, "tags": tags}, tag_ids=tag_ids)
    body |= {
        "type": "variable" if variable else "simple",
        "status": "draft" if variable else status_text(product.status),
    }
    if not variable and product.variants:
        body |= _sold(product.variants[0], shop)
    if guard := guard_sku(creation):
        body["sku"] = guard
    if product.handle:
        body["slug"] = product.handle
    body["attributes"] = _attributes(product)
    if categories := [{"id": one} for one in category_ids]:
        body["categories"] = categories
    body["meta_data"] = [{"key": MARK, "value": creation.product.external_id}]
    return body


def _attributes(product: PlatformProduct) -> list[dict[str, Any]]:
    named = [{"name": "Brand", "options": [product.brand], "visible": True}] if product.brand else []
    for name in option_names(product):
        values = dict.fromkeys(variant.options[name] for variant in product.variants if variant.options.get(name))
        named.append({"name": name, "options": list(values), "visible": True, "variation": True})
    return named


def option_names(product: PlatformProduct) -> list[str]:
    """Return the names of the options in the product's order; those that only variants know come last."""
    return list(dict.fromkeys([*product.option_names, *(name for one in product.variants for name in one.options)]))


def new_variation(variant: PlatformVariant, shop: Shop, *, picture: bool) -> dict[str, Any]:
    """Return the body of a new variation."""
    body = _sold(variant, shop)
    body["attributes"] = [{"name": name, "option": value} for name, value in variant.options.items()]
    body["status"] = "publish" if variant.active else "private"
    body["meta_data"] = [{"key": VARIANT_MARK, "value": variant.external_id}]
    if picture and variant.image_url:
        body["image"] = {"src": variant.image_url}
    return body


def sold_fields(variant: PlatformVariant) -> dict[str, FieldValue]:
    """Return the synced fields of a variant."""
    return {
        "sku": variant.sku,
        "barcode": variant.barcode,
        "price": variant.price,
        "sale_price": variant.sale_price,
        "weight_g": variant.weight_g,
    }


def _sold(variant: PlatformVariant, shop: Shop) -> dict[str, Any]:
    fields = {name: value for name, value in sold_fields(variant).items() if value not in (None, "")}
    body = body_of(fields, shop.weight_unit)
    if variant.stock is None:
        body |= {"manage_stock": False, "stock_status": "instock" if variant.in_stock else "outofstock"}
    else:
        body |= {"manage_stock": True, "stock_quantity": variant.stock}
    return body | {"backorders": "yes"} if variant.backorder else body


def paired(variants: Iterable[PlatformVariant], items: Sequence[WooItem]) -> dict[str, WooItem]:
    """Return the items that stand for these variants, by the variants' own ids.

    An item that we made says so; else the SKU tells, and the options of what has none.
    """
    marked = {str(meta.value): item for item in items for meta in item.meta_data or () if meta.key == VARIANT_MARK}
    by_sku = {folded(item.sku): item for item in items if item.sku}
    by_options = {_chosen(_options(item)): item for item in items}
    found = {}
    for variant in variants:
        alike = by_sku.get(folded(variant.sku)) if variant.sku else by_options.get(_chosen(variant.options))
        match = marked.get(variant.external_id, alike)
        if match is not None:
            found[variant.external_id] = match
    return found


def _options(item: WooItem) -> dict[str, str]:
    return {one.name: one.option for one in item.attributes if one.name}


def _chosen(options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((folded(name), folded(value)) for name, value in options.items()))


def folded(text: str) -> str:
    """Return a text as the store's database compares it: case does not count, nor how many blanks there are."""
    return " ".join(text.split()).casefold()


def is_made_for(item: WooItem, product: PlatformProduct) -> bool:
    """Say whether a product of the store was made for this one of ours."""
    return any(meta.key == MARK and str(meta.value) == product.external_id for meta in item.meta_data or ())


def is_ours(item: WooItem) -> bool:
    """Say whether a product of the store was made by any creation of ours."""
    return any(meta.key == MARK for meta in item.meta_data or ())
