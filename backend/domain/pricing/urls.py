"""Tracked pages: whose price is read for which product."""

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.pricing.competitors_repository import CompetitorRepository
from backend.domain.pricing.observations import FORGET_JOB
from backend.domain.pricing.url_rules import host_of, page_of
from backend.domain.pricing.urls_repository import UrlsRepository
from backend.kit.errors import conflict, not_found
from backend.models.pricing import TrackedUrl
from backend.ports.actor import Actor

_MOST_ID = 2**63 - 1


class TrackedUrls:
    """Works on the acting organization's tracked pages inside the caller's transaction."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._rows = UrlsRepository(session)
        self._competitors = CompetitorRepository(session)
        self._jobs = jobs

    async def get(self, actor: Actor, url_id: int) -> TrackedUrl:
        """Return one page with its newest reading; raise not_found."""
        found = await self._rows.find(actor, url_id) if 0 < url_id <= _MOST_ID else None
        if found is None:
            raise not_found("URL")
        return found

    async def add(self, actor: Actor, variant_id: int, address: str) -> int:
        """Track a page for a product and return its id. Nothing is asked there yet.

        A page of one of our own stores belongs to no competitor; what shows no single product is kept and never read.

        Raises:   invalid URL_INVALID; not_found for the product; conflict URL_EXISTS.
        """
        page = page_of(address)
        known = 0 < variant_id <= _MOST_ID and await self._rows.lock_variant(actor, variant_id)
        if not known:
            raise not_found("Product")
        own = {host_of(url) for url in await self._competitors.own_pages(actor, variant_id)}
        competitor_id = None if page.host in own else await self._competitors.ensure(actor, page.host)
        made = await self._rows.add(
            actor,
            variant_id=variant_id,
            competitor_id=competitor_id,
            url=page.url,
            tracked=page.untracked_reason is None,
            untracked_reason=page.untracked_reason,
        )
        if made is None:
            raise conflict("URL_EXISTS", "This product has this URL already")
        await self._rows.bump_revision(actor)
        return made

    async def remove(self, actor: Actor, url_id: int) -> None:
        """Track a page no more; what was read there is forgotten soon after. Raises not_found."""
        await self.get(actor, url_id)
        await self._rows.remove(actor, url_id)
        await self._rows.bump_revision(actor)
        payload = {"organization_id": str(actor.tenant), "url_ids": [url_id]}
        await self._jobs.record(FORGET_JOB, payload, organization_id=actor.tenant)
