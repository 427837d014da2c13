"""Forms of text fields in both encodings, as PHP and curl send them."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from backend.kit.errors import DomainError, invalid

MULTIPART, URL_ENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
LONG_BYTES = 100_000
"""From here on a form is read in a thread: other requests want answers meanwhile."""


async def read_form(request: Request[Any, Any, Any], *, most_fields: int = 1_000) -> dict[str, str]:
    """Return the fields of a form in their order; of one that comes twice the last one counts. No body: no fields.

    Raises:   invalid FORM_UNREADABLE, FORM_TOO_LONG.
    """
    body = await request.body()
    if not body.strip():
        return {}
    kind, options = request.content_type
    if kind == MULTIPART:
        read = partial(_multipart, body, options.get("boundary", ""), most_fields)
    elif kind in ("", URL_ENCODED):
        read = partial(_url_encoded, body, most_fields)
    else:
        raise invalid("FORM_UNREADABLE", f"Send the fields as {URL_ENCODED} or {MULTIPART}")
    return await asyncio.to_thread(read) if len(body) > LONG_BYTES else read()


def _url_encoded(body: bytes, most_fields: int) -> dict[str, str]:
    if body.count(b"&") >= most_fields:
        raise _too_long(most_fields)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise _unreadable("is not in UTF-8") from None


def _multipart(body: bytes, boundary: str, most_fields: int) -> dict[str, str]:
    try:
        with PushMultipartParser(boundary.encode(), max_segment_count=most_fields) as parser:
            return dict(_fields(parser, body))
    except ParserLimitReached:
        raise _too_long(most_fields) from None
    except UnicodeError:
        raise _unreadable("is not in UTF-8") from None
    except (MultipartError, ValueError, AssertionError):
        raise _unreadable("is no multipart/form-data of its boundary") from None


def _fields(parser: Any, body: bytes) -> Iterator[tuple[str, str]]:
    name, value = "", bytearray()
    for event in parser.parse(body):
        if isinstance(event, MultipartSegment):
            name, value = event.name, bytearray()
        elif event:
            value.extend(event)
        else:
            yield name, value.decode()


def _unreadable(what: str) -> DomainError:
    return invalid("FORM_UNREADABLE", f"The form {what}")


def _too_long(most_fields: int) -> DomainError:
    return invalid("FORM_TOO_LONG", f"The form has more than {most_fields:,} fields")
