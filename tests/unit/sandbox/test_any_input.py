"""Whatever is sent, the store answers: a refusal with a code, never a crash, and it can be kept afterwards."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce.bodies import Body
from tests.support.sandbox import ask, control, woo

KEYS = st.sampled_from(
    [
        "id",
        "name",
        "sku",
        "type",
        "status",
        "regular_price",
        "sale_price",
        "stock_quantity",
        "manage_stock",
        "categories",
        "tags",
        "images",
        "image",
        "attributes",
        "meta_data",
        "key",
        "value",
        "src",
        "options",
        "option",
        "line_items",
        "product_id",
        "quantity",
        "total",
        "set_paid",
        "billing",
        "topic",
        "delivery_url",
        "secret",
        "create",
        "update",
        "delete",
        "parent_id",
        "backorders",
        "price",
        "lines",
        "kind",
        "rate",
        "next",
        "stock",
        "title",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["1", "10", "trash", "publish", "processing", "product.updated", "http://127.0.0.1:9/", 10, 11])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
BODIES: st.SearchStrategy[Body] = st.dictionaries(KEYS, JSON, max_size=6)
ROUTES = [
    ("POST", "products"),
    ("PUT", "products/10"),
    ("POST", "products/batch"),
    ("POST", "products/10/variations"),
    ("POST", "products/10/variations/batch"),
    ("POST", "webhooks"),
    ("POST", "orders"),
    ("PUT", "settings/general/woocommerce_currency"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@settings(max_examples=60, deadline=None)
@given(body=BODIES)
def test_any_body_gets_an_answer(method: str, path: str, body: Body) -> None:
    store = woo(generate_products(2, 2))
    answer = ask(store, method, path, body)
    assert answer.status in (200, 201, 400, 404, 413)
    assert answer.status < 300 or answer.code
    for listed in ("products", "variations", "orders", "webhooks"):
        assert ask(store, "GET", listed).status == 200
    store.snapshot()


@settings(max_examples=150, deadline=None)
@given(
    params=st.dictionaries(
        st.sampled_from(
            [
                "page",
                "per_page",
                "orderby",
                "order",
                "status",
                "include",
                "exclude",
                "sku",
                "type",
                "category",
                "modified_after",
                "after",
                "_fields",
                "force",
                "dates_are_gmt",
                "context",
                "include[]",
                "rest_route",
                "oauth_nonce",
            ]
        ),
        st.text(max_size=10)
        | st.sampled_from(["--5", "²", "1e3", "10,11", "-1", "9" * 30, "id", "id.x", "a.b.c", "links"]),
        max_size=5,
    ),
    path=st.sampled_from(
        ["products", "variations", "orders", "webhooks", "products/10", "system_status", "products/tags"]
    ),
)
def test_any_query_gets_an_answer(params: dict[str, str], path: str) -> None:
    assert ask(woo(generate_products(2, 2)), "GET", path, **params).status in (200, 400, 401, 404)


@settings(max_examples=100, deadline=None)
@given(body=JSON, path=st.sampled_from(["change", "orders", "faults"]))
def test_any_control_body_gets_an_answer(body: Any, path: str) -> None:
    assert control(woo(), "POST", path, body).status in (200, 201, 400)
