"""Reading a store of any platform: everything once, resumable anywhere, honest about what it could not read."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.sync.trouble import NEEDS_REAUTH
from backend.ports.platform_errors import PlatformError, StoreRefused, StoreThrottled
from backend.ports.store_platform import CatalogPage, IdPage, PullRequest
from tests.platforms.conformance.conftest import Serve
from tests.support.conformance.articles import articles
from tests.support.conformance.driver import Simulated, Trouble
from tests.support.conformance.reading import id_pages, ids, pages, read, shown

pytestmark = pytest.mark.anyio
BROKEN = (Trouble.HTML, Trouble.CUT, Trouble.DOWN)
"""Answers that are none."""


def sold(store: Simulated) -> tuple[list[str], list[str]]:
    """Ids of products and of what is sold, by the store's own account."""
    rows = store.rows()
    return sorted({one.product_id for one in rows}), sorted(one.id for one in rows)


def told(found: list[CatalogPage]) -> dict[str, int]:
    """What a store says it has, from all pages of a walk."""
    return {name: count for page in found for name, count in page.expected.items()}


# A whole walk.


async def test_a_walk_meets_every_product_and_variant_once(serve: Serve) -> None:
    store = await serve(articles(230, 20))
    found = await pages(store)
    assert shown(found).ids == sold(store)
    assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
    assert len(found) > 1


async def test_a_walk_tells_how_much_there_is(serve: Serve) -> None:
    store = await serve(articles(30, 10))
    found = await pages(store)
    everything = shown(found)
    assert told(found) == {"products": len(everything.products), "variants": len(everything.apart)}


async def test_an_empty_store_is_a_page_that_is_the_last(serve: Serve) -> None:
    found = await pages(await serve())
    assert shown(found).ids == ([], [])
    assert found[-1].last
    assert told(found).get("products") == 0


async def test_a_walk_stopped_after_any_page_goes_on_with_the_rest(serve: Serve) -> None:
    store = await serve(articles(230, 20))
    whole = await pages(store)
    for stop in range(len(whole) - 1):
        rest = await pages(store, cursor=whole[stop].cursor)
        assert shown([*whole[: stop + 1], *rest]).ids == sold(store), f"stopped after page {stop}"
        assert rest[-1].last


async def test_a_walk_broken_off_by_trouble_goes_on_behind_its_last_page(serve: Serve) -> None:
    store = await serve(articles(230, 20))
    kept: list[CatalogPage] = []
    for _ in range(40):
        store.trouble(Trouble.DOWN, rate=0.5)
        try:
            async with store.opened() as opened:
                request = PullRequest(cursor=kept[-1].cursor if kept else None)
                async for page in opened.read_catalog(request):
                    kept.append(page)
        except PlatformError:
            store.heal()
            continue
        break
    assert kept[-1].last
    assert shown(kept).ids == sold(store)


# Patience.


async def test_a_wait_that_is_too_long_is_handed_on_with_its_length(serve: Serve) -> None:
    store = await serve(articles(3))
    store.trouble(Trouble.THROTTLED, retry_after=30)
    with pytest.raises(StoreThrottled) as caught:
        await pages(store)
    assert caught.value.retry_after_s == 30


async def test_a_short_wait_is_waited_for(serve: Serve) -> None:
    store = await serve(articles(3))
    store.trouble(Trouble.THROTTLED, next=1, retry_after=1)
    started = asyncio.get_running_loop().time()
    assert shown(await pages(store)).ids == sold(store)
    assert asyncio.get_running_loop().time() - started >= 0.9


async def test_a_store_that_asks_for_patience_without_saying_how_much_gets_it(serve: Serve) -> None:
    store = await serve(articles(3))
    store.trouble(Trouble.THROTTLED_SILENTLY, next=2)
    assert shown(await pages(store)).ids == sold(store)


async def test_a_store_that_never_stops_asking_for_patience_is_left_to_the_job(serve: Serve) -> None:
    store = await serve(articles(3))
    store.trouble(Trouble.THROTTLED_SILENTLY)
    with pytest.raises(StoreThrottled) as caught:
        await pages(store)
    assert caught.value.retry_after_s is None


# Credentials.


async def test_revoked_credentials_are_the_merchants_to_mend(serve: Serve) -> None:
    store = await serve(articles(3, 1))
    store.revoke()
    for ask in (pages, id_pages, Simulated.identify):
        with pytest.raises(StoreRefused) as caught:
            await ask(store)
        assert caught.value.cause in NEEDS_REAUTH
    with pytest.raises(StoreRefused) as caught:
        async with store.opened() as opened:
            await opened.still_listed(["1"], ["2"])
    assert caught.value.cause in NEEDS_REAUTH


# Changes since a moment.


async def a_moment_later() -> datetime:
    """Return a moment that stores, which count in seconds, tell from what was before and what comes after."""
    await asyncio.sleep(2.1 - datetime.now(UTC).microsecond / 1e6)
    moment = datetime.now(UTC)
    await asyncio.sleep(1.1)
    return moment


async def test_a_delta_brings_what_changed_after_its_moment_and_nothing_else(serve: Serve) -> None:
    store = await serve(articles(20, 4))
    store.change("CUP-1", price="9.90")
    since = await a_moment_later()
    store.change("CUP-7", price="11.10")
    store.change("SHIRT-2-1", stock=17)
    found = await read(store, since=since)
    assert str(found.variant("CUP-7").price) == "11.10"
    assert found.variant("SHIRT-2-1").stock == 17
    changed = {store.row("CUP-7").product_id, store.row("SHIRT-2-1").product_id}
    assert {one.external_product_id for one in found.variants} == changed
    assert {one.external_id for one in found.products} <= changed


