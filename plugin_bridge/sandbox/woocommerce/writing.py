"""Handlers that create, update and delete products and variations."""

from collections.abc import Callable
from typing import Any

from plugin_bridge.sandbox.asgi import Reply
from plugin_bridge.sandbox.woocommerce.bodies import Body, as_bool, as_stock, check_types, read_body
from plugin_bridge.sandbox.woocommerce.catalog import TRASH
from plugin_bridge.sandbox.woocommerce.item import Attribute, Item, Meta, Picture
from plugin_bridge.sandbox.woocommerce.params import is_on
from plugin_bridge.sandbox.woocommerce.prices import read_price, settled
from plugin_bridge.sandbox.woocommerce.reading import invalid_id, item_reply, product_of, variation_of
from plugin_bridge.sandbox.woocommerce.render import EDIT, NESTED
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.routes import Call
from plugin_bridge.sandbox.woocommerce.shop import Shop
from plugin_bridge.sandbox.woocommerce.slugs import slug_of
from plugin_bridge.sandbox.woocommerce.terms import BRANDS, CATEGORIES, TAGS


def create_product(call: Call) -> Reply:
    """Answer `POST /products`."""
    body = read_body(call.request)
    check_types(body)
    item = add_product(call.shop, body)
    return item_reply(call, item, EDIT, 201, _location(call, f"products/{item.id}"))


def update_product(call: Call) -> Reply:
    """Answer PUT, PATCH and POST on `/products/<id>`."""
    item = call.shop.catalog.items.get(call.ids[0])
    if item is None:
        raise invalid_id()
    body = read_body(call.request)
    check_types(body)
    change(call.shop, item, body)
    return item_reply(call, item, EDIT)


def delete_product(call: Call) -> Reply:
    """Answer `DELETE /products/<id>`: to the trash, or for good with `force=true`; shows what it was before."""
    item = call.shop.catalog.items.get(call.ids[0])
    if item is None:
        raise invalid_id()
    return _delete(call, item, EDIT)


def create_variation(call: Call) -> Reply:
    """Answer `POST /products/<id>/variations`."""
    parent = product_of(call)
    body = read_body(call.request)
    check_types(body)
    item = add_variation(call.shop, parent, body)
    return item_reply(call, item, NESTED, 201, _location(call, f"products/{parent.id}/variations/{item.id}"))


def update_variation(call: Call) -> Reply:
    """Answer PUT, PATCH and POST on `/products/<id>/variations/<id>`."""
    item = variation_of(call)
    body = read_body(call.request)
    check_types(body)
    change(call.shop, item, body)
    return item_reply(call, item, NESTED)


def delete_variation(call: Call) -> Reply:
    """Answer `DELETE /products/<id>/variations/<id>`."""
    return _delete(call, variation_of(call), NESTED)


def _delete(call: Call, item: Item, shape: str) -> Reply:
    reply = item_reply(call, item, shape)
    if is_on(call.request.query, "force"):
        call.shop.delete(item)
    elif item.status == TRASH:
        raise RestError("woocommerce_rest_already_trashed", "The product has already been deleted.", 410)
    else:
        call.shop.trash(item)
    return reply


def _location(call: Call, path: str) -> dict[str, str]:
    return {"location": f"{call.shop.options.address}/wp-json/wc/v3/{path}"}


def add_product(shop: Shop, body: Body) -> Item:
    """Create a product from a request body.

    Raises:   RestError 400 for a SKU that is taken; `resource_id` is its owner.
    """
    check_sku(shop, None, str(body.get("sku") or ""))
    at = int(shop.now())
    name = str(body.get("name") or "Product")
    item = Item(
        id=shop.take_id(),
        kind=str(body.get("type") or "simple"),
        name=name,
        slug=_new_slug(shop, str(body.get("slug") or name)),
        categories=(shop.terms.path(""),),
        created_at=at,
        modified_at=at,
    )
    apply(shop, item, body)
    shop.catalog.insert(item)
    shop.saved(item, created=True)
    return item


def add_variation(shop: Shop, parent: Item, body: Body) -> Item:
    """Create a variation of a product from a request body.

    Raises:   RestError 400 for a SKU that is taken.
    """
    check_sku(shop, None, str(body.get("sku") or ""))
    at = int(shop.now())
    item = Item(id=shop.take_id(), kind="variation", parent_id=parent.id, created_at=at, modified_at=at)
    apply(shop, item, body)
    parent.children += (item.id,)
    shop.catalog.insert(item)
    shop.saved(item, created=True)
    return item


def change(shop: Shop, item: Item, body: Body) -> None:
    """Update an item from a request body; even one that changes nothing moves the date and fires webhooks.

    Raises:   RestError 400 for a SKU that is taken.
    """
    if body.get("sku") is not None:
        check_sku(shop, item, str(body["sku"]))
        shop.catalog.set_sku(item, str(body["sku"]))
    wanted = body.get("status")
    was_trashed = item.status == TRASH
    apply(shop, item, {name: value for name, value in body.items() if name not in ("sku", "status")})
    if wanted and was_trashed:
        shop.restore(item)
    if wanted and wanted != item.status:
        shop.catalog.set_status(item, str(wanted))
    shop.saved(item)


