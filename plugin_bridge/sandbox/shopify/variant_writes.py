"""Mutations of variants, many at once."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plugin_bridge.sandbox.shopify.context import Context, Resolver
from plugin_bridge.sandbox.shopify.gids import gid, number_of
from plugin_bridge.sandbox.shopify.metafield_writes import with_metafields
from plugin_bridge.sandbox.shopify.problems import UserProblem
from plugin_bridge.sandbox.shopify.records import Option, OptionValue, Product, Variant

MAX_VARIANTS = 2048
HIGHEST = Decimal("1000000000000000000")


def product_of(context: Context, text: str, code: str | None = "PRODUCT_DOES_NOT_EXIST") -> Product:
    """Return a product by its global id.

    Raises:   UserProblem.
    """
    product = context.shop.catalog.products.get(number_of(text, "Product") or 0)
    if product is None:
        raise UserProblem(["productId"], "Product does not exist", code)
    return product


def amount(value: str | None, at: list[str]) -> str | None:
    """Return an amount as the shop keeps it.

    Raises:   UserProblem for a negative or absurd one.
    """
    if value is None:
        return None
    number = Decimal(value)
    if number < 0:
        raise UserProblem(at, "Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO")
    if number >= HIGHEST:
        raise UserProblem(at, "Price must be less than 1000000000000000000", "INVALID_INPUT")
    return f"{number:.2f}"


def edit(context: Context, variant: Variant, given: Mapping[str, Any], at: list[str]) -> None:
    """Put what an input says into a variant; what it leaves out stays.

    Raises:   UserProblem.
    """
    if given.get("price") is not None:
        variant.price = amount(given["price"], [*at, "price"]) or variant.price
    if "compareAtPrice" in given:
        variant.compare_at = amount(given["compareAtPrice"], [*at, "compareAtPrice"])
    if "barcode" in given:
        variant.barcode = given["barcode"] or ""
    variant.policy = given.get("inventoryPolicy") or variant.policy
    if given.get("taxable") is not None:
        variant.taxable = given["taxable"]
    edit_item(context, variant, given.get("inventoryItem") or {}, at)
    if given.get("metafields"):
        variant.metafields = with_metafields(context, variant.metafields, given["metafields"])
    if given.get("mediaId"):
        variant.image_id = number_of(given["mediaId"], "MediaImage") or variant.image_id


def edit_item(context: Context, variant: Variant, item: Mapping[str, Any], at: list[str]) -> None:
    """Put what an `InventoryItemInput` says into a variant."""
    if "sku" in item:
        if variant.id in context.shop.catalog.variants:
            context.shop.catalog.set_sku(variant, item["sku"] or "")
        variant.sku = item["sku"] or ""
    if "cost" in item:
        variant.cost = amount(item["cost"], [*at, "inventoryItem", "cost"])
    if item.get("tracked") is not None:
        variant.tracked = item["tracked"]
    if item.get("requiresShipping") is not None:
        variant.ships = item["requiresShipping"]
    weight = (item.get("measurement") or {}).get("weight")
    if weight:
        variant.weight, variant.weight_unit = float(weight["value"]), weight["unit"]


def _update(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    product = product_of(context, args["productId"])
    partial = bool(args.get("allowPartialUpdates"))
    ready: list[tuple[Variant, Mapping[str, Any], list[str]]] = []
    problems: list[dict[str, Any]] = []
    for place, given in enumerate(args["variants"]):
        at = ["variants", str(place)]
        try:
            ready.append((_checked(context, product, given, at), given, at))
        except UserProblem as problem:
            problems.append(problem.entry)
    if problems and not partial:
        return {"product": product, "productVariants": None, "userErrors": problems}
    for variant, given, at in ready:
        edit(context, variant, given, at)
        context.shop.variant_saved(variant)
    changed = [variant for variant, _given, _at in ready]
    return {"product": product, "productVariants": changed, "userErrors": problems, "accepted": bool(changed)}


def _checked(context: Context, product: Product, given: Mapping[str, Any], at: list[str]) -> Variant:
    if not given.get("id"):
        raise UserProblem([*at, "id"], "Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING")
    variant = context.shop.catalog.variants.get(number_of(given["id"], "ProductVariant") or 0)
    if variant is None:
        raise UserProblem([*at, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")
    if variant.product_id != product.id:
        raise UserProblem([*at, "id"], "Product variant does not belong to the product", "MUST_BE_FOR_THIS_PRODUCT")
    if given.get("inventoryQuantities"):
        text = "Inventory quantities can only be provided during create. To update, use inventorySetQuantities."
        raise UserProblem([*at, "inventoryQuantities"], text, "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE")
    if given.get("optionValues"):
        text = "This shop changes no option values"
        raise UserProblem([*at, "optionValues"], text, "INVALID_INPUT")
    for name in ("price", "compareAtPrice"):
        amount(given.get(name), [*at, name])
    amount((given.get("inventoryItem") or {}).get("cost"), [*at, "inventoryItem", "cost"])
    return variant


def _create(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    product = product_of(context, args["productId"])
    catalog = context.shop.catalog
    kept = catalog.variants_of(product)
    standalone = len(kept) == 1 and kept[0].title == "Default Title"
    if standalone and args.get("strategy") != "PRESERVE_STANDALONE_VARIANT":
        kept = []
    made = [
        new_variant(context, product, given, len(kept) + place, ["variants", str(place - 1)])
        for place, given in enumerate(args["variants"], 1)
    ]
    if len(kept) + len(made) > MAX_VARIANTS:
        raise UserProblem(["variants"], f"A product has at most {MAX_VARIANTS} variants", "INVALID_INPUT")
    taken = {variant.choices for variant in kept}
    for place, variant in enumerate(made):
        if variant.choices in taken:
            text = f"The variant '{variant.title}' already exists."
            raise UserProblem(["variants", str(place)], text, "VARIANT_ALREADY_EXISTS")
        taken.add(variant.choices)
    catalog.put(product, [*kept, *made])
    context.shop.product_saved(product)
    return {"product": product, "productVariants": made, "userErrors": []}


def new_variant(context: Context, product: Product, given: Mapping[str, Any], position: int, at: list[str]) -> Variant:
    """Return a variant that is in no catalog yet; new option values join the product's options.

    Raises:   UserProblem.
    """
    shop, now = context.shop, int(context.shop.now())
    said = {_option_name(product, one): one.get("name") or "" for one in given.get("optionValues") or ()}
    known = {option.name for option in product.options}
    if unknown := set(said) - known:
        raise UserProblem([*at, "optionValues"], f"Option does not exist: {min(unknown)}", "NEED_TO_ADD_OPTION_VALUES")
    if missing := [name for name in known if not said.get(name)]:
        raise UserProblem(at, f"You need to add option values for {missing[0]}", "NEED_TO_ADD_OPTION_VALUES")
    variant = Variant(
        id=shop.ids.take(),
        product_id=product.id,
        inventory_id=shop.ids.take(),
        position=position,
        choices=tuple(said[option.name] for option in product.options),
        created_at=now,
        updated_at=now,
        tracked=True,
    )
    edit(context, variant, given, at)
    variant.levels = _first_levels(context, given) or {shop.first_location.id: 0}
    product.options = tuple(_with_value(context, option, said[option.name]) for option in product.options)
    return variant


def _option_name(product: Product, one: Mapping[str, Any]) -> str:
    if one.get("optionId"):
        return next((o.name for o in product.options if gid("ProductOption", o.id) == one["optionId"]), "")
    return str(one.get("optionName") or "")


def _with_value(context: Context, option: Option, name: str) -> Option:
    if any(value.name == name for value in option.values):
        return option
    return Option(option.id, option.name, (*option.values, OptionValue(context.shop.ids.take(), name)))


def _first_levels(context: Context, given: Mapping[str, Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in given.get("inventoryQuantities") or ():
        location_id = number_of(row["locationId"], "Location") or 0
        if location_id in context.shop.locations:
            found[location_id] = row.get("availableQuantity", row.get("quantity", 0))
    return found


def _delete(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    product = product_of(context, args["productId"])
    gone = {number_of(text, "ProductVariant") for text in args["variantsIds"]}
    if not gone <= set(product.variants):
        text = "At least one variant does not belong to the product"
        raise UserProblem(["variantsIds"], text, "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT")
    kept = [variant for variant in context.shop.catalog.variants_of(product) if variant.id not in gone]
    if not kept:
        raise UserProblem(["variantsIds"], "Cannot delete the last variant", "CANNOT_DELETE_LAST_VARIANT")
    context.shop.catalog.put(product, kept)
    context.shop.product_saved(product)
    return {"product": product, "userErrors": []}


MUTATIONS: Mapping[str, Resolver] = {
    "productVariantsBulkUpdate": _update,
    "productVariantsBulkCreate": _create,
    "productVariantsBulkDelete": _delete,
}
