"""What Shopify's errors mean for one write."""

import pytest

from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.store_writes import FieldValue
from plugin_bridge.shopify.answers import UserError
from plugin_bridge.shopify.errors import TooCostly
from plugin_bridge.shopify.verdicts import broken, code_of, faulted, of_this_item, same


@pytest.mark.parametrize(
    ("code", "path", "message", "expected"),
    [
        ("PRODUCT_DOES_NOT_EXIST", ["productId"], "", "gone"),
        (None, ["id"], "Product does not exist", "gone"),
        ("INVALID_INPUT", ["variants", "0", "price"], "", "price_invalid"),
        ("NEGATIVE_PRICE_VALUE", None, "", "price_invalid"),
        ("NON_MUTABLE_INVENTORY_ITEM", ["input", "quantities", "0"], "", "not_counted"),
        ("INVALID_INPUT", ["input", "files", "1", "originalSource"], "", "image_refused"),
        ("HANDLE_NOT_UNIQUE", ["input", "handle"], "", "handle_taken"),
        ("SERVICE_UNAVAILABLE", None, "", "busy"),
        ("ANYTHING_ELSE", None, "", "rejected"),
        (None, None, "", "rejected"),
    ],
    ids=["product", "words", "price", "negative", "untracked", "picture", "handle", "busy", "unknown", "nothing"],
)
def test_an_error_has_one_code(code: str | None, path: list[str] | None, message: str, expected: str) -> None:
    assert code_of(UserError(message=message, code=code, field=path)) == expected


def test_what_passes_is_failed_and_what_stays_is_refused() -> None:
    assert faulted("k", [UserError(code="JOB_ERROR")]).outcome == "failed"
    assert faulted("k", [UserError(code="BLANK", message="No"), UserError(message="No")]).message == "No"


@pytest.mark.parametrize(
    ("error", "own"),
    [
        (StoreRefused(Cause.REFUSED, "", status=200), True),
        (TooCostly(""), True),
        (StoreUnavailable(Cause.SERVER_ERROR, "", status=200), True),
        (StoreUnavailable(Cause.SERVER_ERROR, "", status=500), False),
        (StoreUnavailable(Cause.TIMEOUT, ""), False),
        (StoreThrottled("", status=200), False),
        (StoreRefused(Cause.SCOPE_MISSING, "", status=200), False),
        (StoreRefused(Cause.REFUSED, "", status=400), False),
    ],
    ids=["refused", "costly", "inside", "5xx", "timeout", "throttled", "scope", "http"],
)
def test_only_what_speaks_of_the_item_is_its_result(error: PlatformError, own: bool) -> None:
    assert of_this_item(error) is own
    assert broken("k", error).outcome == ("failed" if isinstance(error, StoreUnavailable) else "refused")


@pytest.mark.parametrize(
    ("name", "one", "other", "alike"),
    [
        ("tags", ("b", "a"), ("a", "b "), True),
        ("tags", ("a",), (), False),
        ("sku", None, "", True),
        ("sku", "a", "A", False),
        ("weight_g", 0, None, True),
        ("weight_g", 1, None, False),
        ("price", None, None, True),
    ],
    ids=["order", "fewer", "nothing", "case", "no weight", "weight", "no price"],
)
def test_values_are_compared_as_a_shop_keeps_them(name: str, one: FieldValue, other: FieldValue, alike: bool) -> None:
    assert same(name, one, other) is alike
