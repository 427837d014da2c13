"""Readings of tracked pages: recorded once, the newest kept beside the page, old ones listed and forgotten."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.pricing.observation_rules import Newest, Reading, after, not_in_future
from backend.domain.pricing.observations_repository import ObservationsRepository
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError, invalid, not_found
from backend.kit.money import MAX_AMOUNT
from backend.kit.transaction import Transactions
from backend.models.pricing import Observation, TrackedUrl
from backend.ports.actor import Actor

FORGET_JOB = "pricing.forget_observations"
SOURCES = ("reader", "manual", "import")
AT_ONCE = 5_000
"""Readings deleted in one transaction."""
_MOST_ID = 2**63 - 1


class Observations:
    """Works on the acting organization's readings inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = ObservationsRepository(session)

    async def record(
        self,
        actor: Actor,
        url_id: int,
        *,
        price: Decimal | None,
        currency: str | None,
        in_stock: bool | None,
        source: str,
        observed_at: datetime,
    ) -> Observation:
        """Record what was read on a page and return it. The same instant again changes nothing.

        The page shows it as its newest reading unless a newer one is known.

        Args:     price: None when the page shows none. source: one of `SOURCES`.
        Raises:   not_found; invalid OBSERVATION_INVALID.
        """
        reading = _checked(price, currency, in_stock, observed_at)
        if source not in SOURCES:
            raise _wrong("source", f"one of {', '.join(SOURCES)}")
        url = await self._rows.locked_url(actor, url_id) if 0 < url_id <= _MOST_ID else None
        if url is None:
            raise not_found("URL")
        known = await self._rows.at(actor, url_id, reading.observed_at)
        if known is not None:
            return known
        kept = after(newest_of(url), reading)
        if kept is not None:
            self._rows.keep(url, kept)
        return await self._rows.add(
            Observation(
                organization_id=actor.tenant,
                url_id=url_id,
                variant_id=url.variant_id,
                source=source,
                **msgspec.structs.asdict(reading),
            )
        )

    async def history(
        self, actor: Actor, url_id: int, *, before: datetime | None = None, limit: int = 50
    ) -> Sequence[Observation]:
        """Return readings of a page, newest first; none for a page that is unknown.

        Args:     before: the last `observed_at` of the page before. limit: 1..1,000.
        """
        return await self._rows.newest_first(actor, url_id, before=before, most=max(1, min(limit, 1_000)))

    async def owner(self, url_id: int) -> uuid.UUID:
        """Return the organization of a tracked page: the operator's look-up; raise not_found."""
        found = await self._rows.organization_of(url_id) if 0 < url_id <= _MOST_ID else None
        if found is None:
            raise not_found("URL")
        return found


class ForgetObservations:
    """Deletes the readings of pages that are tracked no more, some at a time. What is gone stays gone."""

    def __init__(self, begin: Transactions, *, at_once: int = AT_ONCE) -> None:
        self._begin = begin
        self._at_once = at_once

    async def run(self, organization_id: uuid.UUID, url_ids: Sequence[int]) -> None:
        """Delete all readings of these pages."""
        while True:
            async with self._begin() as session:
                rows = ObservationsRepository(session)
                if await rows.forget(organization_id, url_ids, self._at_once) < self._at_once:
                    return


def newest_of(url: TrackedUrl) -> Newest:
    """Return what is kept beside a page."""
    return Newest(**{field: getattr(url, field) for field in Newest.__struct_fields__})


def _checked(price: Decimal | None, currency: str | None, in_stock: bool | None, observed_at: datetime) -> Reading:
    if price is not None and not (price.is_finite() and 0 <= price <= MAX_AMOUNT):
        raise _wrong("price", "an amount, 0 or more")
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise _wrong("currency", "three letters such as EUR")
    if observed_at.tzinfo is None or not not_in_future(observed_at, utc_now()):
        raise _wrong("observed_at", "a time with its offset, not in the future")
    code = None if currency is None else currency.upper()
    return Reading(price=price, currency=code, in_stock=in_stock, observed_at=observed_at.astimezone(UTC))


def _wrong(field: str, what: str) -> DomainError:
    return invalid("OBSERVATION_INVALID", f"{field}: {what}", field=field)
