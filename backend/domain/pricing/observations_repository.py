"""Queries over what was read on tracked pages."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.pricing.observation_rules import Newest
from backend.models.pricing import Observation, TrackedUrl
from backend.ports.actor import Actor

_FORGET = text("""
DELETE FROM observations o USING (
    SELECT organization_id, id FROM observations
    WHERE organization_id = :org AND url_id = ANY(cast(:urls AS bigint[])) LIMIT :most) old
WHERE o.organization_id = old.organization_id AND o.id = old.id
""")


class ObservationsRepository:
    """Reads and writes the acting organization's observations."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def locked_url(self, actor: Actor, url_id: int) -> TrackedUrl | None:
        """Return a tracked page and keep others from writing to it until the end of the transaction."""
        query = select(TrackedUrl).where(TrackedUrl.organization_id == actor.tenant, TrackedUrl.id == url_id)
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def organization_of(self, url_id: int) -> uuid.UUID | None:
        """Return whose page it is: the operator's look-up, which goes through all of them."""
        query = select(TrackedUrl.organization_id).where(TrackedUrl.id == url_id)
        return (await self._session.execute(query)).scalars().first()

    async def at(self, actor: Actor, url_id: int, observed_at: datetime) -> Observation | None:
        """Return what was read on a page at an instant."""
        query = select(Observation).where(
            Observation.organization_id == actor.tenant,
            Observation.url_id == url_id,
            Observation.observed_at == observed_at,
        )
        return (await self._session.execute(query)).scalars().first()

    async def add(self, observation: Observation) -> Observation:
        """Write an observation."""
        self._session.add(observation)
        await self._session.flush()
        return observation

    def keep(self, url: TrackedUrl, newest: Newest) -> None:
        """Write what is kept beside a page."""
        for field, value in msgspec.structs.asdict(newest).items():
            setattr(url, field, value)

    async def newest_first(
        self, actor: Actor, url_id: int, *, before: datetime | None, most: int
    ) -> Sequence[Observation]:
        """Return the readings of a page, newest first, those before a moment."""
        query = select(Observation).where(Observation.organization_id == actor.tenant, Observation.url_id == url_id)
        if before is not None:
            query = query.where(Observation.observed_at < before)
        query = query.order_by(Observation.observed_at.desc(), Observation.id.desc()).limit(most)
        return (await self._session.execute(query)).scalars().all()

    async def forget(self, organization_id: uuid.UUID, url_ids: Sequence[int], most: int) -> int:
        """Delete readings of pages; return how many were deleted."""
        values = {"org": organization_id, "urls": list(url_ids), "most": most}
        return int((await self._session.execute(_FORGET, values)).rowcount)  # type: ignore[attr-defined]
