"""Identifiers: UUIDv7, sortable by creation time (PostgreSQL 15 has no generator, so we make them here)."""

import os
import time
import uuid
from datetime import datetime


def uuid7() -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10), "big")
    value = (millis & 0xFFFFFFFFFFFF) << 80
    value |= 0x7 << 76
    value |= ((rand >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= rand & 0x3FFFFFFFFFFFFFFF
    return uuid.UUID(int=value)


def first_uuid7(moment: datetime) -> uuid.UUID:
    """Return what the UUIDv7 of everything that was made before *moment* is smaller than."""
    return uuid.UUID(int=(int(moment.timestamp() * 1_000) << 80) | (0x7 << 76) | (0b10 << 62))


def parse_uuid(text: object) -> uuid.UUID | None:
    """Return the UUID of a canonical text, or None when it is not one."""
    if not isinstance(text, str) or len(text) != 36:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
