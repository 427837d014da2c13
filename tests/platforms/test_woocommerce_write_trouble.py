"""A store in trouble while it is written to: nothing is done twice or taken for done, and bad rows stand alone."""

from decimal import Decimal

import pytest

from backend.ports.platform_errors import Cause, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.store_platform import PlatformImage
from backend.ports.store_writes import FAILED, STALE, UNCHANGED, WRITTEN, WriteResult
from plugin_bridge.http import RetryPolicy
from plugin_bridge.sandbox.woocommerce import batch
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.shop import Shop
from tests.support.woo import Store, catalog, woo_store
from tests.support.woo_writes import (
    YES,
    batches,
    counted,
    failing_writes,
    item,
    outcomes,
    rows,
    setting,
    telling,
    until,
    written,
)

pytestmark = pytest.mark.anyio
QUICK = RetryPolicy(base_s=0.01, cap_s=0.02, tries=2)


def sizes(store: Store) -> list[int]:
    return [len(body["update"]) for body in batches(store)]


@pytest.mark.parametrize("fault", ["server_error", "truncated_json", "html"])
async def test_pieces_are_read_back_before_anything_is_sent_again(fault: str) -> None:
    async with woo_store(catalog(simple=20)) as store:
        opened = store.open(facts=YES)
        failing_writes(store, opened, fault)
        results = await written(opened, [counted(store, f"CUP-{n}", n, n + 100) for n in range(20)])
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert [item(store, f"CUP-{n}").stock for n in range(20)] == [n + 100 for n in range(20)]
        sent = [row["id"] for row in rows(store)]
        assert len(sent) == len(set(sent)) == 20


async def test_what_a_store_did_without_answering_is_written_and_not_sent_again() -> None:
    async with woo_store(catalog(simple=20)) as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        store.fault("timeout_after_write", next=1, seconds=5)
        writes = [counted(store, f"CUP-{n}", n, n + 100) for n in range(10)]
        writes += [setting(store, f"CUP-{n}", price=Decimal(3)) for n in range(10, 20)]  # type: ignore[misc]
        results = await written(opened, writes)
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert sizes(store) == [20]


async def test_pieces_that_a_late_store_may_still_write_are_not_sent_twice() -> None:
    async with woo_store(catalog(simple=4)) as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        failing_writes(store, opened, "slow", seconds=1.5)
        results = await written(opened, [counted(store, f"CUP-{n}", n, n + 100) for n in range(4)])
        assert set(outcomes(results).values()) == {(FAILED, "timeout")}
        await until(lambda: item(store, "CUP-3").stock == 103)
        again = await written(opened, [counted(store, f"CUP-{n}", n, n + 100) for n in range(4)], repeated=True)
        assert {one.outcome for one in again.values()} == {UNCHANGED}
        assert sizes(store) == [4]


async def test_fields_that_were_not_written_in_time_are_sent_in_halves() -> None:
    async with woo_store(catalog(simple=100)) as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=1.0))
        failing_writes(store, opened, "slow", seconds=60)
        results = await written(opened, [setting(store, f"CUP-{n}", price=Decimal(3)) for n in range(100)])
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert sizes(store) == [50, 50]
        await written(opened, [setting(store, f"CUP-{n}", price=Decimal(4)) for n in range(100)])
        # What the store could not keep up with is not tried again.
        assert sizes(store)[2:] == [50, 50]


async def test_a_request_that_is_too_large_is_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with woo_store(catalog(simple=10)) as store:
        monkeypatch.setattr(batch, "LIMIT", 4)
        results = await written(
            store.open(facts=YES), [setting(store, f"CUP-{n}", price=Decimal(3)) for n in range(10)]
        )
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert max(sizes(store)) <= 4
        assert sum(sizes(store)) == 10


async def test_a_row_over_which_the_store_itself_fails_does_not_take_the_others_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with woo_store(catalog(simple=30)) as store:
        poison = item(store, "CUP-17").id
        change = batch.change

        def dying(shop: Shop, one: Item, body: dict[str, object]) -> None:
            if one.id == poison:
                raise RestError("internal_server_error", "A plugin failed.", 500)
            change(shop, one, body)

        monkeypatch.setattr(batch, "_one", whole_request_dies)
        monkeypatch.setattr(batch, "change", dying)
        opened = store.open(facts=YES, connector=store.connecting(QUICK))
        results = await written(opened, [setting(store, f"CUP-{n}", price=Decimal(3)) for n in range(30)])
        assert results.pop("CUP-17").code == "server_error"
        assert {one.outcome for one in results.values()} == {WRITTEN}


