"""Whose data is asked for, and whether a stored document is about them. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from backend.kit.discreet import Discreet

LEAST_DIGITS = 6
"""A phone number with fewer digits would be found in anything."""
_DEEPEST = 60


class Subject(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A customer as the platform names them; empty where it does not say."""

    customer_id: str = ""
    email: str = ""
    phone: str = ""
    order_ids: frozenset[str] = frozenset()
    """Orders that are asked for by number."""


class PersonalDataRequest(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A request that a platform passed on."""

    external_id: str = ""
    """The platform's number of it."""
    subject: Subject = Subject()


def is_about(subject: Subject, topic: str, body: bytes) -> bool:
    """Tell whether what a store sent us concerns the customer: it names them, or is one of the orders asked for.

    Args:     topic: the platform's word; a document about an order is an order by its topic.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        # Nothing we can read: the plain bytes decide.
        return any(word and word.lower().encode() in body.lower() for word in (subject.email, subject.phone))
    if "order" in topic.lower() and isinstance(document, dict) and _text(document.get("id")) in subject.order_ids:
        return True
    return any(_matches(subject, path, value) for path, value in _leaves(document, (), _DEEPEST))


Path = tuple[str, ...]


def _matches(subject: Subject, path: Path, value: str) -> bool:
    if subject.email and value.strip().lower() == subject.email.strip().lower():
        return True
    if subject.customer_id and value.rpartition("/")[2] == subject.customer_id and _names_a_customer(path):
        return True
    if value in subject.order_ids and path and path[-1] == "order_id":
        return True
    wanted = _digits(subject.phone)
    return len(wanted) >= LEAST_DIGITS and path != () and "phone" in path[-1] and _digits(value) == wanted


def _names_a_customer(path: Path) -> bool:
    if path and path[-1] == "customer_id":
        return True
    return len(path) > 1 and path[-2] == "customer" and "id" in path[-1]


def _leaves(value: Any, path: Path, depth: int) -> Iterator[tuple[Path, str]]:
    if depth == 0:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, str(name)), depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path, depth - 1)
    elif (text := _text(value)) != "":
        yield path, text


def _text(value: Any) -> str:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
