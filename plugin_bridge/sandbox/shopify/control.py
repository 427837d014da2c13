"""The control side of a simulated shop: what it saw and did, its faults, what its merchant and Shopify do."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from plugin_bridge.sandbox.asgi import Reply, Request, json_body, json_reply
from plugin_bridge.sandbox.faults import FaultRefused
from plugin_bridge.sandbox.shopify import admin, ordering
from plugin_bridge.sandbox.shopify.kinds import KINDS
from plugin_bridge.sandbox.shopify.options import AppOptions
from plugin_bridge.sandbox.shopify.payloads import COMPLIANCE
from plugin_bridge.sandbox.shopify.publishing import note_shown
from plugin_bridge.sandbox.shopify.records import Variant
from plugin_bridge.sandbox.shopify.seed import money
from plugin_bridge.sandbox.shopify.shop import Shop
from plugin_bridge.sandbox.shopify.values import time_text


class ControlRefused(ValueError):
    """The control request cannot be followed; the message says why."""


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An edit by the merchant; a title and a status are those of the product a variant belongs to."""

    sku: str
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    """0 takes it away."""
    stock: int | None = None
    location: str = ""
    """Name of the place whose stock changes; the first one when nothing is said."""
    title: str | None = None
    status: str | None = None
    """`active`, `draft` or `archived`."""
    delete: bool = False
    """Deletes the whole product."""
    silent: bool = False
    """No webhook tells of it."""


class OrderLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line of an order."""

    sku: str
    quantity: int = 1


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An order as a customer places it, paid; or, with `cancel`, the name of one to cancel."""

    lines: list[OrderLine] = []
    cancel: str = ""
    email: str = "ada@example.com"
    days_ago: float = 0.0


class WantedToken(msgspec.Struct, forbid_unknown_fields=True):
    """An ID token; what is not said is as the admin would have it."""

    user: str = admin.USER
    expires_in: float = 60.0
    claims: dict[str, Any] = {}
    secret: str | None = None
    install: bool = True
    """The admin only opens what is installed; false asks for a token of a shop that never installed the app."""


class Scopes(msgspec.Struct, forbid_unknown_fields=True):
    """What the merchant grants from now on, comma separated."""

    scopes: str


Act = Callable[["Control", Request], Any]


