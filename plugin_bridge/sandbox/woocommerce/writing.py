"""Handlers that create, update and delete products and variations."""

from plugin_bridge.sandbox.asgi import Reply
from plugin_bridge.sandbox.woocommerce.bodies import Body, as_bool, as_stock, check_types, read_body
from plugin_bridge.sandbox.woocommerce.catalog import TRASH
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.params import is_on
from plugin_bridge.sandbox.woocommerce.prices import read_price, settled
from plugin_bridge.sandbox.woocommerce.reading import invalid_id, item_reply, product_of, variation_of
from plugin_bridge.sandbox.woocommerce.render import EDIT, NESTED
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.routes import Call
from plugin_bridge.sandbox.woocommerce.setters import SETTERS, unfetchable
from plugin_bridge.sandbox.woocommerce.shop import Shop
from plugin_bridge.sandbox.woocommerce.slugs import slug_of


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

    Raises:   RestError 400 for a SKU that is taken; `resource_id` is its owner. For a picture that cannot be fetched;
              the product is there all the same.
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
    refused = unfetchable(body)
    apply(shop, item, body if refused is None else {**body, "images": []})
    shop.catalog.insert(item)
    shop.saved(item, created=True)
    if refused is not None:
        raise refused
    return item


def add_variation(shop: Shop, parent: Item, body: Body) -> Item:
    """Create a variation of a product from a request body.

    Raises:   RestError 400 for a SKU that is taken, or a picture that cannot be fetched.
    """
    check_sku(shop, None, str(body.get("sku") or ""))
    if (refused := unfetchable(body)) is not None:
        raise refused
    at = int(shop.now())
    item = Item(id=shop.take_id(), kind="variation", parent_id=parent.id, created_at=at, modified_at=at)
    apply(shop, item, body)
    parent.children += (item.id,)
    shop.catalog.insert(item)
    shop.saved(item, created=True)
    return item


def change(shop: Shop, item: Item, body: Body) -> None:
    """Update an item from a request body; even one that changes nothing moves the date and fires webhooks.

    Raises:   RestError 400 for a SKU that is taken, or a picture that cannot be fetched.
    """
    if (refused := unfetchable(body)) is not None:
        raise refused
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
    for name, setter in SETTERS.items():
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
