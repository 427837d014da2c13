"""Amounts on their way to and from PostgreSQL, each worked out once: a catalog has a million prices and few different.

The driver's own codec takes 3 µs to write one, as long as ten other columns together.
"""

import struct
from decimal import Decimal
from functools import lru_cache
from typing import Any

_HEAD = struct.Struct(">HhHH")
"""Groups of four digits, the power of 10,000 of the first, sign, decimals shown.

Source:   `numeric_recv` and `numeric_send` in PostgreSQL's src/backend/utils/adt/numeric.c.
"""
_NEGATIVE = 0x4000
_MOST_DIGITS, _MOST_DECIMALS = 131_071, 16_383
_ODD = {"NaN": 0xC000, "Infinity": 0xD000, "-Infinity": 0xF000}
_ODD_NAMES = {sign: name for name, sign in _ODD.items()}


def encode_numeric(text: str) -> bytes:
    """Return the binary form of a number in decimal notation.

    Raises:   ValueError for a number of more digits than PostgreSQL keeps; InvalidOperation for what is none.
    """
    number = Decimal(text)
    if not number.is_finite():
        return _HEAD.pack(0, 0, _ODD[str(number)], 0)
    negative, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    scale = max(0, -exponent)
    if scale > _MOST_DECIMALS or number.adjusted() > _MOST_DIGITS:
        raise ValueError("the number has too many digits")
    rest = int("".join(map(str, digits))) * 10 ** (max(0, exponent) + -scale % 4)
    groups: list[int] = []
    while rest:
        rest, group = divmod(rest, 10_000)
        groups.append(group)
    weight = len(groups) - (scale + 3) // 4 - 1 if groups else 0
    head = _HEAD.pack(len(groups), weight, _NEGATIVE if negative and groups else 0, scale)
    return head + struct.pack(f">{len(groups)}H", *reversed(groups))


def decode_numeric(data: bytes) -> Decimal:
    """Return the number of a binary form, with the decimals it shows."""
    count, weight, sign, scale = _HEAD.unpack_from(data)
    if sign in _ODD_NAMES:
        return Decimal(_ODD_NAMES[sign])
    digits = "".join(f"{group:04d}" for group in struct.unpack_from(f">{count}H", data, _HEAD.size)) or "0"
    # How many decimals the groups hold, beside how many are shown: the difference is noughts.
    surplus = (count - weight - 1) * 4 - scale if count else -scale
    shown = digits[:-surplus] if surplus > 0 else digits + "0" * -surplus
    return Decimal(f"{'-' if sign else ''}{shown or '0'}E-{scale}")


_encoded = lru_cache(20_000)(encode_numeric)
_decoded = lru_cache(20_000)(decode_numeric)


def _encode(amount: Any) -> bytes:
    # By its text: 1.5 and 1.50 are equal, but shown differently.
    return _encoded(amount if type(amount) is str else str(amount))


def remember_amounts(connection: Any, _record: Any) -> None:
    """Have a new connection write and read `numeric` this way; a listener of the engine's `connect`."""
    connection.run_async(
        lambda driver: driver.set_type_codec(
            "numeric", schema="pg_catalog", format="binary", encoder=_encode, decoder=_decoded
        )
    )
