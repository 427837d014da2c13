"""Every topic that is listened to, by platform and in the platform's words; what each means stands in its family."""

from collections.abc import Mapping

from backend.domain.inbound import (
    catalog_hints,
    exports,
    installation,
    orders,
    personal_data,
    shopify_bodies,
    shopify_orders,
    woocommerce_bodies,
    woocommerce_orders,
)
from backend.domain.inbound.handling import Topic
from backend.domain.privacy.requests import CUSTOMER_REDACT, DATA_REQUEST, SHOP_REDACT

_CHANGED = Topic(handler=catalog_hints.changed)
_SHOPIFY_ORDER = Topic(handler=orders.told(shopify_orders.read))
_WOO_ORDER = Topic(handler=orders.told(woocommerce_orders.read))
_ORDER_KEPT = Topic(handler=orders.kept)


def _personal(kind: str) -> Topic:
    handler = personal_data.requested(kind, shopify_bodies.personal_data_request)
    return Topic(handler=handler, needs_store=False)


TOPICS: Mapping[str, Mapping[str, Topic]] = {
    "shopify": {
        "products/create": _CHANGED,
        "products/update": _CHANGED,
        "products/delete": Topic(handler=catalog_hints.removed(shopify_bodies.product_id)),
        "inventory_levels/update": _CHANGED,
        "orders/create": _SHOPIFY_ORDER,
        "orders/updated": _SHOPIFY_ORDER,
        "orders/cancelled": _SHOPIFY_ORDER,
        "orders/paid": _SHOPIFY_ORDER,
        "orders/fulfilled": _SHOPIFY_ORDER,
        "orders/edited": _ORDER_KEPT,
        "orders/delete": _ORDER_KEPT,
        "bulk_operations/finish": Topic(handler=exports.finished(shopify_bodies.operation_id)),
        "app/uninstalled": Topic(handler=installation.uninstalled),
        "app/scopes_update": Topic(handler=installation.scopes_changed(shopify_bodies.granted_scopes)),
        "customers/data_request": _personal(DATA_REQUEST),
        "customers/redact": _personal(CUSTOMER_REDACT),
        "shop/redact": _personal(SHOP_REDACT),
    },
    "woocommerce": {
        "product.created": _CHANGED,
        "product.updated": _CHANGED,
        "product.deleted": Topic(handler=catalog_hints.removed(woocommerce_bodies.product_id)),
        "product.restored": _CHANGED,
        "order.created": _WOO_ORDER,
        "order.updated": _WOO_ORDER,
        "order.deleted": _ORDER_KEPT,
        "order.restored": _WOO_ORDER,
    },
}
