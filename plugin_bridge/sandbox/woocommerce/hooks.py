"""Webhook subscriptions of a store."""

import msgspec

DISABLED_AFTER = 5
"""The counter of failures in a row must exceed this, so the seventh failure disables."""

RESOURCES = ("coupon", "customer", "order", "product")
EVENTS = ("created", "updated", "deleted", "restored")

ACTIONS: dict[str, list[str]] = {
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
}
"""Topic -> PHP hooks, shown in the API."""


class Hook(msgspec.Struct, kw_only=True):
    """One subscription; the secret is never shown."""

    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    status: str = "active"
    """`active`, `paused` or `disabled`."""
    failures: int = 0
    created_at: int
    modified_at: int | None = None


class Hooks:
    """The subscriptions by id."""

    def __init__(self) -> None:
        self.by_id: dict[int, Hook] = {}
        self.next_id = 1

    def add(self, hook: Hook) -> None:
        """Keep a subscription."""
        self.by_id[hook.id] = hook
        self.next_id = max(self.next_id, hook.id + 1)

    def listening(self, topic: str) -> list[Hook]:
        """Return the active subscriptions of a topic."""
        return [hook for hook in self.by_id.values() if hook.topic == topic and hook.status == "active"]


def known_topic(topic: str) -> bool:
    """Tell whether the store can send this topic."""
    resource, _, event = topic.partition(".")
    return (resource in RESOURCES and event in EVENTS) or (resource == "action" and bool(event))
