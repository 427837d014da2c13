"""What a test may ask a store and do to it."""

import pytest

from plugin_bridge.sandbox import journal
from plugin_bridge.sandbox.generator import generate_products
from tests.support.sandbox import SECRET, ask, control, request, send, signed, woo


def test_requests_are_logged_without_anything_that_authenticates() -> None:
    store = woo()
    ask(store, "GET", "products", per_page=2)
    url = "https://shop.test/wp-json/wc/v3/products"
    send(store, request("GET", "/wp-json/wc/v3/products", signed("GET", url, {})))
    control(store, "GET", "requests")
    log = store.shop.journal
    for asked in (request("GET", "/wp-json/wc/v3/products", signed("GET", url, {})),):
        log.asked(0.0, asked.method, asked.path, 200, asked.pairs)
    answer = control(store, "GET", "requests")
    assert SECRET not in answer.text
    assert "oauth_signature" not in answer.text
    assert set(answer.json()[0]) == {"at", "method", "path", "status", "query"}


def test_secrets_in_written_bodies_are_masked() -> None:
    store = woo()
    hook = {"topic": "product.updated", "delivery_url": "http://127.0.0.1:9/", "secret": "s3cret"}
    ask(store, "POST", "webhooks", hook)
    write = control(store, "GET", "writes").json()[0]
    assert (write["method"], write["path"]) == ("POST", "/wp-json/wc/v3/webhooks")
    assert write["body"]["secret"] == "***"


def test_refused_writes_are_no_writes() -> None:
    store = woo()
    ask(store, "PUT", "products/999", {"name": "x"})
    ask(store, "POST", "products/batch", {}, keys=False)
    assert control(store, "GET", "writes").json() == []


def test_logs_are_bounded() -> None:
    log = journal.Journal()
    for number in range(journal.KEPT + 5):
        log.asked(0.0, "GET", str(number), 200, [])
    assert len(log.requests) == journal.KEPT
    assert log.requests[-1].path == str(journal.KEPT + 4)


def test_a_merchant_changes_price_stock_and_title() -> None:
    store = woo(generate_products(1, 2))
    child = next(item for item in store.shop.catalog.items.values() if item.is_variation)
    row = control(store, "POST", "change", {"sku": child.sku, "price": 12.5, "stock": 3, "title": "Renamed"}).json()
    assert (row["price"], row["stock"], row["title"]) == ("12.50", 3, "Renamed")
    parent = ask(store, "GET", f"products/{child.parent_id}").json()
    assert parent["name"] == "Renamed"
    assert ask(store, "GET", "products", sku=child.sku).json()[0]["stock_quantity"] == 3


@pytest.mark.parametrize("how", ["trash", "force"])
def test_a_merchant_deletes(how: str) -> None:
    store = woo()
    sku = store.shop.catalog.items[10].sku
    assert control(store, "POST", "change", {"sku": sku, "delete": how}).status == 200
    assert ask(store, "GET", "products").headers["x-wp-total"] == "4"
    assert ask(store, "GET", "products/10").status == (200 if how == "trash" else 404)


def test_a_merchant_takes_a_product_out_of_the_trash() -> None:
    store = woo()
    sku = store.shop.catalog.items[10].sku
    control(store, "POST", "change", {"sku": sku, "delete": "trash"})
    control(store, "POST", "change", {"sku": sku, "delete": "restore"})
    assert ask(store, "GET", "products", sku=sku).json()[0]["status"] == "publish"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("change", {"sku": "NO-SUCH", "price": 1}),
        ("change", {"price": 1}),
        ("change", {"sku": "SHI-000001", "nonsense": 1}),
        ("change", {"sku": 5, "price": "abc"}),
        ("orders", {"lines": []}),
        ("orders", {"lines": [{"sku": "NO-SUCH", "quantity": 1}]}),
        ("orders", {}),
        ("faults", b"{"),
        ("change", b'{"sku":"\xff"}'),
        ("orders", b"[" * 100_000),
    ],
)
def test_what_cannot_be_done_is_said(path: str, body: object) -> None:
    answer = control(woo(), "POST", path, body)
    assert answer.status == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("price", [-1, "NaN", "Infinity"])
def test_a_price_that_is_none_is_refused(price: object) -> None:
    store = woo()
    sku = store.shop.catalog.items[10].sku
    assert control(store, "POST", "change", {"sku": sku, "price": price}).status == 400


def test_the_catalog_tells_the_truth_of_every_item() -> None:
    rows = control(woo(generate_products(2, 2)), "GET", "catalog").json()
    assert len(rows) == 6
    assert {"id", "sku", "title", "price", "stock", "status"} <= set(rows[0])


def test_an_unknown_control_endpoint_is_404() -> None:
    assert control(woo(), "GET", "nonsense").status == 404
