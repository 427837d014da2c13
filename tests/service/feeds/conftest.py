"""An organization with a catalog, its feeds, and as many processes as a test wants."""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from backend.domain.catalog.merge import StoreMerge
from backend.kit.ids import uuid7
from backend.models.feeds import Feed
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct
from backend.settings import Feeds
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench

NewBench = Callable[..., Workbench]


@pytest.fixture
async def new_bench(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[NewBench]:
    """Factory of processes on the same database and the same folder of blobs."""
    made: list[Workbench] = []

    def make(**feeds: Any) -> Workbench:
        made.append(Workbench(database_url, redis_url, tmp_path, feeds=Feeds(**feeds)))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


class Shop:
    """One organization; its catalog comes from one store."""

    def __init__(self, bench: Workbench, actor: Actor) -> None:
        self.bench, self.actor, self.store_id = bench, actor, uuid7()

    async def fill(self, products: Sequence[PlatformProduct]) -> None:
        """Merge products into the catalog."""
        async with self.bench.container.begin() as session:
            merge = StoreMerge(session, organization_id=self.actor.tenant, store_id=self.store_id, currency="USD")
            await merge.merge(products)

    async def feed(self, *, publish: bool = True, **more: Any) -> Feed:
        """Create a feed; its first generation is only recorded."""
        async with self.bench.container.transaction() as services:
            slug = f"feed-{uuid.uuid4().hex[:10]}"
            return await services.feeds.create(self.actor, slug=slug, publish=publish, **{"output": "xml", **more})

    async def generated(self, **more: Any) -> Feed:
        """Create a published feed and work its first generation off."""
        feed = await self.feed(**more)
        await self.bench.work_off()
        return feed

    async def versions(self, feed: Feed) -> list[dict[str, Any]]:
        """Return a feed's generations, oldest first."""
        columns = ("id", "blob_key", "etag", "item_count", "skipped", "generated_at", "checked_at", "size_bytes")
        rows = await self.bench.rows(
            f"SELECT {', '.join(columns)} FROM feed_versions WHERE feed_id = :id ORDER BY id", id=feed.id
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    async def age(self, feed: Feed, seconds: float) -> None:
        """Let the current generation have been checked so long ago."""
        async with self.bench.container.begin() as session:
            driver = (await (await session.connection()).get_raw_connection()).driver_connection
            await driver.execute(
                "UPDATE feed_versions SET checked_at = checked_at - make_interval(secs => $1),"
                " generated_at = generated_at - make_interval(secs => $1) WHERE feed_id = $2",
                seconds,
                feed.id,
            )
            await driver.execute(
                "UPDATE feeds SET updated_at = updated_at - make_interval(secs => $1) WHERE id = $2", seconds, feed.id
            )

    async def body(self, feed: Feed) -> bytes:
        """Return the plain bytes of the current generation."""
        blobs = self.bench.container.blobs
        return await blobs.read((await self.versions(feed))[-1]["blob_key"])


@pytest.fixture
async def shop(new_bench: NewBench) -> Shop:
    """An organization with ten products of two variants."""
    bench = new_bench(wait_s=5.0)
    shop = Shop(bench, await bench.organization())
    await shop.fill(list(generate_products(10, 2)))
    return shop
