"""Ids of this surface: the numbers of the database (contract row SHS-06)."""

from typing import Annotated

from litestar.openapi.spec import OpenAPIType
from litestar.params import PathParameter

from backend.kit.errors import not_found

_MOST_ID = 2**63 - 1

ProductId = Annotated[
    str, PathParameter(description="Of a product.", schema_extra={"type": OpenAPIType.INTEGER, "minimum": 1})
]
"""Text until it is looked at: what no id can be is not found, as an id that nobody has."""


def product_id_of(text: str) -> int:
    """Return an id; raise not_found for a text that no product can have as its id."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 0 < number <= _MOST_ID:
        raise not_found("Product")
    return number
