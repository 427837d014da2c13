"""The plan table, read from `plans.toml` or the operator's own file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from backend.kit.errors import invalid
from backend.settings import SettingsError

_SHIPPED = Path(__file__).parents[2] / "plans.toml"


class PlanLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one plan allows; a limit of None does not exist."""

    developer_write: bool
    webhooks: bool
    external_api: bool
    monitoring_api: bool
    sandbox: bool
    products: int | None = None
    """How many products the catalog may hold."""
    developer_per_minute: int | None = None
    developer_per_day: int | None = None
    """Resets at midnight UTC."""
    external_per_hour: int | None = None
    """Of each key that has no limit of its own."""
    external_per_hour_most: int | None = None
    """What a key's own limit can be at most."""
    monitoring_per_hour: int | None = None


class Plans:
    """All plans by name."""

    def __init__(self, table: Mapping[str, PlanLimits]) -> None:
        self._table = dict(table)

    @property
    def names(self) -> list[str]:
        """Return the names in the order of the file."""
        return list(self._table)

    def get(self, name: str) -> PlanLimits:
        """Return a plan's limits; raise `invalid` UNKNOWN_PLAN with the names there are."""
        limits = self._table.get(name)
        if limits is None:
            raise invalid("UNKNOWN_PLAN", f"There is no plan of that name; choose one of {', '.join(self._table)}")
        return limits

    def limits_of(self, name: str) -> PlanLimits:
        """Return the limits of an organization's plan; a plan dropped from the file counts as the first in it."""
        return self._table.get(name) or next(iter(self._table.values()))


def load_plans(path: str = "") -> Plans:
    """Read the plan table.

    Args:     path: the operator's file, or empty for the one we ship.
    Raises:   SettingsError that says what is wrong with the file.
    """
    source = Path(path) if path else _SHIPPED
    try:
        table = msgspec.convert(tomllib.loads(source.read_text("utf-8")), dict[str, PlanLimits])
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"STORELOOM_PLANS_FILE cannot be read as a plan table: {error}") from None
    if not table:
        raise SettingsError("STORELOOM_PLANS_FILE holds no plan")
    return Plans(table)
