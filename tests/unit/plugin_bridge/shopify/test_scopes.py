"""What a shop granted, against what is needed."""

import pytest

from plugin_bridge.shopify.scopes import SCOPES, missing_scopes


def test_what_was_asked_for_is_enough() -> None:
    assert missing_scopes(",".join(SCOPES)) == ()


def test_writing_covers_reading() -> None:
    assert missing_scopes("write_products", ["read_products", "write_products"]) == ()


def test_reading_does_not_cover_writing() -> None:
    assert missing_scopes("read_products", ["read_products", "write_products"]) == ("write_products",)


def test_what_is_missing_is_named_in_order() -> None:
    assert missing_scopes("read_b", ["read_c", "read_a", "read_b"]) == ("read_a", "read_c")


@pytest.mark.parametrize("granted", ["", ",", " , "])
def test_nothing_granted_is_nothing(granted: str) -> None:
    assert missing_scopes(granted, ["read_a"]) == ("read_a",)


def test_scopes_of_unknown_kinds_do_not_matter() -> None:
    assert missing_scopes("customer_read_orders, read_a ,\x00,unheard", ["read_a"]) == ()


def test_scopes_of_visitors_cover_nothing_of_ours() -> None:
    assert missing_scopes("unauthenticated_write_products", ["read_products"]) == ("read_products",)
