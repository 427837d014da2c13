"""What a reading makes of a tracked page: pure."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

_SHARE = Decimal("0.01")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a page found."""

    price: Decimal | None
    """None: it shows none."""
    currency: str | None
    in_stock: bool | None
    observed_at: datetime


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept beside a page, as in `TrackedUrl`."""

    price: Decimal | None = None
    currency: str | None = None
    in_stock: bool | None = None
    checked_at: datetime | None = None
    old_price: Decimal | None = None
    changed_at: datetime | None = None
    day_price: Decimal | None = None
    day_at: datetime | None = None


def after(held: Newest, reading: Reading) -> Newest | None:
    """Return what is kept after a reading; None when a newer one is known already.

    A page that shows no price for once keeps the last price it showed as its old one.
    """
    if held.checked_at is not None and reading.observed_at <= held.checked_at:
        return None
    day_at = midnight(reading.observed_at)
    new_day = held.day_at is None or held.day_at < day_at
    changes: dict[str, Any] = {
        "price": reading.price,
        "currency": reading.currency or held.currency,
        "in_stock": reading.in_stock,
        "checked_at": reading.observed_at,
    }
    if new_day:
        changes["day_at"] = day_at
        changes["day_price"] = held.price if held.price is not None else reading.price
    elif held.day_price is None:
        changes["day_price"] = reading.price
    if held.price is not None and reading.price != held.price:
        changes["old_price"] = held.price
    if held.checked_at is not None and reading.price != held.price:
        changes["changed_at"] = reading.observed_at
    return msgspec.structs.replace(held, **changes)


def midnight(moment: datetime) -> datetime:
    """Return when the UTC day of a moment began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def change_of_day(held: Newest, now: datetime) -> Decimal | None:
    """Return by which share of itself the price moved today, to two places; None when there is no price."""
    if held.price is None:
        return None
    unmoved = held.day_at is None or held.day_at < midnight(now) or not held.day_price
    if unmoved or held.day_price is None:
        return Decimal("0.00")
    return ((held.price - held.day_price) / held.day_price).quantize(_SHARE, ROUND_HALF_UP) + 0


def not_in_future(moment: datetime, now: datetime) -> bool:
    """Tell whether a reading can have been made: clocks may differ by some minutes."""
    return moment <= now + timedelta(minutes=5)
