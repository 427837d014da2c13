"""Answers and refusals in the shape of the WordPress REST API."""

from typing import Any

import msgspec

from plugin_bridge.sandbox.asgi import Reply, json_reply


class RestError(Exception):
    """A refusal: code, sentence, status and whatever else stands in `data`."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def body(self) -> dict[str, Any]:
        """Return the JSON object of this refusal."""
        return {"code": self.code, "message": self.message, "data": {"status": self.status, **self.data}}

    def reply(self, headers: dict[str, str]) -> Reply:
        """Return the whole answer."""
        return json_reply(self.body(), self.status, headers)


class Problem(msgspec.Struct, frozen=True):
    """Why one parameter was refused."""

    code: str
    message: str
    data: Any = None


def invalid_params(problems: dict[str, Problem]) -> RestError:
    """Return the 400 that lists parameters which failed validation."""
    return RestError(
        "rest_invalid_param",
        f"Invalid parameter(s): {', '.join(problems)}",
        400,
        params={name: problem.message for name, problem in problems.items()},
        details={
            name: {"code": problem.code, "message": problem.message, "data": problem.data}
            for name, problem in problems.items()
        },
    )


def wrong_type(name: str, expected: str) -> Problem:
    """Return the problem of a parameter with another JSON type."""
    return Problem("rest_invalid_type", f"{name} is not of type {expected}.", {"param": name})


def not_one_of(name: str, allowed: tuple[str, ...]) -> Problem:
    """Return the problem of a parameter outside its list of values; the list reads as WordPress prints it."""
    listed = ", ".join(allowed[:-1])
    joined = f"{listed} and {allowed[-1]}" if len(allowed) == 2 else f"{listed}, and {allowed[-1]}"
    return Problem("rest_not_in_enum", f"{name} is not one of {joined}.")


NO_ROUTE = ("rest_no_route", "No route was found matching the URL and request method.", 404)


def no_route() -> RestError:
    """Return the 404 of an address that the REST API does not have."""
    return RestError(*NO_ROUTE)


def not_json() -> RestError:
    """Return the 400 of a body that is no JSON."""
    return RestError(
        "rest_invalid_json", "Invalid JSON body passed.", 400, json_error_code=4, json_error_message="Syntax error"
    )
