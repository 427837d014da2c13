"""What Shopify says when it does not do what it was asked."""

from typing import Any

from graphql import GraphQLError


class Refused(GraphQLError):
    """An error of the whole query or of one field, with a code in its extensions."""

    def __init__(self, message: str, code: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": code, **extensions})
        self.code = code


class UserProblem(Exception):
    """One entry of `userErrors`: what the user of a mutation did wrong."""

    def __init__(self, field: list[str] | None, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.entry: dict[str, Any] = {"field": field, "message": message, "code": code}


def user_error(field: list[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    """Return one entry of `userErrors`."""
    return {"field": field, "message": message, "code": code}
