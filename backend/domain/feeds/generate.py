"""The flow of job `feeds.generate_feed`: claim (tx) -> read and write in batches -> make it current (tx)."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from backend.domain.events.service import EventRecorder
from backend.domain.events.types import FeedFailed, FeedGenerated
from backend.domain.feeds.filters import FeedFilters, read_filters
from backend.domain.feeds.formats import FORMATS, FeedAbout
from backend.domain.feeds.output import GZIP_SUFFIX, FeedOutput, feed_output
from backend.domain.feeds.rendering import FeedRendering
from backend.domain.feeds.repository import FeedRepository
from backend.domain.feeds.service import PATH
from backend.kit.clock import iso_z
from backend.kit.ids import uuid7
from backend.kit.text import clipped, storable
from backend.kit.transaction import Transactions
from backend.models.feeds import Feed, FeedVersion
from backend.ports.blob_store import BlobStore

BATCH = 2_000
_REDONE_AFTER = timedelta(days=1)
"""A generation is redone by then even if the catalog did not change: preorder dates pass, our rules improve."""


class GenerationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided in the first transaction."""

    feed_id: uuid.UUID
    organization_id: uuid.UUID
    slug: str
    title: str
    format: str
    template: str
    filters: FeedFilters
    catalog_revision: int
    generated_at: datetime


