"""Writes: the price trap, stock, SKUs, trash, batches, and what moves the date."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce.prices import read_price
from tests.support.sandbox import NOW, Clock, ask, control, woo

FIRST = 10


def put(body: dict[str, Any], path: str = f"products/{FIRST}") -> Any:
    return ask(woo(), "PUT", path, body).json()


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("19.90", "19.90"),
        ("12,50", "1250"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1.23450"),
        ("1.2.3", "12.3"),
        ("abc", ""),
        ("", ""),
        ("$5", "5"),
        ("-", ""),
        ("5-3", ""),
    ],
)
def test_a_price_text_is_never_refused_only_misread(sent: str, stored: str) -> None:
    assert put({"regular_price": sent, "sale_price": ""})["regular_price"] == stored


def test_a_product_without_a_price_cannot_be_bought() -> None:
    assert put({"regular_price": "abc", "sale_price": ""})["purchasable"] is False


@given(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.none() | st.booleans())
def test_whatever_is_read_as_a_price_is_a_number_or_nothing(value: Any) -> None:
    price = read_price(value)
    assert price == "" or float(price) == float(price)


def test_a_json_number_is_400_alone_and_accepted_in_a_batch() -> None:
    store = woo()
    assert ask(store, "PUT", f"products/{FIRST}", {"regular_price": 12.5}).status == 400
    answer = ask(store, "POST", "products/batch", {"update": [{"id": FIRST, "regular_price": 12.5, "sale_price": ""}]})
    assert answer.json()["update"][0]["regular_price"] == "12.5"


def test_a_sale_above_the_regular_price_is_cleared_silently() -> None:
    assert put({"regular_price": "10", "sale_price": "11"})["sale_price"] == ""
    assert put({"regular_price": "10", "sale_price": "9"})["price"] == "9"


def test_price_is_read_only() -> None:
    row = put({"regular_price": "10", "sale_price": "", "price": "3"})
    assert row["price"] == "10"


def test_stock_null_gives_zero_and_a_fraction_is_400() -> None:
    assert put({"stock_quantity": None})["stock_quantity"] == 0
    answer = ask(woo(), "PUT", f"products/{FIRST}", {"stock_quantity": 5.5})
    assert (answer.status, answer.code) == (400, "rest_invalid_param")
    assert put({"stock_quantity": 7})["stock_status"] == "instock"
    assert put({"stock_quantity": -2})["stock_status"] == "outofstock"


def test_a_put_that_changes_nothing_moves_the_date() -> None:
    clock = Clock()
    store = woo(clock=clock)
    clock.now += 60
    assert ask(store, "PUT", f"products/{FIRST}", {}).json()["date_modified_gmt"] == "2026-09-21T14:14:20"


def test_a_meta_only_put_moves_the_date_and_keeps_the_row() -> None:
    clock = Clock()
    store = woo(clock=clock)
    clock.now += 60
    row = ask(store, "PUT", f"products/{FIRST}", {"meta_data": [{"key": "k", "value": {"a": 1}}]}).json()
    assert row["meta_data"][-1]["value"] == {"a": 1}
    assert row["date_modified_gmt"] == "2026-09-21T14:14:20"


def test_editing_or_deleting_a_variation_moves_its_parent() -> None:
    clock = Clock()
    store = woo(generate_products(1, 2), clock=clock)
    parent, first, second = sorted(item.id for item in store.shop.catalog.items.values())[-3:]
    parent = store.shop.catalog.items[first].parent_id
    clock.now += 60
    ask(store, "PUT", f"products/{parent}/variations/{first}", {"regular_price": "5"})
    assert store.shop.catalog.items[parent].modified_at == NOW + 60
    clock.now += 60
    ask(store, "DELETE", f"products/{parent}/variations/{second}", force="true")
    assert store.shop.catalog.items[parent].modified_at == NOW + 120
    assert ask(store, "GET", f"products/{parent}").json()["variations"] == [first]


def test_a_silent_edit_changes_the_price_and_nothing_else() -> None:
    clock = Clock()
    store = woo(clock=clock)
    before = ask(store, "GET", f"products/{FIRST}").json()
    clock.now += 60
    control(store, "POST", "change", {"sku": before["sku"], "price": "1.00", "sale_price": 0, "silent": True})
    after = ask(store, "GET", f"products/{FIRST}").json()
    assert after["price"] == "1.00"
    assert after["date_modified"] == before["date_modified"]


def test_a_duplicate_sku_names_its_owner() -> None:
    store = woo()
    sku = store.shop.catalog.items[FIRST].sku
    answer = ask(store, "POST", "products", {"name": "New", "sku": sku})
    assert (answer.status, answer.code) == (400, "product_invalid_sku")
    assert answer.json()["data"]["resource_id"] == FIRST
    assert answer.json()["data"]["unique_sku"] == f"{sku}-1"


def test_a_created_product_is_there_by_id_sku_and_list() -> None:
    store = woo()
    answer = ask(
        store,
        "POST",
        "products",
        {"name": "Tea pot", "sku": "POT", "regular_price": "8", "categories": [{"name": "Tea"}]},
    )
    row = answer.json()
    assert answer.status == 201
    assert answer.headers["location"].endswith(f"/products/{row['id']}")
    assert ask(store, "GET", "products", sku="POT").json()[0]["categories"][0]["name"] == "Tea"
    assert ask(store, "GET", "products").headers["x-wp-total"] == "6"


def test_trash_hides_and_force_forgets() -> None:
    store = woo()
    assert ask(store, "DELETE", f"products/{FIRST}").status == 200
    assert ask(store, "GET", "products").headers["x-wp-total"] == "4"
    assert [row["id"] for row in ask(store, "GET", "products", status="trash").json()] == [FIRST]
    assert ask(store, "GET", f"products/{FIRST}").json()["status"] == "trash"
    assert ask(store, "DELETE", f"products/{FIRST}").status == 410
    assert ask(store, "DELETE", f"products/{FIRST}", force="true").status == 200
    assert ask(store, "GET", f"products/{FIRST}").status == 404


def test_a_trashed_product_can_come_back() -> None:
    store = woo()
    ask(store, "DELETE", f"products/{FIRST}")
    row = ask(store, "PUT", f"products/{FIRST}", {"status": "publish"}).json()
    assert (row["status"], row["meta_data"]) == ("publish", store_meta(store))
    assert not row["slug"].endswith("__trashed")


def store_meta(store: Any) -> Any:
    return [
        {"id": m.id, "key": m.key, "value": m.value}
        for m in store.shop.catalog.items[FIRST].meta
        if not m.key.startswith("_wp_")
    ]


def test_trashing_a_variable_product_takes_its_variations_along() -> None:
    store = woo(generate_products(1, 3))
    parent = next(item.id for item in store.shop.catalog.items.values() if item.kind == "variable")
    ask(store, "DELETE", f"products/{parent}")
    assert ask(store, "GET", "variations").json() == []


def test_a_batch_answers_each_item_by_itself_and_deletes_for_good() -> None:
    store = woo()
    body = {
        "create": [{"name": "A", "sku": "A"}, {"name": "B", "sku": "A"}],
        "update": [{"id": FIRST, "name": "Renamed"}, {"id": 999, "name": "x"}],
        "delete": [11, 998],
    }
    answer = ask(store, "POST", "products/batch", body)
    rows = answer.json()
    assert answer.status == 200
    assert rows["create"][1]["error"]["code"] == "product_invalid_sku"
    assert rows["update"][0]["name"] == "Renamed"
    assert rows["update"][1] == {
        "id": 999,
        "error": {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 400}},
    }
    assert ask(store, "GET", "products/11").status == 404
    assert rows["delete"][1]["error"]["code"] == "woocommerce_rest_product_invalid_id"


def test_a_batch_takes_100_and_not_101() -> None:
    rows = [{"id": FIRST}] * 50
    assert ask(woo(), "POST", "products/batch", {"update": rows, "delete": [999] * 50}).status == 200
    answer = ask(woo(), "POST", "products/batch", {"update": rows, "delete": [999] * 51})
    assert (answer.status, answer.code) == (413, "woocommerce_rest_request_entity_too_large")


def test_the_fields_of_a_batch_filter_its_lists_and_not_its_items() -> None:
    body = {"update": [{"id": FIRST}]}
    assert list(ask(woo(), "POST", "products/batch", body, _fields="update").json()) == ["update"]
    assert ask(woo(), "POST", "products/batch", body, _fields="update.id").json() == {"update": []}


def test_variations_have_their_own_batch() -> None:
    store = woo(generate_products(2, 2))
    first, second = (item.id for item in store.shop.catalog.items.values() if item.kind == "variable")
    mine, foreign = store.shop.catalog.items[first].children[0], store.shop.catalog.items[second].children[0]
    body = {"update": [{"id": mine, "stock_quantity": 3}, {"id": foreign, "stock_quantity": 3}]}
    rows = ask(store, "POST", f"products/{first}/variations/batch", body).json()["update"]
    assert rows[0]["stock_quantity"] == 3
    assert rows[1]["error"]["code"] == "woocommerce_rest_product_variation_invalid_id"


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
def test_a_body_that_is_no_json_object_is_400(body: bytes) -> None:
    answer = ask(woo(), "PUT", f"products/{FIRST}", body)
    assert (answer.status, answer.code) == (400, "rest_invalid_json")


def test_an_order_takes_stock_and_a_cancelled_one_gives_it_back() -> None:
    clock = Clock()
    store = woo(clock=clock)
    item = store.shop.catalog.items[FIRST]
    item.stock = 5
    clock.now += 60
    body = {"status": "processing", "set_paid": True, "line_items": [{"product_id": FIRST, "quantity": 7}]}
    order = ask(store, "POST", "orders", body).json()
    assert (item.stock, item.modified_at) == (-2, NOW + 60)
    ask(store, "PUT", f"orders/{order['id']}", {"status": "cancelled"})
    assert item.stock == 5


def test_an_order_of_a_variation_moves_its_parent_too() -> None:
    clock = Clock()
    store = woo(generate_products(1, 2), clock=clock)
    child = next(item for item in store.shop.catalog.items.values() if item.is_variation)
    clock.now += 60
    answer = control(store, "POST", "orders", {"lines": [{"sku": child.sku, "quantity": 1}]})
    assert answer.status == 201
    assert store.shop.catalog.items[child.parent_id].modified_at == NOW + 60
    assert ask(store, "GET", "orders").json()[0]["line_items"][0]["variation_id"] == child.id