async def test_a_change_of_a_product_comes_with_a_delta(serve: Serve) -> None:
    store = await serve(articles(5, 2))
    since = datetime.now(UTC) - timedelta(hours=1)
    store.change("CUP-3", title="Mug")
    store.change("SHIRT-1-0", title="Jersey")
    found = await read(store, since=since)
    assert {one.title for one in found.products} == {"Mug", "Jersey"}


async def test_what_changed_twice_comes_as_it_is_now(serve: Serve) -> None:
    store = await serve(articles(5))
    since = datetime.now(UTC) - timedelta(hours=1)
    store.change("CUP-3", price="9.90")
    store.change("CUP-3", price="8.80")
    found = await read(store, since=since)
    assert [str(one.price) for one in found.variants] == ["8.80"]


async def test_nothing_changed_is_a_walk_without_anything(serve: Serve) -> None:
    store = await serve(articles(5, 2))
    found = await pages(store, since=datetime.now(UTC) - timedelta(hours=1))
    assert shown(found).ids == ([], [])
    assert [page.last for page in found] == [False] * (len(found) - 1) + [True]


async def test_a_delta_stopped_after_any_page_goes_on_with_the_rest(serve: Serve) -> None:
    store = await serve(articles(120, 10))
    since = datetime.now(UTC) - timedelta(hours=1)
    for number in range(110):
        store.change(f"CUP-{number}", price="9.90")
    for number in range(10):
        store.change(f"SHIRT-{number}-1", price="9.90")
    whole = await pages(store, since=since)
    assert {f"CUP-{number}" for number in range(110)} <= {one.sku for one in shown(whole).variants}
    for stop in range(0, len(whole) - 1, max(1, len(whole) // 4)):
        rest = await pages(store, since=since, cursor=whole[stop].cursor)
        products, variants = shown([*whole[: stop + 1], *rest]).ids
        # A change may come again, which a merge does not mind; none may be lost.
        assert (set(products), set(variants)) == tuple(map(set, shown(whole).ids)), f"stopped after page {stop}"


# Ids.


def counted(found: list[CatalogPage], listed: list[IdPage]) -> tuple[list[str], list[str]]:
    """Ids that a walk of ids has to meet, as it counts variants."""
    everything = shown(found)
    variants = everything.variants if listed[-1].inside else everything.apart
    return everything.ids[0], sorted(one.external_id for one in variants)


async def test_a_walk_of_ids_meets_what_a_walk_of_the_catalog_meets(serve: Serve) -> None:
    store = await serve(articles(270, 20))
    listed = await id_pages(store)
    assert ids(listed) == counted(await pages(store), listed)
    assert [page.last for page in listed] == [False] * (len(listed) - 1) + [True]
    assert listed[-1].expected.get("products") == len(ids(listed)[0])


async def test_a_walk_of_ids_stopped_after_any_page_goes_on_with_the_rest(serve: Serve) -> None:
    store = await serve(articles(270, 20))
    whole = await id_pages(store)
    assert len(whole) > 1
    for stop in range(len(whole) - 1):
        rest = await id_pages(store, whole[stop].cursor)
        assert ids([*whole[: stop + 1], *rest]) == ids(whole), f"stopped after page {stop}"
        assert rest[-1].last


async def test_a_store_says_whether_it_still_lists_any_of_some_ids(serve: Serve) -> None:
    store = await serve(articles(3, 2))
    gone, cup, shirt = store.row("CUP-0"), store.row("CUP-1"), store.row("SHIRT-1-2")
    store.delete("CUP-0")
    async with store.opened() as opened:
        assert not await opened.still_listed([], [])
        assert not await opened.still_listed([gone.product_id], [gone.id])
        assert await opened.still_listed([gone.product_id, cup.product_id], [])
        assert await opened.still_listed([cup.product_id], [cup.id])
        assert await opened.still_listed([], [gone.id, shirt.id])


# Answers that are none.


@pytest.mark.parametrize("kind", BROKEN)
async def test_broken_answers_never_look_like_a_short_catalog(serve: Serve, kind: Trouble) -> None:
    store = await serve(articles(120, 10))
    whole, ended = sold(store), 0
    for _ in range(8):
        store.trouble(kind, rate=0.25)
        found: list[CatalogPage] = []
        with contextlib.suppress(PlatformError):
            found = await pages(store)
        store.heal()
        if found:
            ended += 1
            assert shown(found).ids == whole
    assert ended, "no walk was completed: the trouble is too much to tell anything"


@pytest.mark.parametrize("kind", BROKEN)
async def test_broken_answers_never_look_like_a_short_list_of_ids(serve: Serve, kind: Trouble) -> None:
    store = await serve(articles(120, 10))
    whole, ended = ids(await id_pages(store)), 0
    for _ in range(8):
        store.trouble(kind, rate=0.25)
        found: list[IdPage] = []
        with contextlib.suppress(PlatformError):
            found = await id_pages(store)
        store.heal()
        if found:
            ended += 1
            assert ids(found) == whole
    assert ended, "no walk was completed: the trouble is too much to tell anything"


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_answer_is_no_proof_that_something_is_gone(serve: Serve, kind: Trouble) -> None:
    store = await serve(articles(3))
    row = store.row("CUP-1")
    store.trouble(kind)
    async with store.opened() as opened:
        try:
            listed = await opened.still_listed([row.product_id], [row.id])
        except PlatformError:
            return
        assert listed
