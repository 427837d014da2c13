"""Every way the simulated shop can be made to fail, seen from outside."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from plugin_bridge.sandbox.shopify.kinds import KINDS
from tests.support.shopify import ShopifyShop, shopify_shop

NAME = "{shop {name}}"
PRICE = """mutation($p: ID!, $v: [ProductVariantsBulkInput!]!) {productVariantsBulkUpdate(productId: $p, variants: $v) {
    userErrors {message}}}"""


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(2) as served:
        yield served


@pytest.fixture
def tokens(shop: ShopifyShop) -> dict[str, Any]:
    return shop.install()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_switched_on_and_off(shop: ShopifyShop, kind: str) -> None:
    shop.fault(kind, location="http://127.0.0.1:1/") if kind == "redirect" else shop.fault(kind)
    assert [one["kind"] for one in shop.control("GET", "faults")["active"]] == [kind]
    shop.clear_faults()
    assert shop.control("GET", "faults")["active"] == []


@pytest.mark.parametrize(
    "wanted",
    [{"kind": "nonsense"}, {"kind": "html", "rate": 2}, {"kind": "html", "times": 3}, {"kind": "redirect"}, []],
    ids=["unknown kind", "rate", "unknown option", "no location", "no object"],
)
def test_a_fault_that_cannot_be_is_refused(shop: ShopifyShop, wanted: Any) -> None:
    assert shop.http.post(f"{shop.control_url}/faults", json=wanted).status_code == 400


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ({"kind": "redirect", "location": "http://127.0.0.1:1/x"}, 301, ""),
        ({"kind": "unauthorized"}, 401, "Invalid API key or access token"),
        ({"kind": "rate_limited", "retry_after": 7}, 429, "Too Many Requests"),
        ({"kind": "rate_limited_without_retry_after"}, 429, "Too Many Requests"),
        ({"kind": "server_error", "status": 503}, 503, "Internal Server Error"),
        ({"kind": "html"}, 200, "<!doctype html>"),
        ({"kind": "throttle"}, 200, '"THROTTLED"'),
        ({"kind": "internal_error"}, 200, '"INTERNAL_SERVER_ERROR"'),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_a_fault_strikes_once_and_then_the_shop_answers(
    shop: ShopifyShop, tokens: dict[str, Any], fault: dict[str, Any], status: int, said: str
) -> None:
    shop.control("POST", "faults", {**fault, "next": 1})
    answer = shop.post_graphql(tokens["access_token"], NAME)
    assert answer.status_code == status
    assert said in answer.text
    assert answer.headers.get("retry-after") == ("7.0" if fault["kind"] == "rate_limited" else None)
    if fault["kind"] == "throttle":
        time.sleep(0.1)  # the bucket fills by 100 points a second
    assert shop.graphql(tokens["access_token"], NAME)["data"]["shop"]["name"] == "Simulated shop"


def test_half_of_the_json_is_no_json(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("truncated_json", next=1)
    with pytest.raises(ValueError, match=r"JSON|Unterminated|Expecting"):
        shop.post_graphql(tokens["access_token"], NAME).json()


def test_slow_is_slow(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("slow", next=1, seconds=0.3)
    begin = time.monotonic()
    shop.graphql(tokens["access_token"], NAME)
    assert time.monotonic() - begin >= 0.3


def test_revoked_tokens_cannot_be_renewed(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("token_revoked", next=1)
    assert shop.post_graphql(tokens["access_token"], NAME).status_code == 401
    renewed = shop.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.status_code == 401
    assert "requires an active refresh_token" in renewed.json()["error_description"]


def test_a_lost_token_answer_leaves_the_old_refresh_token_good(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("token_answer_lost", next=1, seconds=0.1)
    with pytest.raises(httpx.HTTPError):
        shop.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    again = shop.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.status_code == 200


def test_a_write_is_not_lost_to_a_read(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("timeout_after_write", next=1, seconds=0.1)
    assert shop.graphql(tokens["access_token"], NAME)["data"]
    row = shop.catalog[0]
    change = {"id": f"gid://shopify/ProductVariant/{row['id']}", "price": "3"}
    with pytest.raises(httpx.HTTPError):
        shop.graphql(tokens["access_token"], PRICE, {"p": f"gid://shopify/Product/{row['product_id']}", "v": [change]})
    assert shop.catalog[0]["price"] == "3.00"


def test_answers_can_be_silent_about_their_cost(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("no_cost", next=1)
    assert "extensions" not in shop.graphql(tokens["access_token"], NAME)


def test_a_version_can_fall_forward(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("fell_forward", next=1)
    assert shop.post_graphql(tokens["access_token"], NAME).headers["x-shopify-api-version"] == "2027-01"


def test_a_bulk_operation_can_be_refused(shop: ShopifyShop, tokens: dict[str, Any]) -> None:
    shop.fault("bulk_refused", next=1)
    start = 'mutation {bulkOperationRunQuery(query: "{products {edges {node {id}}}}") {userErrors {code}}}'
    told = shop.graphql(tokens["access_token"], start)["data"]["bulkOperationRunQuery"]
    assert told["userErrors"] == [{"code": "LIMIT_REACHED"}]


def test_faults_of_the_api_leave_pages_and_control_alone(shop: ShopifyShop) -> None:
    shop.fault("server_error")
    assert shop.http.get(f"{shop.store_url}/admin/apps/app").status_code == 200
    assert shop.catalog
