"""What may be set for a watched product. Pure."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from backend.kit.errors import invalid
from backend.kit.money import MAX_AMOUNT

PLACES = Decimal("0.000001")
"""What is stored."""
_AMOUNTS = {"min_price": "minimum price", "max_price": "maximum price", "cost": "cost"}


class ProductSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a watched product."""

    min_price: Decimal | None
    max_price: Decimal | None
    cost: Decimal | None
    auto_reprice: bool
    monitored: bool


class SettingsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which settings are to be others; UNSET: as they are, None: none."""

    min_price: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    max_price: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    cost: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    auto_reprice: bool | msgspec.UnsetType = msgspec.UNSET
    monitored: bool | msgspec.UnsetType = msgspec.UNSET


def changed_settings(now: ProductSettings, wanted: SettingsWanted) -> ProductSettings:
    """Return the settings as they are to be; amounts are rounded to what is stored.

    Raises:   invalid AMOUNT_INVALID, LIMITS_REVERSED.
    """
    named = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    for name in _AMOUNTS.keys() & named.keys():
        named[name] = _stored(name, named[name])
    after = msgspec.structs.replace(now, **named)
    if after.min_price is not None and after.max_price is not None and after.min_price > after.max_price:
        raise invalid("LIMITS_REVERSED", "The minimum price must not be above the maximum price", field="min_price")
    return after


def _stored(name: str, amount: Decimal | None) -> Decimal | None:
    if amount is None:
        return None
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT:
        raise invalid("AMOUNT_INVALID", f"The {_AMOUNTS[name]} must lie between 0 and {MAX_AMOUNT}", field=name)
    return amount.quantize(PLACES, ROUND_HALF_UP)
