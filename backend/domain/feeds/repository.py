"""Every query on feeds and their generations, and the two that read the catalog for them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.accounts import Organization
from backend.models.feeds import Feed, FeedVersion

GRACE_S = 600

VARIANTS = """
WITH batch AS MATERIALIZED (
    SELECT id, product_id, title, sku, barcode, currency, price, sale_price, options::text AS options,
           attributes::text AS attributes, image_url, url, weight_g, active
    FROM variants
    WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL
    ORDER BY id LIMIT $3
)
SELECT batch.*, stock.on_hand, stock.uncounted, stock.backorder
FROM batch LEFT JOIN LATERAL (
    SELECT sum(on_hand)::bigint AS on_hand, bool_or(in_stock) FILTER (WHERE on_hand IS NULL) AS uncounted,
           bool_or(backorder) AS backorder
    FROM stock_levels WHERE stock_levels.variant_id = batch.id AND stock_levels.organization_id = $1
) stock ON true
ORDER BY batch.id
"""
"""One batch of variants behind an id, with their stock over all locations; a handful of index reads per row."""

PRODUCTS = """
SELECT p.id, p.title, left(p.description, 20000), p.status, b.name, p.categories, p.images::text, p.url
FROM products p LEFT JOIN brands b ON b.id = p.brand_id
WHERE p.organization_id = $1 AND p.id = ANY($2::bigint[]) AND p.deleted_at IS NULL
"""


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A generation as its readers need it."""

    id: int
    blob_key: str
    etag: str
    size_bytes: int
    item_count: int
    generated_at: datetime
    checked_at: datetime

    @property
    def format(self) -> str:
        """`xml`, `csv` or `json`: what the bytes are, even while the feed is being changed to another."""
        return self.blob_key.rpartition(".")[2]


class PublishedView(msgspec.Struct, frozen=True, kw_only=True):
    """A published feed and its current generation."""

    feed_id: uuid.UUID
    organization_id: uuid.UUID
    slug: str
    version: VersionView | None
    age_s: float
    """Since the generation was last known to be current, by the database's clock."""
    outdated: bool
    """The feed itself was changed after the generation."""


