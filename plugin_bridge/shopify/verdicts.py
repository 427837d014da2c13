"""What became of a write: Shopify's errors to outcomes and codes (pure)."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any

from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.store_writes import FAILED, REFUSED, UNCHANGED, WRITTEN, FieldValue, StoreWrite, WriteResult
from plugin_bridge.shopify.answers import UserError
from plugin_bridge.shopify.errors import TooCostly
from plugin_bridge.shopify.inputs import NotWritable

Results = AsyncGenerator[list[WriteResult], None]
"""What became of writes, some at a time."""
_GONE = frozenset(
    {
        "INVALID_INVENTORY_ITEM",
        "MUST_BE_FOR_THIS_PRODUCT",
        "NOT_FOUND",
        "PRODUCT_DOES_NOT_EXIST",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_VARIANT_DOES_NOT_EXIST",
    }
)
_PRICE = frozenset({"GREATER_THAN_OR_EQUAL_TO", "LOCAL_CURRENCY_GIFT_CARD_PRICE_MUST_BE_ZERO", "NEGATIVE_PRICE_VALUE"})
_PASSING = frozenset(
    {
        "GENERIC_ERROR",
        "IDEMPOTENCY_CONCURRENT_REQUEST",
        "INTERNAL_FILE_SERVER_ERROR",
        "JOB_ERROR",
        "SERVICE_UNAVAILABLE",
    }
)
_PICTURES = frozenset({"files", "images", "media", "originalSource"})
_IDS = frozenset({"id", "productId"})


def code_of(error: UserError) -> str:
    """Return the code of a `WriteResult` for one of Shopify's."""
    path = set(error.field or ())
    if error.code in _GONE or (error.code is None and path & _IDS and "not exist" in error.message):
        return "gone"
    if error.code in _PRICE or path & {"price", "compareAtPrice"}:
        return "price_invalid"
    if error.code == "NON_MUTABLE_INVENTORY_ITEM":
        return "not_counted"
    if error.code == "HANDLE_NOT_UNIQUE":
        return "handle_taken"
    if path & _PICTURES:
        return "image_refused"
    return "busy" if error.code in _PASSING else "rejected"


def faulted(key: str, errors: Sequence[UserError], **more: Any) -> WriteResult:
    """Return the result of a write that Shopify did not do."""
    code = code_of(errors[0])
    said = "; ".join(dict.fromkeys(error.message for error in errors))[:300]
    return WriteResult(key=key, outcome=FAILED if code == "busy" else REFUSED, code=code, message=said, **more)


def not_writable(key: str, problem: NotWritable) -> WriteResult:
    """Return the result of a write that was not even sent."""
    return WriteResult(key=key, outcome=REFUSED, code=problem.code, message=problem.message)


def gone(key: str) -> WriteResult:
    """Return the result of a write to what is not there any more."""
    return WriteResult(key=key, outcome=REFUSED, code="gone", message="The shop does not have it any more")


def unanswered(key: str) -> WriteResult:
    """Return the result of a write that an answer says nothing of."""
    return WriteResult(key=key, outcome=FAILED, code="unanswered", message="Shopify did not say what became of it")


def settled(write: StoreWrite, shows: Mapping[str, FieldValue], *, sent: bool = True) -> WriteResult:
    """Return the result of a write that is done; *shows* tells what the shop shows now."""
    return WriteResult(key=write.key, outcome=WRITTEN if sent else UNCHANGED, shown=shows)


def shown(thing: Any, names: Iterable[str]) -> dict[str, FieldValue]:
    """Return some fields of a neutral product or variant."""
    return {name: getattr(thing, name) for name in names}


def same(name: str, one: FieldValue, other: FieldValue) -> bool:
    """Tell whether two values of a field are the same to a shop: the order of tags is its own, empty is nothing."""
    if name == "tags" and isinstance(one, tuple) and isinstance(other, tuple):
        return {str(tag).strip() for tag in one} == {str(tag).strip() for tag in other}
    if name == "weight_g" or isinstance(one or other, str):
        return (one or None) == (other or None)
    return one == other


def of_this_item(error: PlatformError) -> bool:
    """Tell whether an error speaks of what was sent and not of the shop: then others may go through."""
    if isinstance(error, StoreThrottled):
        return False
    if isinstance(error, StoreUnavailable):
        return error.cause is Cause.SERVER_ERROR and error.status == 200
    return isinstance(error, TooCostly) or (
        isinstance(error, StoreRefused) and error.cause is Cause.REFUSED and error.status == 200
    )


def broken(key: str, error: PlatformError) -> WriteResult:
    """Return the result of a write that an error `of_this_item` ended."""
    passes = isinstance(error, StoreUnavailable)
    return WriteResult(
        key=key, outcome=FAILED if passes else REFUSED, code="busy" if passes else "rejected", message=error.message
    )
