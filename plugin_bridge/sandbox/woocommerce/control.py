"""The control side of a simulated store: what it saw and did, its faults, and edits as its merchant makes them."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from plugin_bridge.sandbox.asgi import Reply, Request, json_body, json_reply
from plugin_bridge.sandbox.faults import FaultRefused
from plugin_bridge.sandbox.woocommerce.catalog import TRASH
from plugin_bridge.sandbox.woocommerce.faults import KINDS
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.ordering import Wanted, place
from plugin_bridge.sandbox.woocommerce.prices import settled
from plugin_bridge.sandbox.woocommerce.shop import Shop


class ControlRefused(ValueError):
    """The control request cannot be followed; the message says why."""


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An edit by the merchant; `price` is the regular price, a title is that of the product a variation belongs to."""

    sku: str
    price: Decimal | None = None
    sale_price: Decimal | None = None
    """0 ends the sale."""
    stock: int | None = None
    title: str | None = None
    status: str | None = None
    """`publish`, `draft`, `private` or `pending`."""
    delete: str | None = None
    """`trash`, `force`, or `restore` out of the trash."""
    silent: bool = False
    """As an importer that writes to the database: no date moves and no webhook fires."""


class OrderLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line of an order."""

    sku: str
    quantity: int = 1


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An order as a customer places it: paid, in processing."""

    lines: list[OrderLine]


class Control:
    """Answers the control requests of one store."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def answer(self, request: Request, path: str) -> Reply:
        """Return the answer to a control request; *path* is what stands behind the control URL, without slashes."""
        try:
            return self._dispatch(request, f"{request.method} {path}")
        except (ControlRefused, FaultRefused) as error:
            return json_reply({"error": str(error)}, 400)
        except msgspec.ValidationError as error:
            return json_reply({"error": str(error)}, 400)
        except msgspec.DecodeError:
            return json_reply({"error": "the body is no JSON"}, 400)

    def _dispatch(self, request: Request, what: str) -> Reply:
        shop = self.shop
        match what:
            case "GET requests":
                return json_reply(list(shop.journal.requests))
            case "GET writes":
                return json_reply(list(shop.journal.writes))
            case "GET catalog":
                return json_reply([self._row(item) for item in shop.catalog.items.values()])
            case "GET faults":
                return json_reply({"active": list(shop.faults.active.values()), "kinds": KINDS})
            case "POST faults":
                return json_reply(shop.faults.switch_on(json_body(request)))
            case "DELETE faults":
                shop.faults.clear(request.query.get("kind"))
                return Reply(status=204)
            case "POST change":
                return json_reply(self._change(msgspec.convert(json_body(request), Change, strict=False)))
            case "POST orders":
                return json_reply(self._order(msgspec.convert(json_body(request), NewOrder)), 201)
            case _:
                return json_reply({"error": "there is no such control endpoint"}, 404)

    def _row(self, item: Item) -> dict[str, Any]:
        parent = self.shop.catalog.items.get(item.parent_id, item)
        return {
            "id": item.id,
            "parent_id": item.parent_id,
            "type": item.kind,
            "status": item.status,
            "sku": item.sku,
            "title": parent.name,
            "options": dict(item.choices),
            "price": item.regular_price,
            "sale_price": item.sale_price,
            "stock": item.stock,
            "barcode": item.gtin,
            "modified_at": item.modified_at,
        }

    def _find(self, sku: str, *, trashed: bool = False) -> Item:
        item_id = self.shop.catalog.by_sku.get(sku)
        if item_id is not None:
            return self.shop.catalog.items[item_id]
        if trashed:
            for item in self.shop.catalog.items.values():
                if item.sku == sku and item.status == TRASH:
                    return item
        raise ControlRefused(f"no item has the SKU {sku!r}")

    def _change(self, change: Change) -> dict[str, Any]:
        shop = self.shop
        item = self._find(change.sku, trashed=change.delete is not None)
        row = self._row(item)
        match change.delete:
            case "trash":
                shop.trash(item)
            case "force":
                shop.delete(item)
                return {**row, "status": "deleted"}
            case "restore":
                if item.status != TRASH:
                    raise ControlRefused(f"{change.sku!r} is not in the trash")
                shop.restore(item)
            case None:
                self._edit(item, change)
            case other:
                raise ControlRefused(f"delete is trash, force or restore, not {other!r}")
        return self._row(item)

    def _edit(self, item: Item, change: Change) -> None:
        shop = self.shop
        _reprice(item, change)
        if change.stock is not None:
            item.manage_stock, item.stock = True, change.stock
        if change.status is not None and change.status != item.status:
            if change.status not in ("publish", "draft", "private", "pending"):
                raise ControlRefused(f"status is publish, draft, private or pending, not {change.status!r}")
            shop.catalog.set_status(item, change.status)
        named = shop.catalog.items.get(item.parent_id, item)
        if change.title is not None:
            named.name = change.title
            shop.catalog.note(named.id)
        if change.silent:
            shop.catalog.note(item.id)
        else:
            shop.saved(item)

    def _order(self, wanted: NewOrder) -> dict[str, Any]:
        if not wanted.lines or any(line.quantity < 1 for line in wanted.lines):
            raise ControlRefused("an order needs lines with a quantity of 1 or more")
        lines = [Wanted(self._find(line.sku), line.quantity) for line in wanted.lines]
        customer = {"first_name": "Ada", "last_name": "Shopper", "email": "ada@example.com", "country": "US"}
        order = place(
            self.shop,
            lines,
            "processing",
            paid_at=int(self.shop.now()),
            created_via="checkout",
            billing=customer,
            shipping=customer,
        )
        return order.value(self.shop.options)


def _reprice(item: Item, change: Change) -> None:
    try:
        regular = item.regular_price if change.price is None else _amount(change.price)
        sale = item.sale_price if change.sale_price is None else _amount(change.sale_price) if change.sale_price else ""
    except InvalidOperation:
        raise ControlRefused("a price must be an amount of zero or more") from None
    item.regular_price, item.sale_price = settled(regular, sale)


def _amount(price: Decimal) -> str:
    if not price.is_finite() or price < 0:
        raise ControlRefused("a price must be an amount of zero or more")
    return f"{price:.2f}"