class Control:
    """Answers the control requests of one shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def answer(self, request: Request, path: str) -> Reply:
        """Return the answer to a control request; *path* is what stands behind the control URL, without slashes."""
        act = _ACTS.get(f"{request.method} {path}")
        if act is None:
            return json_reply({"error": "there is no such control endpoint"}, 404)
        try:
            found = act(self, request)
        except (ControlRefused, FaultRefused, msgspec.ValidationError) as error:
            return json_reply({"error": str(error)}, 400)
        except msgspec.DecodeError:
            return json_reply({"error": "the body is no JSON"}, 400)
        return Reply(status=204) if found is None else json_reply(found, 201 if path == "orders" else 200)

    @property
    def _app(self) -> AppOptions:
        if self.shop.app is None:
            raise ControlRefused("no app was set up for this shop")
        return self.shop.app

    def clear_faults(self, request: Request) -> None:
        """Switch one fault off, or all."""
        self.shop.faults.clear(request.query.get("kind"))

    def row(self, variant: Variant) -> dict[str, Any]:
        """Return what there is of a variant."""
        product = self.shop.catalog.products[variant.product_id]
        places = self.shop.locations
        return {
            "id": variant.id,
            "product_id": product.id,
            "inventory_item_id": variant.inventory_id,
            "status": product.status.lower(),
            "sku": variant.sku,
            "title": product.title,
            "options": {o.name: c for o, c in zip(product.options, variant.choices, strict=False)},
            "price": variant.price,
            "compare_at_price": variant.compare_at,
            "stock": variant.available if variant.tracked else None,
            "levels": {places[place].name: pieces for place, pieces in variant.levels.items()},
            "barcode": variant.barcode,
            "channels": list(product.channels),
            "modified_at": time_text(variant.updated_at),
        }

    def catalog(self, _: Request) -> list[dict[str, Any]]:
        """Return every variant, by id."""
        held = self.shop.catalog
        return [self.row(held.variants[variant_id]) for variant_id in held.variant_shelf.ids]

    def _find(self, sku: str) -> Variant:
        found = self.shop.catalog.by_sku.get(sku)
        if not found:
            raise ControlRefused(f"no variant has the SKU {sku!r}")
        return self.shop.catalog.variants[found[0]]

    def change(self, request: Request) -> dict[str, Any]:
        """Edit a variant and its product as the merchant would."""
        change = msgspec.convert(json_body(request), Change, strict=False)
        variant, shop = self._find(change.sku), self.shop
        row = self.row(variant)
        if change.silent:
            shop.deliveries.muted = True
        try:
            if change.delete:
                shop.delete_product(shop.catalog.products[variant.product_id])
                return {**row, "status": "deleted"}
            self._edit(variant, change)
        finally:
            shop.deliveries.muted = False
        return self.row(variant)

    def _edit(self, variant: Variant, change: Change) -> None:
        shop = self.shop
        product = shop.catalog.products[variant.product_id]
        if change.status is not None:
            if change.status not in ("active", "draft", "archived"):
                raise ControlRefused(f"status is active, draft or archived, not {change.status!r}")
            product.status = change.status.upper()
            note_shown(product, shop.now())
        if change.price is not None:
            variant.price = _amount(change.price)
        if change.compare_at_price is not None:
            variant.compare_at = _amount(change.compare_at_price) if change.compare_at_price else None
        if change.title is not None:
            product.title = change.title
        if change.stock is not None:
            variant.tracked = True
            shop.set_stock(variant, self._place(change.location), change.stock)
        else:
            shop.variant_saved(variant)

    def _place(self, name: str) -> int:
        for location in self.shop.locations.values():
            if name in ("", location.name):
                return location.id
        raise ControlRefused(f"no location is called {name!r}")

    def order(self, request: Request) -> dict[str, Any]:
        """Place an order, or cancel one."""
        wanted, shop = msgspec.convert(json_body(request), NewOrder, strict=False), self.shop
        if wanted.cancel:
            found = next((one for one in shop.orders.values() if f"#{one.number}" == wanted.cancel), None)
            if found is None or found.cancelled_at:
                raise ControlRefused(f"there is no open order {wanted.cancel!r}")
            ordering.cancel(shop, found)
        else:
            if not wanted.lines or any(line.quantity < 1 for line in wanted.lines):
                raise ControlRefused("an order needs lines with a quantity of 1 or more")
            lines = [(self._find(line.sku), line.quantity) for line in wanted.lines]
            at = int(shop.now() - wanted.days_ago * 86_400) if wanted.days_ago else None
            found = ordering.place(shop, lines, email=wanted.email, created_at=at)
        told: dict[str, Any] = shop.payload("orders/create", (found.id, 0))
        return told

    def id_token(self, request: Request) -> dict[str, Any]:
        """Sign an ID token and the query with which the admin opens the app; installs the app first."""
        wanted = msgspec.convert(json_body(request) or {}, WantedToken, strict=False)
        app, shop = self._app, self.shop
        if wanted.install:
            admin.ensure_installed(shop, app)
        token = admin.id_token(
            shop, app, user=wanted.user, expires_in=wanted.expires_in, claims=wanted.claims, secret=wanted.secret
        )
        query = admin.app_query(shop, app, token)
        return {
            "id_token": token,
            "query": query,
            "app_url": f"{app.base_url.rstrip('/')}/app",
            "shop": shop.options.domain,
        }

    def compliance(self, request: Request) -> None:
        """Send one of the three compliance webhooks; what is not said is made up."""
        said = json_body(request)
        if not isinstance(said, dict) or said.get("topic") not in COMPLIANCE:
            raise ControlRefused(f"topic is one of {', '.join(COMPLIANCE)}")
        shop = self.shop
        topic = said.pop("topic")
        told: dict[str, Any] = {"shop_id": shop.id, "shop_domain": shop.options.domain}
        if topic.startswith("customers/"):
            orders = "orders_requested" if topic.endswith("data_request") else "orders_to_redact"
            told |= {orders: [], "customer": {"id": 1, "email": "ada@example.com", "phone": "555-625-1199"}}
        if topic == "customers/data_request":
            told["data_request"] = {"id": shop.ids.take()}
        shop.deliveries.send(topic, {**told, **said})

    def grant(self, request: Request) -> dict[str, Any]:
        """Grant the installed app other scopes."""
        wanted = msgspec.convert(json_body(request), Scopes)
        if not self.shop.installation.installed:
            raise ControlRefused("the app is not installed")
        self.shop.install(wanted.scopes)
        return {"scopes": self.shop.installation.scopes}

    def expire(self, _: Request) -> None:
        """End every access token at once; refresh tokens stay good."""
        self.shop.installation.expire_access()
        self.shop.revision += 1

    def revoke(self, _: Request) -> None:
        """End every token at once while the app stays installed."""
        self.shop.installation.revoke()
        self.shop.revision += 1

    def state(self, _: Request) -> dict[str, Any]:
        """Return whether the app is installed, with what, and which operations there are; no tokens."""
        shop, held = self.shop, self.shop.installation
        return {
            "shop_domain": shop.options.domain,
            "installed": held.installed,
            "scopes": held.scopes,
            "generation": held.generation,
            "access_tokens": len(held.access),
            "refreshable": held.current is not None,
            "products": len(shop.catalog.products),
            "variants": len(shop.catalog.variants),
            "bulk_operations": [
                {"id": one.id, "type": one.type, "status": one.status, "objects": one.objects}
                for one in shop.operations.by_id.values()
            ],
            "webhooks_idle": shop.deliveries.idle,
        }


def _amount(price: Decimal) -> str:
    if not price.is_finite() or price < 0:
        raise ControlRefused("a price must be an amount of zero or more")
    return money(price) or "0.00"


_ACTS: Mapping[str, Act] = {
    "GET requests": lambda control, _: list(control.shop.journal.requests),
    "GET writes": lambda control, _: list(control.shop.journal.writes),
    "GET catalog": Control.catalog,
    "GET state": Control.state,
    "GET faults": lambda control, _: {"active": list(control.shop.faults.active.values()), "kinds": KINDS},
    "POST faults": lambda control, request: control.shop.faults.switch_on(json_body(request)),
    "DELETE faults": Control.clear_faults,
    "POST change": Control.change,
    "POST orders": Control.order,
    "POST id_token": Control.id_token,
    "POST compliance": Control.compliance,
    "POST scopes": Control.grant,
    "POST uninstall": lambda control, _: control.shop.uninstall(),
    "POST revoke_tokens": Control.revoke,
    "POST expire_access_token": Control.expire,
}
