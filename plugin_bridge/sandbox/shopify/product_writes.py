"""Mutations of products."""

from collections.abc import Mapping, Sequence
from typing import Any

from plugin_bridge.sandbox.shopify.context import Context, Resolver
from plugin_bridge.sandbox.shopify.gids import gid, number_of
from plugin_bridge.sandbox.shopify.metafield_writes import set_metafields, with_metafields
from plugin_bridge.sandbox.shopify.problems import UserProblem
from plugin_bridge.sandbox.shopify.publishing import note_shown
from plugin_bridge.sandbox.shopify.records import Image, Option, OptionValue, Product, Variant
from plugin_bridge.sandbox.shopify.seed import slug
from plugin_bridge.sandbox.shopify.variant_writes import MAX_VARIANTS, edit, new_variant

MAX_OPTIONS = 3


def _edit(context: Context, product: Product, given: Mapping[str, Any], at: list[str]) -> None:
    """Put what an input says into a product; what it leaves out stays."""
    if "title" in given:
        if not (given["title"] or "").strip():
            raise UserProblem([*at, "title"], "Title can't be blank")
        product.title = given["title"]
    for name, attribute in (("descriptionHtml", "body_html"), ("vendor", "vendor"), ("productType", "product_type")):
        if given.get(name) is not None:
            setattr(product, attribute, given[name])
    if given.get("tags") is not None:
        product.tags = tuple(sorted(dict.fromkeys(tag.strip() for tag in given["tags"] if tag.strip())))
    if given.get("status"):
        product.status = given["status"]
        note_shown(product, context.shop.now())
    if given.get("seo"):
        product.seo_title = given["seo"].get("title") or ""
        product.seo_description = given["seo"].get("description") or ""
    if given.get("metafields"):
        product.metafields = with_metafields(context, product.metafields, given["metafields"])
    _edit_handle(context, product, given, at)


def _edit_handle(context: Context, product: Product, given: Mapping[str, Any], at: list[str]) -> None:
    catalog = context.shop.catalog
    wanted = given.get("handle")
    if not wanted or wanted == product.handle:
        return
    if catalog.by_handle.get(wanted, product.id) != product.id:
        text = f"Handle '{wanted}' already in use. Please provide a new handle."
        raise UserProblem([*at, "handle"], text, "HANDLE_NOT_UNIQUE")
    if product.id in catalog.products:
        catalog.set_handle(product, wanted)
    else:
        product.handle = wanted


def _new(context: Context, given: Mapping[str, Any], at: list[str]) -> Product:
    shop, now = context.shop, int(context.shop.now())
    title = (given.get("title") or "").strip()
    if not title:
        raise UserProblem([*at, "title"], "Title can't be blank")
    product = Product(
        id=shop.ids.take(),
        title=title,
        handle=given.get("handle") or shop.catalog.free_handle(slug(title)),
        vendor=given.get("vendor") or shop.options.name,
        channels=(),
        created_at=now,
        updated_at=now,
    )
    if given.get("handle") and given["handle"] in shop.catalog.by_handle:
        text = f"Handle '{given['handle']}' already in use. Please provide a new handle."
        raise UserProblem([*at, "handle"], text, "HANDLE_NOT_UNIQUE")
    _edit(context, product, {"status": "ACTIVE", **given}, at)
    return product


def _options(context: Context, given: Sequence[Mapping[str, Any]], at: list[str]) -> tuple[Option, ...]:
    take = context.shop.ids.take
    if len(given) > MAX_OPTIONS:
        raise UserProblem(at, f"Can only specify a maximum of {MAX_OPTIONS} options", "OPTIONS_OVER_LIMIT")
    if not given:
        return (Option(take(), "Title", (OptionValue(take(), "Default Title"),)),)
    found = []
    for one in given:
        values = tuple(OptionValue(take(), value.get("name") or "") for value in one.get("values") or ())
        found.append(Option(take(), one.get("name") or "", values))
    return tuple(found)


def _first_variant(context: Context, product: Product) -> Variant:
    shop, now = context.shop, int(context.shop.now())
    standalone = product.options[0].name == "Title"
    return Variant(
        id=shop.ids.take(),
        product_id=product.id,
        inventory_id=shop.ids.take(),
        choices=() if standalone else tuple(option.values[0].name for option in product.options),
        tracked=False,
        levels={shop.first_location.id: 0},
        created_at=now,
        updated_at=now,
    )


