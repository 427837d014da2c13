"""The campaign's verdict on what stores carried out can catch what was done twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.campaign.journals import applied_twice, created, pieces_written

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat()


def batch(seconds: float, **rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"at": at(seconds), "method": "POST", "path": "/wp-json/wc/v3/products/batch", "body": rows}


def woo_stock(seconds: float, item: int, pieces: int) -> dict[str, Any]:
    return batch(seconds, update=[{"id": item, "stock_quantity": pieces}])


def mutation(seconds: float, name: str, arguments: dict[str, Any], key: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {"mutation": name, "arguments": arguments}
    if key:
        body["idempotency_key"] = key
    return {"at": at(seconds), "method": "POST", "path": "/admin/api/2026-07/graphql.json", "body": body}


def shopify_stock(seconds: float, item: int, pieces: int, key: str) -> dict[str, Any]:
    row = {"inventoryItemId": f"gid://shopify/InventoryItem/{item}", "quantity": pieces, "changeFromQuantity": 1}
    return mutation(seconds, "inventorySetQuantities", {"input": {"quantities": [row]}}, key)


def test_the_same_number_twice_with_nothing_in_between_was_applied_twice() -> None:
    written = pieces_written([woo_stock(0, 7, 12), woo_stock(30, 8, 12), woo_stock(60, 7, 12)])
    assert [(one.item, one.number, one.at) for one in applied_twice(written, {})] == [
        ("7", 12, NOON + timedelta(seconds=60))
    ]


def test_the_same_number_again_after_an_order_is_right() -> None:
    written = pieces_written([woo_stock(0, 7, 12), woo_stock(60, 7, 12)])
    assert not applied_twice(written, {"7": [NOON + timedelta(seconds=20)]})


def test_an_order_long_before_both_writes_excuses_nothing() -> None:
    written = pieces_written([woo_stock(0, 7, 12), woo_stock(60, 7, 12)])
    assert applied_twice(written, {"7": [NOON - timedelta(seconds=60)], "8": [NOON]})


def test_a_number_that_comes_back_after_another_was_not_applied_twice() -> None:
    written = pieces_written([woo_stock(0, 7, 12), woo_stock(10, 7, 11), woo_stock(20, 7, 12)])
    assert not applied_twice(written, {})


def test_one_key_that_is_applied_again_is_caught_whatever_happened_in_between() -> None:
    written = pieces_written([shopify_stock(0, 5, 3, "k1"), shopify_stock(5, 5, 4, "k2"), shopify_stock(9, 5, 3, "k1")])
    assert [one.key for one in applied_twice(written, {"5": [NOON + timedelta(seconds=8)]})] == ["k1"]


def test_one_key_may_set_several_items() -> None:
    row = {"inventoryItemId": "gid://shopify/InventoryItem/5", "quantity": 3}
    other = {"inventoryItemId": "gid://shopify/InventoryItem/6", "quantity": 3}
    written = pieces_written([mutation(0, "inventorySetQuantities", {"input": {"quantities": [row, other]}}, "k")])
    assert [one.item for one in written] == ["5", "6"]
    assert not applied_twice(written, {})


def test_pieces_of_a_single_product_are_found_by_its_address() -> None:
    single = {"at": at(0), "method": "PUT", "path": "/wp-json/wc/v3/products/31", "body": {"stock_quantity": 4}}
    assert [(one.item, one.number) for one in pieces_written([single])] == [("31", 4)]


def test_creations_of_both_platforms_are_counted_by_sku() -> None:
    variants = {"variants": [{"inventoryItem": {"sku": "MUG-1"}}]}
    writes = [
        mutation(0, "productSet", {"input": {**variants, "handle": "mug"}}),
        mutation(1, "productSet", {"input": {**variants, "handle": "mug-2"}}),
        mutation(2, "productSet", {"identifier": {"id": "gid://shopify/Product/1"}, "input": variants}),
        batch(3, create=[{"sku": "LAMP-1"}], update=[{"id": 1, "sku": "SOCK-1"}]),
        {"at": at(4), "method": "POST", "path": "/wp-json/wc/v3/products", "body": {"sku": "LAMP-1"}},
        {"at": at(5), "method": "PUT", "path": "/wp-json/wc/v3/products/1", "body": {"sku": "SOCK-1"}},
    ]
    assert created(writes) == {"MUG-1": 2, "LAMP-1": 2}
