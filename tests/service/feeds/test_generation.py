"""Generations: whole, in order, by batches, kept when the next one fails, and stable when nothing changed."""

import gzip
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import etree

from backend.domain.feeds import generate
from backend.domain.feeds.generate import FeedGenerator
from plugin_bridge.sandbox.generator import generate_products
from tests.service.feeds.conftest import NewBench, Shop

G = "{http://base.google.com/ns/1.0}"
FAILED = "SELECT count(*) FROM events WHERE type = 'feed.failed' AND payload->>'feed_id' = :id"


def ids(body: bytes) -> list[int]:
    return [int(item.findtext(G + "id")) for item in etree.fromstring(body).iter("item")]


def generator(shop: Shop, blobs: Any = None, max_age_s: float = 0) -> FeedGenerator:
    box = shop.bench.container
    return FeedGenerator(box.begin, blobs or box.blobs, public_url="http://panel.test", max_age_s=max_age_s)


class FullDisk:
    """A blob store that takes some bytes and then has no room."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @asynccontextmanager
    async def writer(self, key: str) -> AsyncIterator[Any]:
        async with self._inner.writer(key) as writer:
            await writer.write(b"<?xml")
            yield self

    async def write(self, _: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def delete(self, key: str) -> None:
        await self._inner.delete(key)


async def test_every_sellable_variant_is_in_the_feed_once_and_in_order(shop: Shop) -> None:
    feed = await shop.generated()
    (version,) = await shop.versions(feed)
    found = ids(await shop.body(feed))
    assert found == sorted(set(found))
    assert len(found) == version["item_count"] == 20


async def test_both_files_hold_the_same_bytes(shop: Shop) -> None:
    feed = await shop.generated()
    (version,) = await shop.versions(feed)
    body = await shop.body(feed)
    packed = await shop.bench.container.blobs.read(version["blob_key"] + ".gz")
    assert gzip.decompress(packed) == body
    assert len(body) == version["size_bytes"]


async def test_batches_join_without_a_seam(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await shop.generated(output="json")
    monkeypatch.setattr(generate, "BATCH", 3)
    pieces = await shop.generated(output="json")
    bodies = [msgspec.json.decode(await shop.body(feed))["products"] for feed in (whole, pieces)]
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) == 20


async def test_what_is_left_out_is_counted_by_reason(new_bench: NewBench) -> None:
    bench = new_bench()
    shop = Shop(bench, await bench.organization())
    pictureless, draft, unpriced, good = list(generate_products(4, 1))
    await shop.fill(
        [
            msgspec.structs.replace(pictureless, images=(), variants=_changed(pictureless, image_url="")),
            msgspec.structs.replace(draft, status="draft"),
            msgspec.structs.replace(unpriced, variants=_changed(unpriced, price=None)),
            good,
        ]
    )
    (version,) = await shop.versions(await shop.generated())
    assert version["skipped"] == {"image_link_missing": 1, "inactive": 1, "price_missing": 1}
    assert version["item_count"] == 1


def _changed(product: Any, **changes: Any) -> Any:
    return tuple(msgspec.structs.replace(variant, **changes) for variant in product.variants)


async def test_filters_leave_out_what_the_feed_does_not_want(shop: Shop) -> None:
    feed = await shop.generated(filters={"brands": ["Nobody"]})
    (version,) = await shop.versions(feed)
    assert (version["item_count"], version["skipped"]) == (0, {"filtered": 20})


async def test_a_feed_holds_its_own_organization_only(shop: Shop) -> None:
    other = Shop(shop.bench, await shop.bench.organization())
    await other.fill(list(generate_products(3, 1)))
    feed = await other.generated()
    (version,) = await other.versions(feed)
    assert version["item_count"] == 3


async def test_an_empty_catalog_is_an_empty_feed(new_bench: NewBench) -> None:
    bench = new_bench()
    empty = Shop(bench, await bench.organization())
    feed = await empty.generated()
    assert ids(await empty.body(feed)) == []


async def test_s2s_20_an_unchanged_catalog_keeps_the_generation_and_its_time(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.age(feed, 3_600)
    (before,) = await shop.versions(feed)
    await generator(shop).generate(feed.id)
    (after,) = await shop.versions(feed)
    assert after["generated_at"] == before["generated_at"]
    assert after["checked_at"] > before["checked_at"]


async def test_a_changed_catalog_makes_a_new_generation(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.age(feed, 3_600)
    await shop.fill(list(generate_products(12, 2)))
    await generator(shop).generate(feed.id)
    assert [version["item_count"] for version in await shop.versions(feed)] == [20, 24]


async def test_a_changed_feed_makes_a_new_generation(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.bench.rows(
        "UPDATE feeds SET title = 'Other', updated_at = now() WHERE id = :id RETURNING id", id=feed.id
    )
    await generator(shop, max_age_s=300).generate(feed.id)
    assert b"<title>Other</title>" in await shop.body(feed)


async def test_a_generation_is_redone_daily_even_if_nothing_changed(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.age(feed, 90_000)
    await generator(shop).generate(feed.id)
    assert len(await shop.versions(feed)) == 2


async def test_a_young_generation_is_not_repeated(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.fill(list(generate_products(12, 2)))
    await generator(shop, max_age_s=300).generate(feed.id)
    assert len(await shop.versions(feed)) == 1


async def test_equal_items_keep_the_etag(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.age(feed, 90_000)
    await generator(shop).generate(feed.id)
    first, second = await shop.versions(feed)
    assert first["etag"] == second["etag"]


async def test_a_failed_generation_keeps_the_last_good_one(shop: Shop, tmp_path: Path) -> None:
    feed = await shop.generated()
    await shop.age(feed, 90_000)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            await generator(shop, FullDisk(shop.bench.container.blobs)).generate(feed.id)
    (version,) = await shop.versions(feed)
    current, error = (
        await shop.bench.rows("SELECT current_version_id, last_error FROM feeds WHERE id = :id", id=feed.id)
    )[0]
    assert current == version["id"]
    assert "No space left" in error
    assert await shop.bench.value(FAILED, id=str(feed.id)) == 1
    assert len(list((tmp_path / "blobs" / "feeds" / str(feed.id)).iterdir())) == 2


async def test_a_generation_after_a_failure_clears_the_error(shop: Shop) -> None:
    feed = await shop.feed()
    with pytest.raises(OSError, match="No space left"):
        await generator(shop, FullDisk(shop.bench.container.blobs)).generate(feed.id)
    await generator(shop).generate(feed.id)
    assert await shop.bench.value("SELECT last_error FROM feeds WHERE id = :id", id=feed.id) is None


async def test_of_two_generations_at_once_the_later_stays(shop: Shop, tmp_path: Path) -> None:
    feed = await shop.feed()
    early = generator(shop)
    plan = await early._claim(feed.id)
    await generator(shop).generate(feed.id)
    assert plan is not None
    await early._run(plan)
    (version,) = await shop.versions(feed)
    assert version["generated_at"] > plan.generated_at
    assert len(list((tmp_path / "blobs" / "feeds" / str(feed.id)).iterdir())) == 2


async def test_old_generations_are_deleted_after_a_grace_period(shop: Shop, tmp_path: Path) -> None:
    feed = await shop.generated()
    for _ in range(3):
        await shop.age(feed, 90_000)
        await generator(shop).generate(feed.id)
    assert len(await shop.versions(feed)) == 2
    assert len(list((tmp_path / "blobs" / "feeds" / str(feed.id)).iterdir())) == 4


async def test_a_feed_that_is_gone_needs_no_generation(shop: Shop) -> None:
    await generator(shop).generate(uuid.uuid4())
