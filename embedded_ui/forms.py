"""What people typed, and what is wrong with it."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import msgspec
from litestar import Request

from backend.kit.errors import DomainError, ErrorKind

T = TypeVar("T")
SHOWN_IN_FORM = frozenset(
    {
        ErrorKind.INVALID,
        ErrorKind.UNAUTHENTICATED,
        ErrorKind.FORBIDDEN,
        ErrorKind.LIMIT_REACHED,
        ErrorKind.CONFLICT,
        ErrorKind.UPSTREAM_FAILED,
    }
)
"""Refusals that the person at the form can put right; all others get a page of their own."""


class Form(msgspec.Struct, frozen=True):
    """The fields of a sent form."""

    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a field without blanks around it; empty when it is missing."""
        return self.fields.get(name, "").strip()

    def secret(self, name: str) -> str:
        """Return a field exactly as typed."""
        return self.fields.get(name, "")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What to say beside a form."""

    text: str
    field: str = ""
    """Which one is meant; empty: the whole form."""


async def provide_form(request: Request[Any, Any, Any]) -> Form:
    """Hand a page the form that was sent; files and repeated fields are left out."""
    sent = await request.form()
    return Form({name: value for name in sent if isinstance(value := sent.get(name), str)})


async def tried(call: Awaitable[T]) -> T | Problem:
    """Do what a form asks for; return what came of it, or what the person has to put right."""
    try:
        return await call
    except DomainError as error:
        if error.kind not in SHOWN_IN_FORM:
            raise
        return Problem(text=_sentence(error), field=str(error.facts.get("field", "")))


def _sentence(error: DomainError) -> str:
    # Services name the field for callers of an API ("email: …"); beside its field that would be said twice.
    field = error.facts.get("field")
    text = error.message.removeprefix(f"{field}: ") if field else error.message
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")
