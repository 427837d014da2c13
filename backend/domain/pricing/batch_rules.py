"""A list of products that comes at once: read line by line, so that a bad one spoils only itself. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from backend.domain.pricing.monitored_rules import NewProduct, new_product
from backend.kit.errors import DomainError
from backend.kit.text import clipped

MOST_ERRORS = 1_000
"""Lines that are told of; all others count, too."""
_SHOWN_KEY = 40


class Line(msgspec.Struct, frozen=True, array_like=True):
    """A product of a list as it can be taken."""

    key: str
    """What the list calls it, such as `product7`."""
    product: NewProduct


class ReadList(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it was read."""

    lines: Sequence[Line]
    errors: Sequence[dict[str, str]]
    """Of lines that cannot be taken."""
    total: int
    digest: str
    """The same for the same list, however its lines are called."""

    @property
    def rows(self) -> list[Any]:
        """Return the lines as they are stored."""
        rows: list[Any] = msgspec.to_builtins(self.lines)
        return rows


def read_list(told: Mapping[str, Mapping[str, str]]) -> ReadList:
    """Read the products of a list, by their keys and in their order."""
    lines: list[Line] = []
    errors: list[dict[str, str]] = []
    hashed = hashlib.sha256()
    for key, fields in told.items():
        hashed.update(ascii(sorted(fields.items())).encode())
        try:
            lines.append(Line(clipped(key, _SHOWN_KEY), new_product(fields)))
        except DomainError as error:
            errors.append(line_error(clipped(key, _SHOWN_KEY), error))
    return ReadList(lines=lines, errors=errors, total=len(told), digest=hashed.hexdigest())


def lines_of(rows: Sequence[Any]) -> list[Line]:
    """Return stored lines."""
    return msgspec.convert(rows, list[Line])


def line_error(key: str, error: DomainError) -> dict[str, str]:
    """Return what is told of a line that was not taken."""
    return {"product": key, "error": error.message}


def with_errors(errors: Sequence[Any], more: Sequence[dict[str, str]]) -> list[Any]:
    """Return errors with more of them, up to `MOST_ERRORS`."""
    return [*errors, *more][:MOST_ERRORS]
