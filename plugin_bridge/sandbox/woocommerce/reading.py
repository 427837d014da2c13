"""Handlers that show products, variations and terms."""

import msgspec

from plugin_bridge.sandbox.asgi import Reply
from plugin_bridge.sandbox.woocommerce.catalog import PRODUCTS, VARIATIONS
from plugin_bridge.sandbox.woocommerce.fields import read_fields, select
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.listing import page_headers, page_reply, pick
from plugin_bridge.sandbox.woocommerce.params import Params, read_page, read_params
from plugin_bridge.sandbox.woocommerce.render import EDIT, FLAT, NESTED, VIEW
from plugin_bridge.sandbox.woocommerce.rest import RestError, no_route
from plugin_bridge.sandbox.woocommerce.routes import Call
from plugin_bridge.sandbox.woocommerce.shifting import shift_pages


def list_products(call: Call) -> Reply:
    """Answer `GET /products`."""
    params = _params(call)
    if params.page > 1:
        shift_pages(call.shop)
    return _list(call, params, PRODUCTS, EDIT if call.request.query.get("context") == "edit" else VIEW)


def list_all_variations(call: Call) -> Reply:
    """Answer `GET /variations`, which exists since WooCommerce 10.3."""
    if not call.shop.options.variations_endpoint:
        raise no_route()
    return _list(call, _params(call), VARIATIONS, FLAT)


def list_variations(call: Call) -> Reply:
    """Answer `GET /products/<id>/variations`."""
    return _list(call, _params(call), VARIATIONS, NESTED, product_of(call))


def get_product(call: Call) -> Reply:
    """Answer `GET /products/<id>`; a trashed product is still there, and a variation is shown too."""
    item = call.shop.catalog.items.get(call.ids[0])
    if item is None:
        raise invalid_id()
    return item_reply(call, item, EDIT if call.request.query.get("context") == "edit" else VIEW)


def get_variation(call: Call) -> Reply:
    """Answer `GET /products/<id>/variations/<id>`."""
    return item_reply(call, variation_of(call), NESTED)


def list_terms(kind: str, call: Call) -> Reply:
    """Answer `GET /products/categories`, `/tags` and `/brands`."""
    params = read_page(call.request.query)
    terms = sorted(call.shop.terms.by_id[kind].values(), key=lambda term: (term.name.lower(), term.id))
    if call.request.query.get("orderby") == "id":
        terms.sort(key=lambda term: term.id)
    start = (params.page - 1) * params.per_page
    fields = read_fields(call.request.query)
    rows = [
        {"id": term.id, "name": term.name, "slug": term.slug, "parent": term.parent, "description": "", "count": 0}
        for term in terms[start : start + params.per_page]
    ]
    parts = [msgspec.json.encode(select(row, fields)) for row in rows]
    return page_reply(parts, page_headers(call.request, call.shop.options, params, len(terms)))


def item_reply(call: Call, item: Item, shape: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return one item as an answer, reduced to `_fields`."""
    body = call.shop.renderer.json(item, shape, read_fields(call.request.query))
    return Reply(
        status=status,
        body=body,
        headers={"content-type": "application/json; charset=UTF-8", **(headers or {})},
    )


def product_of(call: Call) -> Item:
    """Return the product whose variations are asked for.

    Raises:   RestError 404 when there is none.
    """
    item = call.shop.catalog.items.get(call.ids[0])
    if item is None or item.is_variation:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
    return item


def variation_of(call: Call) -> Item:
    """Return the variation that the path names, below its own product.

    Raises:   RestError 404.
    """
    item = call.shop.catalog.items.get(call.ids[1])
    if item is None or item.parent_id != call.ids[0]:
        raise RestError("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", 404)
    return item


def invalid_id(status: int = 404) -> RestError:
    """Return the refusal of a product id that is not there; inside a batch it carries 400."""
    return RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", status)


def _params(call: Call) -> Params:
    return read_params(call.request.query, call.shop.options.timezone)


def _list(call: Call, params: Params, family: str, shape: str, parent: Item | None = None) -> Reply:
    shop = call.shop
    mixed_up = params.orderby in ("date", "modified") and shop.faults.strikes("same_second_ties")
    window = pick(shop.catalog, params, family, parent, shop.faults.random.shuffle if mixed_up else None)
    fields = read_fields(call.request.query)
    items = shop.catalog.items
    parts = [shop.renderer.json(items[item_id], shape, fields) for item_id in window.ids]
    return page_reply(parts, page_headers(call.request, shop.options, params, window.total))
