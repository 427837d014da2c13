"""Batches under every kind of trouble: each change has one outcome, and no piece of stock is set twice."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreUnavailable
from backend.ports.store_writes import FAILED, UNCHANGED, WRITTEN, StockWrite, WriteResult
from plugin_bridge.woocommerce.batches import MOST, Batches, BatchSize
from plugin_bridge.woocommerce.changes import StockChange
from plugin_bridge.woocommerce.client import Answer
from plugin_bridge.woocommerce.current import Place
from plugin_bridge.woocommerce.wire import WooItem, WooMeta

pytestmark = pytest.mark.anyio
TROUBLE = ("fine", "late", "cut", "broken", "half", "dropped", "large", "odd")


class PretendStore:
    """Keeps pieces by id, does or does not what it is sent, and answers as the script says; afterwards all is fine."""

    def __init__(self, count: int, script: Sequence[str]) -> None:
        self.pieces = dict.fromkeys(range(1, count + 1), 0)
        self.applied: list[int] = []
        self.marks: dict[int, list[WooMeta]] = {}
        self.sizes: list[int] = []
        self.script = list(script)
        self.policy = SimpleNamespace(tries=3)

    async def pause(self, attempt: int) -> None:
        return None

    async def post_unless_throttled(self, path: str, body: Any, parameters: Any, *, good: Any) -> Answer:
        rows = body["update"]
        self.sizes.append(len(rows))
        trouble = self.script.pop(0) if self.script else "fine"
        done = {"broken": 0, "large": 0, "odd": 0, "half": len(rows) // 2}.get(trouble, len(rows))
        for row in rows[:done]:
            self.pieces[row["id"]] = row["stock_quantity"]
            self.marks[row["id"]] = [WooMeta(**mark) for mark in row["meta_data"]]
            self.applied.append(row["id"])
        answer = Answer(200, {"content-type": "application/json"}, self.printed(rows))
        if trouble == "cut":
            answer = Answer(200, answer.headers, answer.content[:-5])
        if trouble in ("fine", "cut"):
            if not good(answer):
                raise StoreUnavailable(Cause.NOT_JSON, "not JSON")
            return answer
        raise self.problem(trouble)

    def problem(self, trouble: str) -> PlatformError:
        match trouble:
            case "late":
                return StoreUnavailable(Cause.TIMEOUT, "late")
            case "large":
                return StoreRefused(Cause.TOO_LARGE, "large", status=413)
            case "odd":
                return StoreRefused(Cause.REFUSED, "odd", status=400)
            case "dropped":
                return StoreUnavailable(Cause.UNREACHABLE, "dropped")
        return StoreUnavailable(Cause.SERVER_ERROR, "broken", status=500)

    def printed(self, rows: list[dict[str, Any]]) -> bytes:
        items = [{"id": row["id"], "manage_stock": True, "stock_quantity": self.pieces[row["id"]]} for row in rows]
        return msgspec.json.encode({"update": items})

    async def find(self, places: Sequence[Place], *, marks: bool) -> dict[int, WooItem]:
        assert marks
        return {
            place.id: WooItem(
                id=place.id,
                manage_stock=True,
                stock_quantity=self.pieces[place.id],
                meta_data=self.marks.get(place.id, []),
            )
            for place in places
        }


def changes(count: int) -> list[StockChange]:
    return [
        StockChange(
            write=StockWrite(key=str(n), external_product_id=str(n), external_id=str(n), believed=0, target=n),
            place=Place(0, n),
        )
        for n in range(1, count + 1)
    ]


def sent(store: PretendStore, count: int, size: BatchSize | None = None) -> list[WriteResult]:
    results: list[WriteResult] = []
    batches = Batches(store, store, size or BatchSize(), results.append)  # type: ignore[arg-type]
    asyncio.run(batches.send(0, changes(count)))
    return results


@given(st.integers(1, 130), st.lists(st.sampled_from(TROUBLE), max_size=8))
def test_each_change_has_one_outcome_and_nothing_is_set_twice(count: int, script: list[str]) -> None:
    store = PretendStore(count, script)
    results = sent(store, count)
    assert sorted(int(one.key) for one in results) == list(range(1, count + 1))
    assert len(store.applied) == len(set(store.applied))
    for one in results:
        is_set = store.pieces[int(one.key)] == int(one.key)
        assert is_set == (one.outcome in (WRITTEN, UNCHANGED)), one
    assert max(store.sizes) <= MOST


@given(st.integers(1, 350))
def test_in_the_good_case_there_are_no_more_requests_than_hundreds(count: int) -> None:
    store = PretendStore(count, [])
    assert {one.outcome for one in sent(store, count)} == {WRITTEN}
    assert len(store.sizes) == -(-count // MOST)


def test_a_store_that_is_late_gets_half_as_many_from_then_on() -> None:
    size = BatchSize()
    store = PretendStore(200, ["late"])
    sent(store, 200, size)
    assert store.sizes == [100, 50, 50]
    assert size.most == 50


def test_a_store_that_is_always_late_is_asked_for_one_at_last_and_never_for_none() -> None:
    size = BatchSize()
    for _ in range(10):
        size.was_too_much(size.most)
    assert size.most == 1


def test_what_a_late_store_did_not_show_failed_for_now() -> None:
    class Idle(PretendStore):
        async def post_unless_throttled(self, path: str, body: Any, parameters: Any, *, good: Any) -> Answer:
            raise StoreUnavailable(Cause.TIMEOUT, "late")

    results = sent(Idle(3, []), 3)
    assert {(one.outcome, one.code, one.pieces) for one in results} == {(FAILED, "timeout", 0)}


async def test_trouble_that_no_second_look_can_clear_is_raised() -> None:
    class Closed(PretendStore):
        async def post_unless_throttled(self, path: str, body: Any, parameters: Any, *, good: Any) -> Answer:
            raise StoreRefused(Cause.KEY_REVOKED, "revoked", status=401)

    store = Closed(3, [])
    with pytest.raises(StoreRefused):
        await Batches(store, store, BatchSize(), lambda one: None).send(0, changes(3))  # type: ignore[arg-type]
