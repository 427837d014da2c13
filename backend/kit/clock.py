"""The present, always in UTC."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current instant, timezone-aware, in UTC."""
    return datetime.now(UTC)


def iso_z(moment: datetime) -> str:
    """Print an instant as ISO 8601 in UTC with whole seconds and a trailing Z, as the contracts show it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
