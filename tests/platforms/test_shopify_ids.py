"""Ids of everything a simulated shop sells: in pages, by a bulk operation, gone on behind, in trouble."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from backend.ports.platform_errors import Cause, PlatformError, StoreNotReady
from backend.ports.store_platform import IdPage
from plugin_bridge.shopify import id_walk
from plugin_bridge.shopify.bulk import Patience
from tests.support.shopify import shopify_shop
from tests.support.shopify_adapter import PLENTY, Adapter, quick, sold

pytestmark = pytest.mark.anyio


@contextmanager
def serving(products: int, **more: Any) -> Iterator[Adapter]:
    """A shop that does not let tests wait, and our adapter."""
    with shopify_shop(products, **more, **quick(**PLENTY)) as shop:
        yield Adapter(shop)


async def listed(adapter: Adapter, cursor: str | None = None) -> list[IdPage]:
    """Walk the ids to their end."""
    store = adapter.open()
    try:
        return [page async for page in store.list_ids(cursor)]
    finally:
        await store.aclose()


def met(pages: list[IdPage]) -> tuple[set[str], set[str]]:
    """Which ids some pages name."""
    return {one for page in pages for one in page.products}, {one for page in pages for one in page.variants}


def expected(pages: list[IdPage]) -> dict[str, int]:
    """What the pages say there is."""
    return {name: count for page in pages for name, count in page.expected.items()}


async def test_pages_name_every_product_and_variant_and_how_many_there_are() -> None:
    with serving(300, variants_per_product=2) as adapter:
        pages = await listed(adapter)
        assert met(pages) == sold(adapter.shop)
        assert expected(pages) == {"products": 300, "variants": 600}
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        assert adapter.named("graphql") == 1 + 2 + 3


async def test_a_bulk_operation_names_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", 100)
    with serving(60, variants_per_product=2) as adapter:
        pages = await listed(adapter)
        assert met(pages) == sold(adapter.shop)
        assert expected(pages) == {"products": 60, "variants": 120}
        assert (pages[-1].last, len(adapter.shop.state["bulk_operations"])) == (True, 1)


async def test_children_in_any_order_name_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", 1)
    with serving(40, variants_per_product=3) as adapter:
        adapter.shop.fault("children_first")
        assert met(await listed(adapter)) == sold(adapter.shop)


async def test_an_empty_shop_is_a_whole_walk() -> None:
    with serving(0) as adapter:
        pages = await listed(adapter)
        assert (met(pages), expected(pages)) == ((set(), set()), {"products": 0, "variants": 0})
        assert pages[-1].last


async def test_an_empty_file_is_a_whole_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", 0)
    with serving(0) as adapter:
        pages = await listed(adapter)
        assert (met(pages), expected(pages), pages[-1].last) == ((set(), set()), {"products": 0, "variants": 0}, True)


@pytest.mark.parametrize("bulk_from", [1, 100_000], ids=["file", "pages"])
async def test_a_walk_can_be_gone_on_behind_any_page(bulk_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", bulk_from)
    monkeypatch.setattr(id_walk, "_BLOCK_BYTES", 500)
    monkeypatch.setattr(id_walk, "_PAGE", 7)
    with serving(20, variants_per_product=2) as adapter:
        whole = await listed(adapter)
        assert len(whole) > 5
        for at in range(len(whole) - 1):
            rest = await listed(adapter, whole[at].cursor)
            products, variants = met(whole[: at + 1])
            more, others = met(rest)
            assert (products | more, variants | others) == sold(adapter.shop)
            assert rest[-1].last
            assert not products & more
        assert len(adapter.shop.state["bulk_operations"]) == (1 if bulk_from == 1 else 0)


async def test_a_stuck_operation_gives_the_worker_back_and_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", 1)
    with serving(5) as adapter:
        adapter.connector._patience = Patience(first_s=0.02, most_s=0.05, here_s=0.2)
        adapter.shop.fault("bulk_stuck")
        store = adapter.open()
        walk = store.list_ids(None)
        first = await anext(walk)
        with pytest.raises(StoreNotReady):
            await anext(walk)
        await store.aclose()
        adapter.shop.clear_faults()
        assert met(await listed(adapter, first.cursor)) == sold(adapter.shop)
        assert len(adapter.shop.state["bulk_operations"]) == 1


async def test_a_list_that_fails_is_never_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a list would make the other half look deleted."""
    monkeypatch.setattr(id_walk, "BULK_FROM", 1)
    with serving(50) as adapter:
        adapter.shop.fault("bulk_failed")
        with pytest.raises(PlatformError) as caught:
            await listed(adapter)
        assert caught.value.cause is Cause.BULK_FAILED


async def test_a_file_cut_short_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", 1)
    with serving(50) as adapter:
        store = adapter.open()
        first = await anext(store.list_ids(None))
        adapter.shop.until(lambda: adapter.shop.state["bulk_operations"][0]["status"] == "COMPLETED")
        adapter.shop.fault("truncated_json", rate=1.0)
        with pytest.raises(PlatformError):
            await listed(adapter, first.cursor)
        await store.aclose()


@pytest.mark.parametrize("fault", ["throttle", "internal_error", "server_error"])
async def test_trouble_that_passes_costs_nothing(fault: str) -> None:
    with serving(10) as adapter:
        adapter.shop.fault(fault, next=2)
        assert met(await listed(adapter)) == sold(adapter.shop)


async def test_a_cursor_of_another_time_begins_anew() -> None:
    with serving(3) as adapter:
        assert met(await listed(adapter, '{"by":"else"}')) == sold(adapter.shop)
