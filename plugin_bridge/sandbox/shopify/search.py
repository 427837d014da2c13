"""Shopify's search syntax: `updated_at:>='2026-01-01' (status:active OR sku:"A 1")`; terms in a row are ANDed."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<negate>-)(?=[\w"'(])|(?P<field>[A-Za-z_][\w.]*)\s*:\s*(?P<op><=|>=|<|>|)\s*(?P<value>"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[^\s()]+)|(?P<word>"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[^\s()]+))""",
    re.VERBOSE,
)


class Node(Protocol):
    """One part of a parsed query."""

    def keeps(self, thing: Any) -> bool:
        """Tell whether a thing is found."""
        ...

    def candidates(self) -> set[int] | None:
        """Return the only ids that can be found; None when nothing cheap is known."""
        ...


class Term:
    """One comparison."""

    def __init__(self, field: "Field", op: str, value: str) -> None:
        self._test = field.test(op, value)
        self._ids = field.ids(op, value) if field.ids is not None else None

    def keeps(self, thing: Any) -> bool:
        """Tell whether a thing is found."""
        return self._test(thing)

    def candidates(self) -> set[int] | None:
        """Return the only ids that can be found, or None."""
        return self._ids


class All:
    """Every part must be true; without parts everything is found."""

    def __init__(self, parts: list[Node]) -> None:
        self._parts = parts

    def keeps(self, thing: Any) -> bool:
        """Tell whether a thing is found."""
        return all(part.keeps(thing) for part in self._parts)

    def candidates(self) -> set[int] | None:
        """Return the only ids that can be found, or None."""
        known = [ids for part in self._parts if (ids := part.candidates()) is not None]
        return set.intersection(*known) if known else None


class AnyOf:
    """One part must be true."""

    def __init__(self, parts: list[Node]) -> None:
        self._parts = parts

    def keeps(self, thing: Any) -> bool:
        """Tell whether a thing is found."""
        return any(part.keeps(thing) for part in self._parts)

    def candidates(self) -> set[int] | None:
        """Return the only ids that can be found, or None."""
        found: set[int] = set()
        for part in self._parts:
            ids = part.candidates()
            if ids is None:
                return None
            found |= ids
        return found


class Not:
    """The part must be false."""

    def __init__(self, part: Node) -> None:
        self._part = part

    def keeps(self, thing: Any) -> bool:
        """Tell whether a thing is found."""
        return not self._part.keeps(thing)

    def candidates(self) -> set[int] | None:
        """Return None: what is left out says nothing of what is found."""
        return None


class Field(msgspec.Struct, frozen=True):
    """One thing that can be searched for.

    `test(op, value)` gives the comparison, raises ValueError for a value it cannot read; `ids(op, value)` the only ids
    it can be true for, when that is cheap to tell.
    """

    test: Callable[[str, str], Callable[[Any], bool]]
    ids: Callable[[str, str], set[int] | None] | None = None


class Search(msgspec.Struct):
    """A parsed query: what it keeps, and what was wrong with it (such terms are left out, as at Shopify)."""

    root: Node
    warnings: list[dict[str, str]]


def parse(query: str, fields: Mapping[str, Field]) -> Search:
    """Parse a search query; nothing is refused, what cannot be understood becomes a warning and finds everything."""
    return _Parser(query, fields).parse()


class _Parser:
    def __init__(self, query: str, fields: Mapping[str, Field]) -> None:
        self._tokens = [found for found in _TOKEN.finditer(query) if found.group().strip()]
        self._fields = fields
        self._at = 0
        self._warnings: list[dict[str, str]] = []

    def parse(self) -> Search:
        parts: list[Node] = []
        while self._at < len(self._tokens):
            parts.append(self._or())
            if self._peek("close"):
                self._at += 1
        return Search(All(parts), self._warnings)

    def _peek(self, group: str) -> str | None:
        return self._tokens[self._at][group] if self._at < len(self._tokens) else None

    def _or(self) -> Node:
        parts = [self._and()]
        while self._peek("word") == "OR":
            self._at += 1
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else AnyOf(parts)

    def _and(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._tokens) and not self._peek("close") and self._peek("word") != "OR":
            if self._peek("word") == "AND":
                self._at += 1
                continue
            found = self._one()
            if found is not None:
                parts.append(found)
        return parts[0] if len(parts) == 1 else All(parts)

    def _one(self) -> Node | None:
        token = self._tokens[self._at]
        self._at += 1
        if token["negate"] or token["word"] == "NOT":
            inner = self._one() if self._at < len(self._tokens) else None
            return None if inner is None else Not(inner)
        if token["open"]:
            inner = self._or()
            if self._peek("close"):
                self._at += 1
            return inner
        if token["field"]:
            return self._term(token["field"], token["op"], _bare(token["value"]))
        return self._term("default", "", _bare(token["word"]))

    def _term(self, name: str, op: str, value: str) -> Node | None:
        field = self._fields.get(name)
        if field is None:
            self._warnings.append({"field": name, "message": "Invalid search field for this query."})
            return None
        try:
            return Term(field, op, value)
        except ValueError:
            self._warnings.append({"field": name, "message": f"Input `{value}` is not valid for {name}."})
            return None


def _bare(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