def whole_request_dies(call: object, row: dict[str, object], act: object, shape: str) -> object:
    """A fatal error in PHP: the rows before it are done, and no row is answered."""
    return call.shop.renderer.value(act(row), shape)  # type: ignore[attr-defined, operator]


async def test_a_store_that_fails_over_every_row_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with woo_store(catalog(simple=100)) as store:

        def dying(*_: object) -> None:
            raise RestError("internal_server_error", "A plugin failed.", 500)

        monkeypatch.setattr(batch, "_one", whole_request_dies)
        monkeypatch.setattr(batch, "change", dying)
        opened = store.open(facts=YES, connector=store.connecting(QUICK))
        with pytest.raises(StoreUnavailable) as problem:
            await written(opened, [setting(store, f"CUP-{n}", price=Decimal(3)) for n in range(100)])
        assert problem.value.cause is Cause.SERVER_ERROR
        assert len(store.asked) < 60


async def test_a_row_that_the_store_is_angry_about_fails_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async with woo_store(catalog(simple=1)) as store:

        def dying(*_: object) -> None:
            raise RestError("db_error", "Could not save.", 500)

        monkeypatch.setattr(batch, "change", dying)
        results = await written(store.open(facts=YES), [setting(store, "CUP-0", price=Decimal(3))])
        assert outcomes(results) == {"CUP-0": (FAILED, "server_error")}


async def test_a_short_wish_for_patience_is_granted() -> None:
    async with woo_store(catalog(simple=3)) as store:
        store.fault("rate_limited", retry_after=0, next=2)
        results = await written(store.open(facts=YES), [setting(store, "CUP-0", price=Decimal(3))])
        assert outcomes(results) == {"CUP-0": (WRITTEN, "")}
        assert sizes(store) == [1]


async def test_a_long_wish_for_patience_comes_with_what_was_done_before_it() -> None:
    async with woo_store(catalog(variable=4, each=2)) as store:
        opened = store.open(facts=YES, connector=store.connecting(store_concurrency=1))
        client = opened._client  # type: ignore[attr-defined]
        send = client.post_unless_throttled

        async def post(*args: object, **more: object) -> object:
            if len(batches(store)) == 2:
                store.fault("rate_limited", retry_after=3600)
            return await send(*args, **more)

        client.post_unless_throttled = post
        done: list[WriteResult] = []

        async def write() -> None:
            async for some in opened.write([setting(store, f"SHIRT-{n}-0", price=Decimal(3)) for n in range(4)]):
                done.extend(some)

        with pytest.raises(StoreThrottled) as problem:
            await write()
        assert problem.value.retry_after_s == 3600
        assert [one.key for one in done] == ["SHIRT-0-0", "SHIRT-1-0"]
        assert len(batches(store)) == 2


async def test_a_revoked_key_is_raised_and_nothing_is_taken_for_done() -> None:
    async with woo_store(catalog(simple=1)) as store:
        store.fault("unauthorized")
        with pytest.raises(StoreRefused) as problem:
            await written(store.open(facts=YES), [setting(store, "CUP-0", price=Decimal(3))])
        assert problem.value.cause is Cause.KEY_REVOKED
        assert batches(store) == []


async def test_pieces_sold_while_they_are_written_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with woo_store(catalog(simple=3)) as store:
        change = batch.change

        def selling(shop: Shop, one: Item, body: dict[str, object]) -> None:
            change(shop, one, body)
            one.stock = (one.stock or 0) - 1

        monkeypatch.setattr(batch, "change", selling)
        results = await written(store.open(facts=YES), [counted(store, "CUP-2", 2, 5)])
        assert (results["CUP-2"].outcome, results["CUP-2"].pieces) == (STALE, 4)


async def test_images_that_take_too_long_are_looked_at_before_they_are_sent_again() -> None:
    async with woo_store(catalog(simple=6)) as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        store.fault("timeout_after_write", next=1, seconds=5)
        image = PlatformImage(url="https://cdn.example/one.png")
        results = await written(opened, [telling(store, f"CUP-{n}", images=(image,)) for n in range(6)])
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert len([row for row in rows(store) if "images" in row]) == 6