def _create(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    given = args.get("product") or {}
    product = _new(context, given, ["product"])
    product.options = _options(context, given.get("productOptions") or (), ["product", "productOptions"])
    product.images = _images(context, args.get("media") or ())
    context.shop.catalog.put(product, [_first_variant(context, product)])
    context.shop.product_saved(product, created=True)
    return {"product": product, "shop": context.shop, "userErrors": []}


def _images(context: Context, media: Sequence[Mapping[str, Any]]) -> tuple[Image, ...]:
    return tuple(Image(context.shop.ids.take(), one.get("originalSource") or "", one.get("alt") or "") for one in media)


def _update(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    given = args.get("product") or {}
    product = context.shop.catalog.products.get(number_of(given.get("id") or "", "Product") or 0)
    if product is None:
        raise UserProblem(["id"], "Product does not exist")
    _edit(context, product, given, [])
    product.images = (*product.images, *_images(context, args.get("media") or ()))
    context.shop.product_saved(product)
    return {"product": product, "userErrors": []}


def _delete(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    product = context.shop.catalog.products.get(number_of(args["input"]["id"], "Product") or 0)
    if product is None:
        raise UserProblem(["id"], "Product does not exist")
    context.shop.delete_product(product)
    return {"deletedProductId": gid("Product", product.id), "shop": context.shop, "userErrors": []}


def _set(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    if args.get("synchronous") is False:
        raise UserProblem(["synchronous"], "This shop sets products synchronously only", "INVALID_INPUT")
    given, catalog = args["input"], context.shop.catalog
    product = _identified(context, args.get("identifier"))
    created = product is None
    if product is None:
        handle = (args.get("identifier") or {}).get("handle")
        product = _new(context, {**given, "handle": handle} if handle else given, ["input"])
        product.options = _options(context, given.get("productOptions") or (), ["input", "productOptions"])
        variants = [_first_variant(context, product)]
    else:
        _edit(context, product, given, ["input"])
        variants = catalog.variants_of(product)
    if given.get("variants") is not None:
        if given.get("productOptions") is None:
            text = "The product options input must be provided when updating variants."
            raise UserProblem(["input"], text, "PRODUCT_OPTIONS_INPUT_MISSING")
        variants = _set_variants(context, product, given, variants)
    if given.get("files") is not None:
        product.images = _set_files(context, product, given["files"])
    catalog.put(product, variants)
    for variant in variants:
        catalog.touch_variant(variant, int(context.shop.now()))
    context.shop.product_saved(product, created=created)
    return {"product": product, "userErrors": []}


def _set_files(context: Context, product: Product, given: Sequence[Mapping[str, Any]]) -> tuple[Image, ...]:
    """Return the pictures an input names: those named by id are kept, all others of the product go."""
    held = {gid("MediaImage", image.id): image for image in product.images}
    found: list[Image] = []
    for place, one in enumerate(given):
        if not one.get("id"):
            found += _images(context, [one])
        elif one["id"] in held:
            kept = held[one["id"]]
            found.append(Image(kept.id, kept.url, kept.alt if one.get("alt") is None else one["alt"]))
        else:
            raise UserProblem(["input", "files", str(place), "id"], "File does not exist", "NOT_FOUND")
    return tuple(found)


def _identified(context: Context, identifier: Mapping[str, Any] | None) -> Product | None:
    catalog = context.shop.catalog
    if not identifier:
        return None
    if identifier.get("id"):
        product = catalog.products.get(number_of(identifier["id"], "Product") or 0)
        if product is None:
            raise UserProblem(["identifier", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return product
    return catalog.products.get(catalog.by_handle.get(identifier.get("handle") or "", 0))


def _set_variants(context: Context, product: Product, given: Mapping[str, Any], held: list[Variant]) -> list[Variant]:
    """Return the variants the input names: those of the same choices are kept and edited, all others go."""
    if len(given["variants"]) > MAX_VARIANTS:
        raise UserProblem(
            ["input", "variants"], f"A product has at most {MAX_VARIANTS} variants", "VARIANTS_OVER_LIMIT"
        )
    old = {variant.choices: variant for variant in held}
    product.options = _options(context, given["productOptions"], ["input", "productOptions"])
    found = []
    for place, one in enumerate(given["variants"], 1):
        at = ["input", "variants", str(place - 1)]
        said = {**one, "inventoryItem": {**(one.get("inventoryItem") or {}), **_sku(one)}}
        fresh = new_variant(context, product, said, place, at)
        known = old.get(fresh.choices) or (held[0] if fresh.choices == ("Default Title",) and len(held) == 1 else None)
        if known is None:
            found.append(fresh)
            continue
        edit(context, known, said, at)
        known.position, known.choices = place, fresh.choices
        if one.get("inventoryQuantities"):
            known.levels = fresh.levels
        found.append(known)
    return found


def _sku(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"sku": given["sku"]} if "sku" in given else {}


MUTATIONS: Mapping[str, Resolver] = {
    "productCreate": _create,
    "productUpdate": _update,
    "productDelete": _delete,
    "productSet": _set,
    "metafieldsSet": set_metafields,
}
