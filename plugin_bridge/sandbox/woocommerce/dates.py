"""Dates as WordPress keeps them: a column in the store's local time, a column in GMT, and filters that mix them up."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)?")


class NotADate(ValueError):
    """The text is no date that the REST API takes."""


@lru_cache(maxsize=65_536)
def local_text(at: int, timezone: str) -> str:
    """Print Unix seconds as the store's wall clock shows them, without an offset."""
    return datetime.fromtimestamp(at, ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M:%S")


def gmt_text(at: int) -> str:
    """Print Unix seconds in GMT, without an offset."""
    return local_text(at, "UTC")


def offset_h(at: int, timezone: str) -> float:
    """Return the store's offset from GMT at an instant, hours."""
    offset = datetime.fromtimestamp(at, ZoneInfo(timezone)).utcoffset()
    return 0.0 if offset is None else offset.total_seconds() / 3600


def read_bound(text: str, timezone: str, *, dates_are_gmt: bool) -> int:
    """Return the Unix second that a date filter really compares with.

    A text with an offset is first turned into the store's local time, whatever the flag says; then it is compared
    with the GMT column when the flag is on and with the local column when it is not. So a naive GMT text needs the
    flag, a text with Z must not have it, and the other two combinations are off by the store's offset.

    Raises:   NotADate.
    """
    if not _DATE_TIME.fullmatch(text):
        raise NotADate(text[:40])
    try:
        moment = datetime.fromisoformat(text.upper().replace(" ", "T"))
        zone = ZoneInfo(timezone)
        naive = moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)
        return int(naive.replace(tzinfo=UTC if dates_are_gmt else zone).timestamp())
    except (ValueError, OverflowError):
        raise NotADate(text[:40]) from None