def check_sku(shop: Shop, item: Item | None, sku: str) -> None:
    """Refuse a SKU that another item holds.

    Raises:   RestError 400 `product_invalid_sku` with the owner and a SKU that is free.
    """
    owner = shop.catalog.by_sku.get(sku) if sku else None
    if owner is None or (item is not None and owner == item.id):
        return
    number = 1
    while f"{sku}-{number}" in shop.catalog.by_sku:
        number += 1
    raise RestError(
        "product_invalid_sku", "Invalid or duplicated SKU.", 400, resource_id=owner, unique_sku=f"{sku}-{number}"
    )


def _new_slug(shop: Shop, text: str) -> str:
    base = slug_of(text)
    return base if shop.take_slug(base) else f"{base}-{shop.next_id}"


def apply(shop: Shop, item: Item, body: Body) -> None:
    """Set the item's fields from a body; unknown and read-only keys (`price`, dates) are ignored, as in WooCommerce."""
    for name, setter in _SETTERS.items():
        if name in body:
            setter(shop, item, body[name])
    if "regular_price" in body or "sale_price" in body:
        regular = read_price(body["regular_price"]) if "regular_price" in body else item.regular_price
        sale = read_price(body["sale_price"]) if "sale_price" in body else item.sale_price
        item.regular_price, item.sale_price = settled(regular, sale)
    _apply_stock(item, body)


def _apply_stock(item: Item, body: Body) -> None:
    if "manage_stock" in body:
        item.manage_stock = as_bool(body["manage_stock"])
    if not item.manage_stock:
        item.stock = None
        item.stock_status = str(body.get("stock_status") or item.stock_status)
    elif "stock_quantity" in body:
        item.stock = as_stock(body["stock_quantity"])
    elif item.stock is None:
        item.stock = 0


Setter = Callable[[Shop, Item, Any], None]


def _text(field: str) -> Setter:
    def put(_: Shop, item: Item, value: Any) -> None:
        setattr(item, field, str(value if value is not None else ""))

    return put


def _terms(kind: str, field: str) -> Setter:
    def put(shop: Shop, item: Item, value: Any) -> None:
        rows = [row for row in _rows(value) if isinstance(row, dict)]
        known = shop.terms.by_id[kind]
        ids = [row["id"] for row in rows if isinstance(row.get("id"), int) and row["id"] in known]
        ids += [shop.terms.named(kind, str(row["name"])) for row in rows if "id" not in row and row.get("name")]
        if kind == CATEGORIES and not ids:
            ids = [shop.terms.path("")]
        setattr(item, field, tuple(dict.fromkeys(ids)))

    return put


def _images(shop: Shop, item: Item, value: Any) -> None:
    known = {picture.id: picture for picture in item.pictures}
    found: list[Picture] = []
    for row in _rows(value):
        if isinstance(row, dict) and row.get("src"):
            found.append(Picture(shop.take_id(), str(row["src"]), str(row.get("alt") or "")))
        elif isinstance(row, dict) and isinstance(row.get("id"), int) and row["id"] in known:
            found.append(known[row["id"]])
    item.pictures = tuple(found)


def _image(shop: Shop, item: Item, value: Any) -> None:
    _images(shop, item, [value] if value else [])


def _attributes(_: Shop, item: Item, value: Any) -> None:
    rows = [row for row in _rows(value) if isinstance(row, dict) and row.get("name")]
    if item.is_variation:
        item.choices = tuple((str(row["name"]), str(row.get("option", ""))) for row in rows)
        return
    item.attributes = tuple(
        Attribute(
            str(row["name"]),
            tuple(str(option) for option in row.get("options") or ()),
            variation=as_bool(row.get("variation")),
            visible=as_bool(row.get("visible", True)),
        )
        for row in rows
    )


def _meta(shop: Shop, item: Item, value: Any) -> None:
    rows = {meta.key: meta for meta in item.meta}
    for row in _rows(value):
        if isinstance(row, dict) and row.get("key"):
            key = str(row["key"])
            old = rows.get(key)
            rows[key] = Meta(shop.take_meta_id() if old is None else old.id, key, row.get("value"))
    item.meta = tuple(rows.values())


_SETTERS: dict[str, Setter] = {
    "name": _text("name"),
    "description": _text("description"),
    "short_description": _text("short_description"),
    "sku": _text("sku"),
    "status": _text("status"),
    "weight": _text("weight"),
    "global_unique_id": _text("gtin"),
    "backorders": _text("backorders"),
    "catalog_visibility": _text("catalog_visibility"),
    "categories": _terms(CATEGORIES, "categories"),
    "tags": _terms(TAGS, "tags"),
    "brands": _terms(BRANDS, "brands"),
    "images": _images,
    "image": _image,
    "attributes": _attributes,
    "meta_data": _meta,
}


def _rows(value: Any) -> list[Any]:
    """Return a list as it is and anything else as none: types inside a batch are not checked, and PHP only warns."""
    return value if isinstance(value, list) else []
