"""Metafields as inputs give them."""

from collections.abc import Mapping, Sequence
from typing import Any

from plugin_bridge.sandbox.shopify.context import Context
from plugin_bridge.sandbox.shopify.gids import number_of
from plugin_bridge.sandbox.shopify.problems import UserProblem
from plugin_bridge.sandbox.shopify.product_fields import digest
from plugin_bridge.sandbox.shopify.records import Metafield, Product, Variant

DEFAULT_TYPE = "single_line_text_field"


def with_metafields(
    context: Context, held: tuple[Metafield, ...], given: Sequence[Mapping[str, Any]]
) -> tuple[Metafield, ...]:
    """Return the metafields of an owner with new values put in; an empty value is left out."""
    rows = {(one.namespace, one.key): one for one in held}
    for one in given:
        namespace, key = one.get("namespace") or "custom", one.get("key") or ""
        rows[namespace, key] = _made(context, rows.get((namespace, key)), namespace, key, one)
    return tuple(rows.values())


def _made(context: Context, old: Metafield | None, namespace: str, key: str, given: Mapping[str, Any]) -> Metafield:
    now = int(context.shop.now())
    return Metafield(
        old.id if old else context.shop.ids.take(),
        namespace,
        key,
        given.get("type") or (old.type if old else DEFAULT_TYPE),
        given.get("value") or "",
        old.created_at if old else now,
        now,
    )


def set_metafields(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `metafieldsSet`: all or none, 25 at most."""
    given = args["metafields"]
    if len(given) > 25:
        raise UserProblem(["metafields"], "Exceeded the maximum metafields input limit of 25.", "LESS_THAN_OR_EQUAL_TO")
    ready = [_checked(context, one, ["metafields", str(place)]) for place, one in enumerate(given)]
    made = []
    for owner, one in ready:
        owner.metafields = with_metafields(context, owner.metafields, [one])
        namespace = one.get("namespace") or "custom"
        made.append(next(m for m in owner.metafields if m.namespace == namespace and m.key == one["key"]))
        if isinstance(owner, Product):
            context.shop.product_saved(owner)
        else:
            context.shop.variant_saved(owner)
    return {"metafields": made, "userErrors": []}


def _checked(context: Context, given: Mapping[str, Any], at: list[str]) -> tuple[Product | Variant, Mapping[str, Any]]:
    catalog, text = context.shop.catalog, given["ownerId"]
    owner: Product | Variant | None = catalog.products.get(number_of(text, "Product") or 0)
    if owner is None:
        owner = catalog.variants.get(number_of(text, "ProductVariant") or 0)
    if owner is None:
        raise UserProblem([*at, "ownerId"], "Owner does not exist.", "INVALID")
    if not given["value"]:
        raise UserProblem([*at, "value"], "Value can't be blank.", "BLANK")
    if len(given["key"]) < 2:
        raise UserProblem([*at, "key"], "Key is too short (minimum is 2 characters)", "TOO_SHORT")
    namespace = given.get("namespace") or "custom"
    held = next((one for one in owner.metafields if one.namespace == namespace and one.key == given["key"]), None)
    if given.get("compareDigest") is not None and (held is None or digest(held) != given["compareDigest"]):
        raise UserProblem(at, "The resource has been updated since it was loaded.", "STALE_OBJECT")
    return owner, given
