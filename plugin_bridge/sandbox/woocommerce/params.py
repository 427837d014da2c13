"""Query parameters of lists, validated with the refusals of WordPress."""

import re
from collections.abc import Mapping

import msgspec

from plugin_bridge.sandbox.woocommerce.dates import NotADate, read_bound
from plugin_bridge.sandbox.woocommerce.rest import Problem, invalid_params, not_one_of, wrong_type

ORDERINGS = [
    "date",
    "id",
    "include",
    "title",
    "slug",
    "modified",
    "popularity",
    "rating",
    "post__in",
    "price",
    "sales",
    "menu_order",
    "random",
    "popularity",
    "rating",
    "menu_order",
    "price",
    "popularity",
    "rating",
]
STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def is_on(query: Mapping[str, str], name: str) -> bool:
    """Tell whether a boolean query parameter is on, in any case of letters."""
    return query.get(name, "").lower() in ("1", "true")


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What every list takes."""

    page: int = 1
    per_page: int = 10


class Params(Parameters, frozen=True, kw_only=True):
    """What lists of products, variations and orders take; instants are Unix seconds, exclusive."""

    orderby: str = "date"
    ascending: bool = False
    status: str = "any"
    include: tuple[int, ...] = ()
    exclude: frozenset[int] = frozenset()
    skus: tuple[str, ...] | None = None
    kind: str = ""
    stock_status: str = ""
    category: int | None = None
    modified_after: int | None = None
    modified_before: int | None = None
    created_after: int | None = None
    created_before: int | None = None

    @property
    def has_rare_filters(self) -> bool:
        """True when no index answers and each candidate must be looked at."""
        return bool(
            self.exclude
            or self.kind
            or self.stock_status
            or self.category is not None
            or self.created_after is not None
            or self.created_before is not None
        )


class _Reader:
    def __init__(self, query: Mapping[str, str]) -> None:
        self.query = query
        self.problems: dict[str, Problem] = {}

    def whole(self, name: str, default: int, least: int, most: int | None) -> int:
        text = self.query.get(name)
        if text is None:
            return default
        if not _WHOLE.fullmatch(text.strip()):
            self.problems[name] = wrong_type(name, "integer")
            return default
        value = int(text)
        if most is not None and not least <= value <= most:
            self._out_of(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)")
        elif value < least:
            self._out_of(name, f"{name} must be greater than or equal to {least}")
        return value

    def _out_of(self, name: str, message: str) -> None:
        self.problems[name] = Problem("rest_out_of_bounds", message)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.query.get(name, default)
        if value not in allowed:
            self.problems[name] = not_one_of(name, allowed)
        return value

    def texts(self, name: str) -> list[str]:
        """Read a list given as a comma string or as `name[]`, `name[0]`..."""
        values = [self.query.get(name, "")]
        values += [value for key, value in self.query.items() if key.startswith(f"{name}[")]
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def ids(self, name: str) -> tuple[int, ...]:
        texts = self.texts(name)
        if all(_WHOLE.fullmatch(text) for text in texts):
            return tuple(int(text) for text in texts)
        self.problems[name] = wrong_type(f"{name}[0]", "integer")
        return ()

    def bound(self, name: str, timezone: str) -> int | None:
        text = self.query.get(name)
        if text is None:
            return None
        try:
            return read_bound(text, timezone, dates_are_gmt=is_on(self.query, "dates_are_gmt"))
        except NotADate:
            self.problems[name] = Problem("rest_invalid_date", "Invalid date.")
            return None

    def finish(self) -> None:
        if self.problems:
            raise invalid_params(self.problems)


def read_page(query: Mapping[str, str], per_page: int = 10) -> Parameters:
    """Read page and per_page.

    Raises:   RestError 400.
    """
    reader = _Reader(query)
    params = Parameters(page=reader.whole("page", 1, 1, None), per_page=reader.whole("per_page", per_page, 1, 100))
    reader.finish()
    return params


def read_params(
    query: Mapping[str, str], timezone: str, *, statuses: tuple[str, ...] = STATUSES, status: str = "any"
) -> Params:
    """Read the parameters of a list of products, variations or orders.

    Raises:   RestError 400 with every parameter that was refused.
    """
    reader = _Reader(query)
    category = query.get("category", "")
    params = Params(
        page=reader.whole("page", 1, 1, None),
        per_page=reader.whole("per_page", 10, 1, 100),
        orderby=reader.choice("orderby", "date", tuple(ORDERINGS)),
        ascending=reader.choice("order", "desc", ("asc", "desc")) == "asc",
        status=reader.choice("status", status, statuses),
        include=reader.ids("include"),
        exclude=frozenset(reader.ids("exclude")),
        skus=tuple(reader.texts("sku")) if query.get("sku") else None,
        kind=query.get("type", ""),
        stock_status=query.get("stock_status", ""),
        category=int(category) if _WHOLE.fullmatch(category) else None,
        modified_after=reader.bound("modified_after", timezone),
        modified_before=reader.bound("modified_before", timezone),
        created_after=reader.bound("after", timezone),
        created_before=reader.bound("before", timezone),
    )
    reader.finish()
    return params