class FeedRepository:
    """Reads and writes `feeds` and `feed_versions`; times come from the database's clock."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def insert(self, values: dict[str, Any]) -> Feed | None:
        """Insert a feed; None when its slug is taken."""
        statement = insert(Feed).values(**values).on_conflict_do_nothing(index_elements=["slug"]).returning(Feed)
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def of_organization(self, organization_id: uuid.UUID) -> list[tuple[Feed, FeedVersion | None]]:
        """Return an organization's feeds with their current generations, by slug."""
        query = (
            select(Feed, FeedVersion)
            .outerjoin(FeedVersion, FeedVersion.id == Feed.current_version_id)
            .where(Feed.organization_id == organization_id)
            .order_by(Feed.slug)
        )
        return [(feed, version) for feed, version in await self._session.execute(query)]

    async def get(self, organization_id: uuid.UUID, feed_id: uuid.UUID) -> Feed | None:
        """Return a feed of an organization, locked for change."""
        query = select(Feed).where(Feed.organization_id == organization_id, Feed.id == feed_id).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()

    async def get_by_slug(self, organization_id: uuid.UUID, slug: str) -> Feed | None:
        """Return a feed of an organization by its slug."""
        query = select(Feed).where(Feed.organization_id == organization_id, Feed.slug == slug)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def locked(self, feed_id: uuid.UUID) -> tuple[Feed, FeedVersion | None, int, datetime] | None:
        """Return a feed locked, its current generation, the catalog's revision and the database's time."""
        query = (
            select(Feed, FeedVersion, Organization.catalog_revision, func.clock_timestamp())
            .join(Organization, Organization.id == Feed.organization_id)
            .outerjoin(FeedVersion, FeedVersion.id == Feed.current_version_id)
            .where(Feed.id == feed_id)
            .with_for_update(of=Feed)
        )
        found = (await self._session.execute(query)).one_or_none()
        return None if found is None else (found[0], found[1], found[2], found[3])

    async def published(self, slug: str) -> PublishedView | None:
        """Return what is publicly known of a slug; None when there is no feed or it is not published."""
        query = (
            select(
                Feed.id,
                Feed.organization_id,
                FeedVersion,
                func.extract("epoch", func.clock_timestamp() - FeedVersion.checked_at),
                Feed.updated_at >= FeedVersion.generated_at,
            )
            .outerjoin(FeedVersion, FeedVersion.id == Feed.current_version_id)
            .where(Feed.slug == slug, Feed.published)
        )
        found = (await self._session.execute(query)).one_or_none()
        if found is None:
            return None
        feed_id, organization_id, version, age_s, outdated = found
        return PublishedView(
            feed_id=feed_id,
            organization_id=organization_id,
            slug=slug,
            version=_view(version) if version is not None else None,
            age_s=float(age_s or 0),
            outdated=bool(outdated),
        )

    async def mark_due(self, feed_id: uuid.UUID) -> None:
        """Note that somebody asked for a new generation; the first one who asks counts."""
        await self._session.execute(
            update(Feed).where(Feed.id == feed_id, Feed.due_at.is_(None)).values(due_at=func.now())
        )

    async def forget_version(self, feed_id: uuid.UUID, version_id: int) -> None:
        """Take a generation whose files are lost out of service."""
        await self._session.execute(
            update(Feed)
            .where(Feed.id == feed_id, Feed.current_version_id == version_id)
            .values(current_version_id=None)
        )

    async def add_version(self, version: FeedVersion) -> None:
        """Insert a generation; its id is known afterwards."""
        self._session.add(version)
        await self._session.flush()

    async def note_error(self, feed_id: uuid.UUID, message: str) -> tuple[uuid.UUID, str | None] | None:
        """Store why a generation failed; return the organization and what was stored before."""
        query = select(Feed).where(Feed.id == feed_id).with_for_update()
        feed = (await self._session.execute(query)).scalar_one_or_none()
        if feed is None:
            return None
        before, feed.last_error = feed.last_error, message
        return feed.organization_id, before

    async def obsolete(self, feed: Feed, keep: Sequence[int | None]) -> list[tuple[int, str]]:
        """Return (id, blob key) of generations that nobody is sent to any more and whose grace is over."""
        query = text(
            "SELECT id, blob_key FROM feed_versions WHERE organization_id = :org AND feed_id = :feed"
            " AND NOT id = ANY(:keep) AND checked_at < clock_timestamp() - make_interval(secs => :grace)"
        )
        kept = [version_id for version_id in keep if version_id is not None]
        found = await self._session.execute(
            query, {"org": feed.organization_id, "feed": feed.id, "keep": kept, "grace": GRACE_S}
        )
        return [(row[0], row[1]) for row in found]

    async def delete_versions(self, version_ids: Sequence[int]) -> None:
        """Forget generations whose files are deleted."""
        await self._session.execute(text("DELETE FROM feed_versions WHERE id = ANY(:ids)"), {"ids": list(version_ids)})

    async def variants_after(self, organization_id: uuid.UUID, after_id: int, most: int) -> list[Sequence[Any]]:
        """Return the next variants by id as plain tuples, in the order that `items.feed_item` reads."""
        rows: list[Sequence[Any]] = await (await self._driver()).fetch(VARIANTS, organization_id, after_id, most)
        return rows

    async def products(self, organization_id: uuid.UUID, product_ids: Sequence[int]) -> list[Sequence[Any]]:
        """Return products as plain tuples, in the order that `items.product_facts` reads."""
        rows: list[Sequence[Any]] = await (await self._driver()).fetch(PRODUCTS, organization_id, product_ids)
        return rows

    async def _driver(self) -> Any:
        # asyncpg itself: ORM rows would cost more than everything else that happens to an item.
        pooled = await (await self._session.connection()).get_raw_connection()
        return pooled.driver_connection


def _view(version: FeedVersion) -> VersionView:
    return VersionView(
        id=version.id,
        blob_key=version.blob_key,
        etag=version.etag,
        size_bytes=version.size_bytes,
        item_count=version.item_count,
        generated_at=version.generated_at,
        checked_at=version.checked_at,
    )
