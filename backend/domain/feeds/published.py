"""What the public route asks: which generation of a slug to serve, and its bytes.

A generation younger than `max_age_s` is a HIT and costs no query more than once a second. An older one is due: its
generation is recorded as a job (one however many ask, in all processes together) and waited for; when it takes too
long or fails, the last good generation is served and nobody waits again for a few seconds.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.feeds.body_cache import BodyCache
from backend.domain.feeds.errors import FeedNotReady
from backend.domain.feeds.output import GZIP_SUFFIX
from backend.domain.feeds.repository import FeedRepository, PublishedView, VersionView
from backend.domain.feeds.service import JOB, SLUG, generation_key
from backend.domain.jobs.repository import JobRepository
from backend.domain.jobs.service import JobRecorder
from backend.kit.errors import not_found
from backend.kit.transaction import Transactions
from backend.ports.blob_store import BlobStore

RECHECK_S = 1.0
RETRY_S = 5.0
_FIRST_POLL_S = 0.02
_SLOWEST_POLL_S = 0.25
_MOST_ENTRIES = 10_000

log = structlog.get_logger()


class Served:
    """A generation to serve, and whether it is a HIT."""

    __slots__ = ("hit", "slug", "version")

    def __init__(self, slug: str, version: VersionView, hit: bool) -> None:
        self.slug, self.version, self.hit = slug, version, hit


class _Entry:
    """What this process knows of one published feed; instants are `time.monotonic`."""

    __slots__ = ("ask_again_at", "feed_id", "fresh_until", "hit", "looked_at", "miss", "organization_id", "version")

    def __init__(self, view: PublishedView, now: float, max_age_s: float) -> None:
        version = view.version
        self.feed_id = view.feed_id
        self.organization_id = view.organization_id
        self.version = version
        self.looked_at = now
        self.fresh_until = 0.0 if version is None or view.outdated else now + max_age_s - view.age_s
        self.ask_again_at = 0.0
        self.hit = Served(view.slug, version, True) if version else None
        self.miss = Served(view.slug, version, False) if version else None


class PublishedFeeds:
    """Lives as long as the process.

    Args:     jobs: makes the recorder of a transaction. max_age_s, wait_s: `Settings.feeds`.
    """

    def __init__(
        self,
        begin: Transactions,
        blobs: BlobStore,
        jobs: Callable[[AsyncSession], JobRecorder],
        *,
        max_age_s: float,
        wait_s: float,
        cache_bytes: int = 128_000_000,
    ) -> None:
        self._begin = begin
        self._blobs = blobs
        self._jobs = jobs
        self._max_age_s = max_age_s
        self._wait_s = wait_s
        self._bodies = BodyCache(blobs, most_bytes=cache_bytes, largest_bytes=cache_bytes // 4)
        self._entries: dict[str, _Entry] = {}
        self._looking: dict[str, asyncio.Task[_Entry | None]] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}

    async def fetch(self, slug: str) -> Served:
        """Return the generation to serve now.

        Raises:   not_found for what is no slug, unknown or not published, all alike. FeedNotReady when there is no
                  generation and none came in time.
        """
        now = time.monotonic()
        entry = self._entries.get(slug)
        if entry is None or now - entry.looked_at >= RECHECK_S:
            entry = await self._look(slug)
        if now < entry.fresh_until and entry.hit is not None:
            return entry.hit
        if now >= entry.ask_again_at:
            entry = await self._wait_for_generation(slug, entry)
        if entry.miss is None:
            raise FeedNotReady(RETRY_S)
        return entry.miss

    def hit_at_hand(self, slug: str) -> Served | None:
        """Return what `fetch` would without asking anybody: a HIT that was looked at within the last second."""
        entry = self._entries.get(slug)
        if entry is None:
            return None
        now = time.monotonic()
        return entry.hit if now - entry.looked_at < RECHECK_S and now < entry.fresh_until else None

    async def wait_until_generated(self, slug: str, timeout_s: float) -> VersionView:
        """Return the first generation of a published feed once a worker finished it: for the command line.

        Raises:   not_found; FeedNotReady when none came within *timeout_s*.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            view = await self._view(slug)
            if view is None:
                raise not_found("Feed")
            if view.version is not None:
                return view.version
            if time.monotonic() >= deadline:
                raise FeedNotReady(RETRY_S)
            await asyncio.sleep(_SLOWEST_POLL_S)

    def body_at_hand(self, served: Served, *, packed: bool) -> bytes | None:
        """Return the bytes (gzip when *packed*) if this process holds them."""
        return self._bodies.get(_key(served, packed))

    async def body(self, served: Served, *, packed: bool) -> bytes | AsyncIterator[bytes]:
        """Return the bytes of a generation, as a stream when they are too many to hold.

        Raises:   FeedNotReady when the files are lost: the generation is taken out of service and a new one asked for.
        """
        key = _key(served, packed)
        try:
            if served.version.size_bytes > self._bodies.largest_bytes:
                chunks = self._blobs.stream(key)
                # The first chunk now: a missing file must be noticed before the answer begins.
                return _chain(await anext(chunks), chunks)
            return await self._bodies.read(key)
        except (KeyError, StopAsyncIteration):
            await self._forget(served)
            raise FeedNotReady(RETRY_S) from None

    async def _look(self, slug: str) -> _Entry:
        """Read the feed's row, once however many ask at the same time."""
        task = self._looking.get(slug)
        if task is None:
            task = self._looking[slug] = asyncio.create_task(self._look_alone(slug))
        entry = await asyncio.shield(task)
        if entry is None:
            raise not_found("Feed")
        return entry

    async def _look_alone(self, slug: str) -> _Entry | None:
        before = self._entries.get(slug)
        try:
            return self._learn(slug, await self._view(slug))
        except (OSError, SQLAlchemyError) as error:
            log.warning("feeds.database_away", error=type(error).__name__)
            if before is None:
                raise FeedNotReady(RETRY_S) from None
            # Crawlers are served what is at hand while the database is away.
            before.looked_at = time.monotonic()
            before.ask_again_at = max(before.ask_again_at, before.looked_at + RECHECK_S)
            return before
        finally:
            del self._looking[slug]

    async def _view(self, slug: str) -> PublishedView | None:
        if not SLUG.fullmatch(slug):
            return None
        async with self._begin() as session:
            return await FeedRepository(session).published(slug)

    def _learn(self, slug: str, view: PublishedView | None) -> _Entry | None:
        if view is None:
            self._entries.pop(slug, None)
            return None
        before = self._entries.get(slug)
        entry = _Entry(view, time.monotonic(), self._max_age_s)
        if before is not None:
            entry.ask_again_at = before.ask_again_at
        elif len(self._entries) >= _MOST_ENTRIES:
            self._entries.pop(next(iter(self._entries)))
        self._entries[slug] = entry
        return entry

    async def _wait_for_generation(self, slug: str, entry: _Entry) -> _Entry:
        """Wait with all others of this process for a new generation of a feed, at most `wait_s`."""
        task = self._waiting.get(slug)
        if task is None:
            task = self._waiting[slug] = asyncio.create_task(self._wait_alone(slug, entry))
        await asyncio.shield(task)
        after = self._entries.get(slug)
        if after is None:
            raise not_found("Feed")
        return after

    async def _wait_alone(self, slug: str, entry: _Entry) -> None:
        try:
            came = await self._generation_came(slug, entry)
        except (OSError, SQLAlchemyError) as error:
            log.warning("feeds.generation_not_asked_for", error=type(error).__name__)
            came = False
        finally:
            del self._waiting[slug]
        if not came and (left := self._entries.get(slug)) is not None:
            left.ask_again_at = time.monotonic() + RETRY_S

    async def _generation_came(self, slug: str, entry: _Entry) -> bool:
        deadline = time.monotonic() + self._wait_s
        job_id = await self._ask(entry.feed_id, entry.organization_id)
        pause_s = _FIRST_POLL_S
        while time.monotonic() < deadline:
            # Nothing is held while waiting: each look is a transaction of its own.
            await asyncio.sleep(min(pause_s, max(0.0, deadline - time.monotonic())))
            pause_s = min(pause_s * 1.5, _SLOWEST_POLL_S)
            async with self._begin() as session:
                ended = await JobRepository(session).has_ended(job_id)
                view = await FeedRepository(session).published(slug)
            found = self._learn(slug, view)
            if found is None or _is_newer(found.version, entry.version):
                return True
            if ended:
                return False
        return False

    async def _ask(self, feed_id: uuid.UUID, organization_id: uuid.UUID) -> int:
        async with self._begin() as session:
            await FeedRepository(session).mark_due(feed_id)
            return await self._jobs(session).record(
                JOB, {"feed_id": str(feed_id)}, organization_id=organization_id, unique_key=generation_key(feed_id)
            )

    async def _forget(self, served: Served) -> None:
        entry = self._entries.pop(served.slug, None)
        if entry is None:
            return
        log.error("feeds.files_lost", slug=served.slug, version=served.version.id)
        async with self._begin() as session:
            await FeedRepository(session).forget_version(entry.feed_id, served.version.id)
        await self._ask(entry.feed_id, entry.organization_id)


def _is_newer(found: VersionView | None, before: VersionView | None) -> bool:
    return found is not None and (before is None or found.checked_at > before.checked_at)


def _key(served: Served, packed: bool) -> str:
    return served.version.blob_key + GZIP_SUFFIX if packed else served.version.blob_key


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
