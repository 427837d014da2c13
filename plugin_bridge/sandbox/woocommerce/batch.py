"""Handlers of batches: up to 100 creations, updates and deletions at once, each with its own success or error."""

from collections.abc import Callable
from typing import Any

from plugin_bridge.sandbox.asgi import Reply, json_reply
from plugin_bridge.sandbox.woocommerce.bodies import Body, read_body
from plugin_bridge.sandbox.woocommerce.fields import read_fields, select
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.reading import invalid_id, product_of
from plugin_bridge.sandbox.woocommerce.render import EDIT, NESTED
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.routes import Call
from plugin_bridge.sandbox.woocommerce.writing import add_product, add_variation, change

LIMIT = 100


def batch_products(call: Call) -> Reply:
    """Answer `POST /products/batch`."""

    def find(item_id: Any) -> Item:
        item = call.shop.catalog.items.get(item_id) if isinstance(item_id, int) else None
        if item is None:
            raise invalid_id(400)
        return item

    return _batch(call, find, lambda body: add_product(call.shop, body), EDIT)


def batch_variations(call: Call) -> Reply:
    """Answer `POST /products/<id>/variations/batch`."""
    parent = product_of(call)

    def find(item_id: Any) -> Item:
        item = call.shop.catalog.items.get(item_id) if isinstance(item_id, int) else None
        if item is None or item.parent_id != parent.id:
            raise RestError("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", 400)
        return item

    return _batch(call, find, lambda body: add_variation(call.shop, parent, body), NESTED)


def batch_terms(kind: str, call: Call) -> Reply:
    """Answer `POST /products/tags/batch` and the like: creations only."""
    rows = read_body(call.request).get("create")
    value = {"create": [_term(call, kind, row) for row in rows[:LIMIT]]} if isinstance(rows, list) else {}
    return json_reply(select(value, read_fields(call.request.query)))


def _term(call: Call, kind: str, row: Any) -> dict[str, Any]:
    terms = call.shop.terms
    name = str(row.get("name") or "").strip() if isinstance(row, dict) else ""
    known = terms.existing(kind, name) if name else None
    if not name:
        refusal = RestError("empty_term_name", "A name is required for this term.", 400)
    elif known is not None:
        text = "A term with the name provided already exists with this parent."
        refusal = RestError("term_exists", text, 400, resource_id=known)
    else:
        made = terms.by_id[kind][terms.named(kind, name)]
        call.shop.revision += 1
        return {"id": made.id, "name": made.name, "slug": made.slug, "description": "", "count": 0}
    return {"id": 0, "error": refusal.body()}


def _batch(call: Call, find: Callable[[Any], Item], add: Callable[[Body], Item], shape: str) -> Reply:
    body = read_body(call.request)
    rows = {name: body[name] for name in ("create", "update", "delete") if isinstance(body.get(name), list)}
    if sum(len(part) for part in rows.values()) > LIMIT:
        text = f"Unable to accept more than {LIMIT} items for this request."
        raise RestError("woocommerce_rest_request_entity_too_large", text, 413)

    def update(row: Body) -> Item:
        item = find(row.get("id"))
        change(call.shop, item, row)
        return item

    value: dict[str, list[Any]] = {}
    if rows.get("create"):
        value["create"] = [_one(call, row, add, shape) for row in rows["create"]]
    if rows.get("update"):
        value["update"] = [_one(call, row, update, shape) for row in rows["update"]]
    if rows.get("delete"):
        value["delete"] = [_delete(call, item_id, find, shape) for item_id in rows["delete"]]
    return json_reply(select(value, read_fields(call.request.query)))


def _one(call: Call, row: Any, act: Callable[[Body], Item], shape: str) -> Any:
    body: Body = row if isinstance(row, dict) else {}
    try:
        return call.shop.renderer.value(act(body), shape)
    except RestError as error:
        return {"id": body.get("id", 0), "error": error.body()}


def _delete(call: Call, item_id: Any, find: Callable[[Any], Item], shape: str) -> Any:
    # A batch always deletes for good.
    try:
        item = find(item_id)
    except RestError as error:
        return {"id": item_id, "error": error.body()}
    value = call.shop.renderer.value(item, shape)
    call.shop.delete(item)
    return value
