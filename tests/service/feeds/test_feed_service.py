"""Feeds as their owners handle them."""

import pytest

from backend.kit.errors import DomainError
from tests.service.feeds.conftest import Shop


async def test_publishing_records_one_generation(shop: Shop) -> None:
    feed = await shop.feed()
    async with shop.bench.container.transaction() as services:
        await services.feeds.publish(shop.actor, feed.id)
    jobs = await shop.bench.rows("SELECT state FROM jobs WHERE payload->>'feed_id' = :id", id=str(feed.id))
    assert jobs == [("queued",)]


async def test_a_feed_that_is_not_published_is_not_generated(shop: Shop) -> None:
    feed = await shop.generated(publish=False)
    assert await shop.versions(feed) == []


async def test_the_template_follows_the_format(shop: Shop) -> None:
    feeds = [await shop.feed(output=output, publish=False) for output in ("xml", "csv", "json")]
    assert [feed.template for feed in feeds] == ["google", "google", "plain"]


@pytest.mark.parametrize("slug", ["", "Upper", "-dash", "a b", "ä", "a/b", "x" * 101, "a\n"])
async def test_a_slug_that_cannot_stand_in_an_address_is_refused(shop: Shop, slug: str) -> None:
    async with shop.bench.container.transaction() as services:
        with pytest.raises(DomainError) as refusal:
            await services.feeds.create(shop.actor, slug=slug, output="xml")
    assert refusal.value.code == "FEED_SLUG"


async def test_a_slug_is_taken_for_all_organizations(shop: Shop) -> None:
    feed = await shop.feed()
    other = await shop.bench.organization()
    async with shop.bench.container.transaction() as services:
        with pytest.raises(DomainError) as refusal:
            await services.feeds.create(other, slug=feed.slug, output="csv")
    assert refusal.value.code == "FEED_SLUG_TAKEN"


async def test_filters_are_checked_when_a_feed_is_made(shop: Shop) -> None:
    async with shop.bench.container.transaction() as services:
        with pytest.raises(DomainError) as refusal:
            await services.feeds.create(shop.actor, slug="filtered", output="csv", filters={"colour": "red"})
    assert refusal.value.code == "FEED_FILTERS"


async def test_feeds_of_others_are_neither_listed_nor_changed(shop: Shop) -> None:
    feed = await shop.feed()
    other = await shop.bench.organization()
    async with shop.bench.container.transaction() as services:
        assert await services.feeds.list(other) == []
        assert [row.slug for row, _ in await services.feeds.list(shop.actor)] == [feed.slug]
        for call in (services.feeds.publish(other, feed.id), services.feeds.unpublish(other, feed.id)):
            with pytest.raises(DomainError, match="not found"):
                await call
        with pytest.raises(DomainError, match="not found"):
            await services.feeds.get_by_slug(other, feed.slug)
