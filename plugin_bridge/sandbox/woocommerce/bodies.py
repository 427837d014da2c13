"""Bodies of product writes: the types a single request must have, and what a batch lets through."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from plugin_bridge.sandbox.asgi import Request, json_body
from plugin_bridge.sandbox.woocommerce.params import STATUSES
from plugin_bridge.sandbox.woocommerce.rest import Problem, invalid_params, not_json, not_one_of, wrong_type

Body = dict[str, Any]
_MOST = 2**31

_STRINGS = [
    "name",
    "slug",
    "type",
    "description",
    "short_description",
    "sku",
    "regular_price",
    "sale_price",
    "weight",
    "global_unique_id",
    "catalog_visibility",
    "backorders",
    "stock_status",
    "status",
    "tax_class",
    "tax_status",
    "purchase_note",
]
_INTEGERS = ("stock_quantity", "menu_order", "parent_id", "shipping_class_id")
_BOOLEANS = ("manage_stock", "featured", "virtual", "downloadable", "sold_individually", "reviews_allowed")
_LISTS = ("categories", "tags", "brands", "images", "attributes", "meta_data")
_CHOICES = {
    "status": tuple(status for status in STATUSES if status not in ("any", "trash")),
    "stock_status": ("instock", "outofstock", "onbackorder"),
    "backorders": ("no", "notify", "yes"),
    "catalog_visibility": ("visible", "catalog", "search", "hidden"),
}


def read_body(request: Request) -> Body:
    """Return the JSON object (or the form) of a request.

    Raises:   RestError 400, msgspec.DecodeError.
    """
    if "form" in request.headers.get("content-type", ""):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    body = json_body(request)
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise not_json()
    return body


def check_types(body: Body) -> None:
    """Refuse wrong JSON types as a single write does; null passes unseen, as in WordPress.

    Raises:   RestError 400.
    """
    problems = {name: problem for name, value in body.items() if (problem := _problem(name, value)) is not None}
    if problems:
        raise invalid_params(problems)


def _problem(name: str, value: Any) -> Problem | None:
    if value is None:
        return None
    for names, fits, expected in _RULES:
        if name in names and not fits(value):
            return wrong_type(name, expected)
    allowed = _CHOICES.get(name)
    return not_one_of(name, allowed) if allowed is not None and value not in allowed else None


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return float(value) == int(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or value in ("true", "false", "1", "0", 1, 0)


_RULES: tuple[tuple[tuple[str, ...] | list[str], Callable[[Any], bool], str], ...] = (
    (_STRINGS, lambda value: isinstance(value, str), "string"),
    (_INTEGERS, _is_integer, "integer"),
    (_BOOLEANS, _is_boolean, "boolean"),
    (_LISTS, lambda value: isinstance(value, list), "array"),
)


def as_bool(value: Any) -> bool:
    """Return a boolean as PHP would read it from JSON or a form."""
    return value not in (False, None, 0, "", "0", "false")


def as_stock(value: Any) -> int:
    """Return pieces as `wc_stock_amount` reads them: null and nonsense are 0, fractions are cut."""
    try:
        return max(-_MOST, min(_MOST, int(float(value))))
    except (TypeError, ValueError, OverflowError):
        return 0
