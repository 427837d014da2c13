"""Feeds as their owners handle them."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.feeds.filters import read_filters
from backend.domain.feeds.formats import known_template
from backend.domain.feeds.repository import FeedRepository
from backend.domain.jobs.service import JobRecorder
from backend.kit.errors import conflict, invalid, not_found
from backend.kit.ids import uuid7
from backend.kit.text import clipped, storable
from backend.models.feeds import Feed, FeedVersion
from backend.ports.actor import Actor

JOB = "feeds.generate_feed"
PATH = "/api/public/feeds/"
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_TITLE_LIMIT = 200


def generation_key(feed_id: uuid.UUID) -> str:
    """Return the unique key of a feed's generation job: at most one is unfinished, however many ask."""
    return f"{JOB}:{feed_id}"


class FeedService:
    """Create, publish and list feeds of the actor's organization."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._feeds = FeedRepository(session)
        self._jobs = jobs

    async def create(
        self,
        actor: Actor,
        *,
        slug: str,
        output: str,
        template: str | None = None,
        title: str | None = None,
        filters: Mapping[str, Any] | None = None,
        publish: bool = False,
    ) -> Feed:
        """Create a feed; a published one gets its first generation asked for in the same transaction.

        Args:     slug: lower-case letters, digits and dashes, 1..100, no dash first. output: `xml`, `csv` or `json`.
                  template: None is google for xml and csv, plain for json. title: None is the slug.
        Raises:   invalid `FEED_SLUG`, `FEED_FORMAT`, `FEED_TEMPLATE`, `FEED_FILTERS`; conflict `FEED_SLUG_TAKEN`, also
                  when another organization has it: slugs stand in public addresses.
        """
        if not SLUG.fullmatch(slug):
            raise invalid("FEED_SLUG", "A slug has 1..100 lower-case letters, digits and dashes", field="slug")
        chosen = known_template(template, output)
        wanted = read_filters(filters or {})
        values = {
            "id": uuid7(),
            "organization_id": actor.tenant,
            "slug": slug,
            "title": clipped(" ".join(storable(title or "").split()) or slug, _TITLE_LIMIT),
            "format": output,
            "template": chosen,
            "filters": msgspec.to_builtins(wanted),
            "published": publish,
        }
        feed = await self._feeds.insert(values)
        if feed is None:
            raise conflict("FEED_SLUG_TAKEN", "Another feed has this slug; choose a different one", field="slug")
        if publish:
            await self._ask_for_generation(feed)
        return feed

    async def publish(self, actor: Actor, feed_id: uuid.UUID) -> Feed:
        """Make a feed public and ask for a generation; publishing twice is harmless."""
        feed = await self._own(actor, feed_id)
        feed.published = True
        await self._ask_for_generation(feed)
        return feed

    async def unpublish(self, actor: Actor, feed_id: uuid.UUID) -> Feed:
        """Take a feed off the public address; processes notice within a second."""
        feed = await self._own(actor, feed_id)
        feed.published = False
        return feed

    async def list(self, actor: Actor) -> list[tuple[Feed, FeedVersion | None]]:
        """Return the organization's feeds with their current generations, by slug."""
        return await self._feeds.of_organization(actor.tenant)

    async def get_by_slug(self, actor: Actor, slug: str) -> Feed:
        """Return one feed of the organization; raise not_found."""
        feed = await self._feeds.get_by_slug(actor.tenant, slug) if SLUG.fullmatch(slug) else None
        if feed is None:
            raise not_found("Feed")
        return feed

    async def _own(self, actor: Actor, feed_id: uuid.UUID) -> Feed:
        feed = await self._feeds.get(actor.tenant, feed_id)
        if feed is None:
            raise not_found("Feed")
        return feed

    async def _ask_for_generation(self, feed: Feed) -> None:
        feed.due_at = func.now()
        await self._jobs.record(
            JOB, {"feed_id": str(feed.id)}, organization_id=feed.organization_id, unique_key=generation_key(feed.id)
        )
