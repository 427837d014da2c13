"""COPY in which some values are given in the server's own form, where the driver takes long to make it.

The driver asks the table for the types of its columns. Here the caller names them: a `bytea` goes out as it is, and the
server reads it as whatever its column holds. So go arrays (the driver needs 1.2 µs for one of two texts), JSON that is
bytes already and, as `bigint`, moments (0.6 µs); any other value takes the driver 0.05 µs.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

_ARRAY = struct.Struct(">iiiii")
"""Dimensions, whether it holds NULLs, type of its elements, their number, index of the first.

Source:   `array_recv` in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
"""
_TEXT = 25
"""The type `text`, in every PostgreSQL."""
_NO_ELEMENTS = struct.pack(">iii", 0, 0, _TEXT)
_SIZE = struct.Struct(">i").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = ((end.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND for end in (datetime.min, datetime.max))
_FEW_TEXTS, _FEW_CHARACTERS = 4, 400
"""What is remembered stays below some megabytes, whatever tags a merchant writes."""


async def copy(connection: Any, table: str, columns: Mapping[str, str], records: Iterable[tuple[Any, ...]]) -> None:
    """Write records into a table.

    Args:     connection: the driver's. columns: their names, and the types in which the records give them, in order.
    """
    # The driver's own method for records does these two steps, with the table's types for the first one.
    given = ", ".join(f"NULL::{kind}" for kind in columns.values())
    shape = await connection._prepare(f"SELECT {given}", use_cache=True)
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    await connection._protocol.copy_in(statement, None, None, records, shape._state, None)


def text_array(texts: Sequence[str]) -> bytes:
    """Return a `text[]`."""
    few = len(texts) <= _FEW_TEXTS and sum(map(len, texts)) <= _FEW_CHARACTERS
    return _remembered_array(tuple(texts)) if few else _text_array(texts)


def _text_array(texts: Sequence[str]) -> bytes:
    if not texts:
        return _NO_ELEMENTS
    raws = [text.encode() for text in texts]
    return _ARRAY.pack(1, 0, _TEXT, len(raws), 1) + b"".join([_SIZE(len(raw)) + raw for raw in raws])


# Categories and names of options repeat over a catalog far more often than they differ.
_remembered_array = lru_cache(4096)(_text_array)


def jsonb(written: bytes) -> bytes:
    """Return a `jsonb` of JSON in UTF-8; the one byte is the version of this form."""
    return b"\x01" + written


def timestamptz(at: datetime | None) -> int | None:
    """Return a `timestamptz` as the `bigint` it is: microseconds since 2000. A time without a zone is UTC.

    None for what is not in the years 1 to 9999 of UTC: nobody could read it back.
    """
    if at is None:
        return None
    if at.tzinfo is UTC:
        return (at - _EPOCH) // _MICROSECOND
    moment = ((at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    return moment if _FIRST <= moment <= _LAST else None
