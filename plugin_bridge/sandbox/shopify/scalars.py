"""What the custom scalars accept."""

from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema

from plugin_bridge.sandbox.shopify.terms import read_time


def attach(schema: GraphQLSchema) -> None:
    """Give the scalars of a schema their readers; ids and texts are read by GraphQL itself."""
    readers = {"Money": _amount, "Decimal": _amount, "DateTime": _moment, "UnsignedInt64": _unsigned}
    for name, reader in readers.items():
        kind = schema.get_type(name)
        if isinstance(kind, GraphQLScalarType):
            kind.parse_value = reader  # type: ignore[method-assign]


def _amount(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise GraphQLError(f"{value!r} is no amount")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise GraphQLError(f"{value!r} is no amount") from None
    if not amount.is_finite():
        raise GraphQLError(f"{value!r} is no amount")
    return f"{amount:f}"


def _moment(value: Any) -> int:
    try:
        return read_time(str(value))
    except ValueError:
        raise GraphQLError(f"{value!r} is no moment") from None


def _unsigned(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdigit():
        raise GraphQLError(f"{value!r} is no unsigned number")
    return int(value)