class FeedGenerator:
    """Generates feeds in constant memory.

    Running it twice is harmless, one after the other or at the same time: a generation that is young enough and
    fits the feed is not repeated, every run writes files of its own name, and the last step makes only a generation
    current that started later than the one in place. A run that dies leaves the last good generation in place.
    """

    def __init__(self, begin: Transactions, blobs: BlobStore, *, public_url: str, max_age_s: float) -> None:
        self._begin = begin
        self._blobs = blobs
        self._public_url = public_url
        self._max_age = timedelta(seconds=max_age_s)

    async def generate(self, feed_id: uuid.UUID) -> None:
        """Bring a feed up to date if it is not.

        Raises:   whatever went wrong, after it was noted in `feeds.last_error` (and told as `feed.failed` the first
                  time); the job tries again.
        """
        try:
            plan = await self._claim(feed_id)
            if plan is not None:
                await self._run(plan)
        except Exception as error:
            await self._note(feed_id, error)
            raise

    async def _claim(self, feed_id: uuid.UUID) -> GenerationPlan | None:
        """Decide what is to be done: nothing, only touch `checked_at`, or a new generation."""
        async with self._begin() as session:
            found = await FeedRepository(session).locked(feed_id)
            if found is None:
                return None
            feed, version, revision, now = found
            if version is not None and self._is_current(feed, version, revision, now):
                if version.checked_at <= now - self._max_age:
                    version.checked_at = now
                feed.due_at, feed.last_error = None, None
                return None
            return GenerationPlan(
                feed_id=feed.id,
                organization_id=feed.organization_id,
                slug=feed.slug,
                title=feed.title,
                format=feed.format,
                template=feed.template,
                filters=read_filters(feed.filters),
                catalog_revision=revision,
                generated_at=now,
            )

    def _is_current(self, feed: Feed, version: FeedVersion, revision: int, now: datetime) -> bool:
        if feed.updated_at >= version.generated_at:
            return False
        if version.checked_at > now - self._max_age:
            return True
        return version.catalog_revision == revision and version.generated_at > now - _REDONE_AFTER

    async def _run(self, plan: GenerationPlan) -> None:
        key = f"feeds/{plan.feed_id}/{uuid7()}.{plan.format}"
        writer = FORMATS[plan.template, plan.format](self._about(plan))
        rendering = FeedRendering(writer, plan.filters, plan.generated_at.date())
        async with feed_output(self._blobs, key) as output:
            await self._write(plan, rendering, output)
        try:
            used, obsolete = await self._make_current(plan, rendering, output, key)
        except BaseException:
            await self._delete(key)
            raise
        if not used:
            await self._delete(key)
        await self._delete_obsolete(obsolete)

    def _about(self, plan: GenerationPlan) -> FeedAbout:
        link = f"{self._public_url.rstrip('/')}{PATH}{plan.slug}" if self._public_url else ""
        return FeedAbout(slug=plan.slug, title=plan.title, link=link, generated_at=iso_z(plan.generated_at))

    async def _write(self, plan: GenerationPlan, rendering: FeedRendering, output: FeedOutput) -> None:
        """Three stages at once: the database sends batch n+2, this loop renders n+1, a thread packs and writes n."""
        writing = asyncio.create_task(output.append(rendering.writer.head()))
        try:
            async for variants, products in self._batches(plan):
                body = await _rendered(rendering, variants, products)
                await writing
                writing = asyncio.create_task(output.append(body))
            await writing
        finally:
            await _stop(writing)
        await output.append(rendering.writer.tail())

    async def _batches(self, plan: GenerationPlan) -> AsyncIterator[tuple[Sequence[Any], Sequence[Any]]]:
        reading = asyncio.create_task(self._read(plan, 0))
        try:
            while True:
                variants, products = await reading
                if not variants:
                    return
                reading = asyncio.create_task(self._read(plan, variants[-1][0]))
                yield variants, products
        finally:
            await _stop(reading)

    async def _read(self, plan: GenerationPlan, after_id: int) -> tuple[Sequence[Any], Sequence[Any]]:
        # A transaction per batch: no snapshot is held for minutes; what changes meanwhile moved the revision and
        # is in the next generation for certain.
        async with self._begin() as session:
            rows = FeedRepository(session)
            variants = await rows.variants_after(plan.organization_id, after_id, BATCH)
            products = await rows.products(plan.organization_id, list({row[1] for row in variants}))
        return variants, products

    async def _make_current(
        self, plan: GenerationPlan, rendering: FeedRendering, output: FeedOutput, key: str
    ) -> tuple[bool, list[tuple[int, str]]]:
        async with self._begin() as session:
            rows = FeedRepository(session)
            found = await rows.locked(plan.feed_id)
            if found is None:
                return False, []
            feed, before, _, _ = found
            if before is not None and before.generated_at >= plan.generated_at:
                return False, []
            version = FeedVersion(
                organization_id=plan.organization_id,
                feed_id=plan.feed_id,
                blob_key=key,
                etag=output.etag,
                size_bytes=output.size_bytes,
                item_count=rendering.item_count,
                skipped=dict(rendering.skipped),
                catalog_revision=plan.catalog_revision,
                generated_at=plan.generated_at,
                checked_at=plan.generated_at,
            )
            await rows.add_version(version)
            obsolete = await rows.obsolete(feed, (version.id, feed.current_version_id))
            feed.current_version_id, feed.due_at, feed.last_error = version.id, None, None
            event = FeedGenerated(feed_id=str(feed.id), items=rendering.item_count)
            await EventRecorder(session).record(feed.organization_id, event)
            return True, obsolete

    async def _delete_obsolete(self, obsolete: list[tuple[int, str]]) -> None:
        if not obsolete:
            return
        for _, key in obsolete:
            await self._delete(key)
        async with self._begin() as session:
            await FeedRepository(session).delete_versions([version_id for version_id, _ in obsolete])

    async def _delete(self, key: str) -> None:
        await self._blobs.delete(key)
        await self._blobs.delete(key + GZIP_SUFFIX)

    async def _note(self, feed_id: uuid.UUID, error: Exception) -> None:
        message = clipped(storable(f"{type(error).__name__}: {error}"), 500)
        async with self._begin() as session:
            noted = await FeedRepository(session).note_error(feed_id, message)
            if noted is not None and noted[1] is None:
                await EventRecorder(session).record(noted[0], FeedFailed(feed_id=str(feed_id), message=message))


async def _rendered(rendering: FeedRendering, variants: Sequence[Any], products: Sequence[Any]) -> bytes:
    # Not in a thread: it would hold the interpreter's lock for 5 ms each time the next rows arrive. Between two pieces
    # the loop takes in rows and serves other jobs.
    pieces = []
    for piece in rendering.pieces(variants, products):
        pieces.append(piece)
        await asyncio.sleep(0)
    return b"".join(pieces)


async def _stop(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
