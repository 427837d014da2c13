"""What crawlers get: HIT, MISS, one generation however many ask, and the last good one when it is late."""

import asyncio
import time
from pathlib import Path

import pytest

from backend.domain.feeds.errors import FeedNotReady
from backend.domain.feeds.published import PublishedFeeds
from backend.kit.errors import DomainError
from plugin_bridge.sandbox.generator import generate_products
from tests.service.feeds.conftest import NewBench, Shop
from tests.support.product import Workbench

JOBS = "SELECT count(*) FROM jobs WHERE name = 'feeds.generate_feed' AND payload->>'feed_id' = :id"


class Worker:
    """Works jobs off all the time, as the worker process does."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while True:
            await self._bench.work_off()
            await asyncio.sleep(0.02)

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


def published(bench: Workbench) -> PublishedFeeds:
    return bench.container.published_feeds


async def test_s2s_19_a_young_generation_is_a_hit(shop: Shop) -> None:
    feed = await shop.generated()
    served = await published(shop.bench).fetch(feed.slug)
    assert served.hit
    assert served.version.item_count == 20
    assert await published(shop.bench).body(served, packed=False) == await shop.body(feed)


async def test_s2s_19_a_hit_asks_the_database_once_a_second(shop: Shop) -> None:
    feed = await shop.generated()
    first = await published(shop.bench).fetch(feed.slug)
    await shop.bench.container.engine.dispose()
    assert await published(shop.bench).fetch(feed.slug) is first


async def test_s2s_19_a_due_generation_is_waited_for_and_served_as_a_miss(shop: Shop) -> None:
    feed = await shop.generated()
    await shop.age(feed, 400)
    await shop.fill(list(generate_products(12, 2)))
    async with Worker(shop.bench):
        served = await published(shop.bench).fetch(feed.slug)
        again = await published(shop.bench).fetch(feed.slug)
    assert (served.hit, served.version.item_count) == (False, 24)
    assert (again.hit, again.version.item_count) == (True, 24)


async def test_a_hundred_askers_of_two_processes_make_one_generation(shop: Shop, new_bench: NewBench) -> None:
    feed = await shop.generated()
    await shop.age(feed, 400)
    await shop.fill(list(generate_products(12, 2)))
    other = new_bench(wait_s=5.0)
    before = await shop.bench.value(JOBS, id=str(feed.id))
    async with Worker(new_bench(wait_s=5.0)):
        asked = [published(bench).fetch(feed.slug) for bench in (shop.bench, other) for _ in range(50)]
        served = await asyncio.gather(*asked)
    assert {one.version.item_count for one in served} == {24}
    assert len(await shop.versions(feed)) == 2
    assert await shop.bench.value(JOBS, id=str(feed.id)) - before <= 2


async def test_a_late_generation_leaves_the_last_good_one(new_bench: NewBench, shop: Shop) -> None:
    feed = await shop.generated()
    await shop.age(feed, 400)
    impatient = new_bench(wait_s=1.0)
    started = time.monotonic()
    served = await published(impatient).fetch(feed.slug)
    waited_s = time.monotonic() - started
    again_at = time.monotonic()
    again = await published(impatient).fetch(feed.slug)
    again_s = time.monotonic() - again_at
    assert (served.hit, again.hit, served.version.item_count) == (False, False, 20)
    assert 1.0 <= waited_s < 2
    assert again_s < 0.65


async def test_a_failed_generation_is_not_waited_for_to_the_end(
    shop: Shop, new_bench: NewBench, tmp_path: Path
) -> None:
    feed = await shop.generated()
    await shop.age(feed, 400)
    await shop.fill(list(generate_products(12, 2)))
    patient = new_bench(wait_s=30.0)
    worker = new_bench()
    worker.container.__dict__["feed_generator"] = _Broken()
    async with Worker(worker):
        started = time.monotonic()
        served = await published(patient).fetch(feed.slug)
    assert time.monotonic() - started < 10
    assert (served.hit, served.version.item_count) == (False, 20)


class _Broken:
    async def generate(self, _: object) -> None:
        raise OSError("broken on purpose")


async def test_s2s_21_unknown_unpublished_and_impossible_slugs_are_not_found_alike(shop: Shop) -> None:
    hidden = await shop.feed(publish=False)
    refusals = set()
    for slug in (hidden.slug, "nothing", "UPPER", "../x", "a\0b", "x" * 3000, "🐍", ""):
        with pytest.raises(DomainError) as refusal:
            await published(shop.bench).fetch(slug)
        refusals.add((refusal.value.kind, refusal.value.code, refusal.value.message))
    assert len(refusals) == 1


async def test_s2s_21_an_unpublished_feed_is_gone_within_a_second(shop: Shop) -> None:
    feed = await shop.generated()
    await published(shop.bench).fetch(feed.slug)
    async with shop.bench.container.transaction() as services:
        await services.feeds.unpublish(shop.actor, feed.id)
    with pytest.raises(DomainError, match="not found"):
        await _fetch_for(1.5, published(shop.bench), feed.slug)


async def _fetch_for(seconds: float, feeds: PublishedFeeds, slug: str) -> None:
    deadline = time.monotonic() + seconds
    while (asked_at := time.monotonic()) and await feeds.fetch(slug):
        assert asked_at < deadline, "it is still served"
        await asyncio.sleep(0.05)


async def test_a_feed_without_any_generation_is_not_ready(shop: Shop, new_bench: NewBench) -> None:
    feed = await shop.feed()
    with pytest.raises(FeedNotReady):
        await published(new_bench(wait_s=0.1)).fetch(feed.slug)


async def test_the_first_request_may_bring_the_first_generation(shop: Shop) -> None:
    feed = await shop.feed()
    async with Worker(shop.bench):
        served = await published(shop.bench).fetch(feed.slug)
    assert (served.hit, served.version.item_count) == (False, 20)


async def test_the_command_line_waits_for_the_first_generation(shop: Shop) -> None:
    feed = await shop.feed()
    with pytest.raises(FeedNotReady):
        await published(shop.bench).wait_until_generated(feed.slug, 0.0)
    async with Worker(shop.bench):
        version = await published(shop.bench).wait_until_generated(feed.slug, 10)
    assert version.item_count == 20


async def test_lost_files_are_made_again(shop: Shop, new_bench: NewBench) -> None:
    feed = await shop.generated()
    (version,) = await shop.versions(feed)
    await shop.bench.container.blobs.delete(version["blob_key"])
    served = await published(shop.bench).fetch(feed.slug)
    with pytest.raises(FeedNotReady):
        await published(shop.bench).body(served, packed=False)
    await shop.bench.work_off()
    again = await published(new_bench()).fetch(feed.slug)
    assert await published(shop.bench).body(again, packed=False) == await shop.body(feed)


async def test_a_large_feed_is_streamed_and_not_held(shop: Shop) -> None:
    feed = await shop.generated()
    box = shop.bench.container
    small = PublishedFeeds(
        box.begin, box.blobs, lambda session: box.services(session).jobs, max_age_s=300, wait_s=1, cache_bytes=400
    )
    served = await small.fetch(feed.slug)
    chunks = await small.body(served, packed=False)
    assert not isinstance(chunks, bytes)
    assert b"".join([chunk async for chunk in chunks]) == await shop.body(feed)
    assert small.body_at_hand(served, packed=False) is None


async def test_a_database_that_is_away_does_not_stop_what_is_at_hand(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await shop.generated()
    feeds = published(shop.bench)
    first = await feeds.fetch(feed.slug)

    async def away(_: str) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(feeds, "_view", away)
    feeds._entries[feed.slug].looked_at -= 10
    assert await feeds.fetch(feed.slug) is first
    with pytest.raises(FeedNotReady):
        await feeds.fetch("another")
