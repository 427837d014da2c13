"""A catalog out of bulk operations: every state they can end in, killed runs, files cut short, foreign addresses."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.ports.platform_errors import (
    Cause,
    PlatformError,
    StoreNotReady,
    StoreRefused,
    StoreUnavailable,
    UnsafeAddress,
)
from backend.ports.store_platform import CatalogPage, PullRequest
from plugin_bridge.shopify.cursor import BulkCursor, read_cursor
from tests.support.shopify_script import Asked, Opened, Raw, data, scripted_shop

pytestmark = pytest.mark.anyio
PRODUCTS, VARIANTS = "gid://shopify/BulkOperation/1", "gid://shopify/BulkOperation/2"
Rows = Sequence[dict[str, Any]]


def product(number: int) -> dict[str, Any]:
    return {"id": f"gid://shopify/Product/{number}", "title": f"Cup {number}", "status": "ACTIVE"}


def variant(number: int, parent: int = 1) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "price": "5.00",
        "product": {"id": f"gid://shopify/Product/{parent}", "status": "ACTIVE"},
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/{number}", "tracked": True},
        "inventoryQuantity": 3,
    }


def jsonl(rows: Rows) -> bytes:
    return b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)


class Exports:
    """What the shop exports: starts get ids in turn, states are what a test says."""

    def __init__(self, shop: Opened) -> None:
        self.shop, self.script = shop, shop.script
        self.started: list[str] = []
        self.states: dict[str, list[dict[str, Any]]] = {}
        place = {"id": "gid://shopify/Location/41", "name": "Berlin", "isActive": True}
        self.script.says("BulkStart", self._start)
        self.script.says("BulkState", self._state)
        self.script.says("BulkCancel", data({"bulkOperationCancel": {"userErrors": []}}))
        self.script.says("Locations", data({"locations": {"nodes": [place], "pageInfo": {"hasNextPage": False}}}))

    def _start(self, asked: Asked) -> dict[str, Any]:
        self.started.append(asked.variables["query"])
        operation = {"id": f"gid://shopify/BulkOperation/{len(self.started)}", "status": "CREATED"}
        return data({"bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": []}})

    def _state(self, asked: Asked) -> dict[str, Any]:
        left = self.states.get(asked.variables["id"], [{"status": "RUNNING", "objectCount": "0"}])
        state = left.pop(0) if len(left) > 1 else left[0]
        return data({"bulkOperation": state and {"id": asked.variables["id"], "createdAt": now(), **state}})

    def ends(self, operation: int, *states: dict[str, Any]) -> None:
        self.states[f"gid://shopify/BulkOperation/{operation}"] = list(states)

    def exports(self, operation: int, rows: Rows, **changes: Any) -> None:
        """Let an operation end well with these rows."""
        content = jsonl(rows)
        self.script.files[f"{operation}.jsonl"] = content
        self.ends(operation, self.completed(operation, rows, **changes))

    def completed(self, operation: int, rows: Rows, **changes: Any) -> dict[str, Any]:
        return {
            "status": "COMPLETED",
            "objectCount": str(len(rows)),
            "rootObjectCount": str(sum("id" in row for row in rows)),
            "fileSize": str(len(jsonl(rows))),
            "url": f"{self.script.base}/files/{operation}.jsonl",
            **changes,
        }

    async def walk(self, cursor: str | None = None, since: datetime | None = None) -> list[CatalogPage]:
        store = self.shop.open()
        return [page async for page in store.read_catalog(PullRequest(cursor=cursor, since=since))]

    async def fails(self, cursor: str | None = None) -> tuple[list[CatalogPage], PlatformError]:
        pages: list[CatalogPage] = []
        try:
            async for page in self.shop.open().read_catalog(PullRequest(cursor=cursor)):
                pages.append(page)
        except PlatformError as error:
            return pages, error
        raise AssertionError("the walk came to its end")


def now() -> str:
    return datetime.now(UTC).isoformat()


def ids(pages: list[CatalogPage]) -> tuple[list[str], list[str]]:
    products = [one.external_id for page in pages for one in page.products]
    return products, [one.external_id for page in pages for one in page.variants]


def level(number: int, pieces: int) -> dict[str, Any]:
    return {
        "location": {"id": "gid://shopify/Location/41"},
        "quantities": [{"quantity": pieces}],
        "__parentId": f"gid://shopify/ProductVariant/{number}",
    }


async def test_a_walk_brings_products_before_variants_and_says_how_many_there_are() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1), product(2)])
        exports.exports(2, [variant(11), level(11, 3), variant(21, 2), level(21, 4)])
        pages = await exports.walk()
        assert ids(pages) == (["1", "2"], ["11", "21"])
        assert [page.last for page in pages] == [False, False, True]
        assert (pages[0].products, pages[0].variants, pages[0].locations[0].name) == ((), (), "Berlin")
        assert [dict(page.expected) for page in pages] == [{}, {"products": 2}, {"variants": 2}]
        assert pages[2].variants[1].levels == {"41": 4}
        assert [issue for page in pages for issue in page.issues] == []


async def test_both_operations_run_at_once_and_the_first_page_names_them() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        pages = await exports.walk()
        assert read_cursor(pages[0].cursor) == BulkCursor(products=PRODUCTS, variants=VARIANTS)
        names = [one.name for one in shop.script.asked]
        assert names.index("BulkState") > names.index("Locations") > 1
        assert [text.split()[3] for text in exports.started] == ["products", "productVariants"]


async def test_results_are_fetched_without_a_token() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        await exports.walk()
        assert [name for name, _ in shop.script.fetched] == ["1.jsonl", "2.jsonl"]
        assert all("shpat" not in str(headers) for _, headers in shop.script.fetched)


async def test_a_shop_without_products_is_a_whole_walk() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        empty = {"status": "COMPLETED", "objectCount": "0", "rootObjectCount": "0", "url": None}
        exports.ends(1, empty)
        exports.ends(2, empty)
        pages = await exports.walk()
        assert [dict(page.expected) for page in pages] == [{}, {"products": 0}, {"variants": 0}]
        assert [page.last for page in pages] == [False, False, True]


async def test_a_run_that_was_killed_goes_on_with_the_same_operations() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(number) for number in range(1, 3_000)])
        exports.exports(2, [variant(number) for number in range(1, 9_000)])
        pages = await exports.walk()
        assert len(pages) > 4
        for at in range(len(pages) - 1):
            rest = await exports.walk(pages[at].cursor)
            assert ids(pages[: at + 1])[0] + ids(rest)[0] == ids(pages)[0]
            assert ids(pages[: at + 1])[1] + ids(rest)[1] == ids(pages)[1]
            assert rest[-1].last
        assert len(exports.started) == 2


async def test_a_run_that_was_killed_behind_its_last_page_ends_at_once() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        pages = await exports.walk()
        assert ids(await exports.walk(pages[-1].cursor)) == ([], [])


async def test_a_worker_is_given_back_while_shopify_is_at_work() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.ends(1, {"status": "RUNNING", "objectCount": "1234"})
        pages, waiting = await exports.fails()
        assert isinstance(waiting, StoreNotReady)
        assert waiting.retry_after_s == 15
        assert "1234" in waiting.message
        assert len(pages) == 1
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        assert ids(await exports.walk(pages[0].cursor)) == (["1"], ["11"])
        assert len(exports.started) == 2


@pytest.mark.parametrize(
    "ended",
    [
        {"status": "FAILED", "errorCode": "INTERNAL_SERVER_ERROR"},
        {"status": "FAILED", "errorCode": "TIMEOUT"},
        {"status": "CANCELED"},
        {"status": "CANCELING"},
        {"status": "EXPIRED"},
        {"status": "COMPLETED", "objectCount": "5", "url": None},
        None,
    ],
    ids=["internal", "timeout", "canceled", "canceling", "expired", "no address", "forgotten"],
)
async def test_an_operation_without_a_result_is_started_anew_and_the_cursor_says_so(ended: Any) -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.ends(1, ended)
        exports.exports(2, [variant(11)])
        exports.exports(3, [product(1)])
        pages = await exports.walk()
        assert ids(pages) == (["1"], ["11"])
        again = read_cursor(pages[1].cursor)
        assert isinstance(again, BulkCursor)
        assert (again.products, again.variants, again.tries) == ("gid://shopify/BulkOperation/3", VARIANTS, 1)
        assert exports.started[2] == exports.started[0]


async def test_an_operation_that_keeps_failing_ends_the_run_by_name() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        for operation in (1, 3, 4, 5):
            exports.ends(operation, {"status": "FAILED", "errorCode": "TIMEOUT"})
        pages, failed = await exports.fails()
        assert isinstance(failed, StoreRefused)
        assert failed.cause is Cause.BULK_FAILED
        assert "TIMEOUT" in failed.message
        assert len(exports.started) == 4  # products three times, variants once
        assert not pages[-1].last


async def test_an_operation_that_was_denied_names_the_scope() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.ends(1, {"status": "FAILED", "errorCode": "ACCESS_DENIED"})
        _, refused = await exports.fails()
        assert refused.cause is Cause.SCOPE_MISSING
        assert len(exports.started) == 2


async def test_the_rows_of_a_failed_operation_are_taken_and_the_run_fails_all_the_same() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        for operation in (1, 3, 4):
            name = f"part-{operation}.jsonl"
            shop.script.files[name] = jsonl([product(1), product(2)])
            exports.ends(
                operation,
                {
                    "status": "FAILED",
                    "errorCode": "TIMEOUT",
                    "objectCount": "2",
                    "partialDataUrl": f"{shop.script.base}/files/{name}",
                },
            )
        pages, failed = await exports.fails()
        assert failed.cause is Cause.BULK_FAILED
        assert ids(pages) == (["1", "2"], [])
        assert not any(page.last for page in pages)
        assert not any(page.expected for page in pages)
        assert [name for name, _ in shop.script.fetched] == ["part-4.jsonl"]


async def test_a_stuck_operation_is_canceled_and_given_up() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        started = (datetime.now(UTC) - timedelta(hours=13)).isoformat()
        exports.ends(1, {"status": "RUNNING", "objectCount": "7", "createdAt": started})
        _, failed = await exports.fails()
        assert failed.cause is Cause.BULK_FAILED
        assert [one.variables["id"] for one in shop.script.named("BulkCancel")] == [PRODUCTS]


async def test_an_address_that_has_run_out_is_asked_for_anew() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.ends(1, exports.completed(1, [product(1)]))  # and no such file
        exports.exports(2, [variant(11)])
        exports.exports(3, [product(1)])
        assert ids(await exports.walk()) == (["1"], ["11"])
        assert len(exports.started) == 3


async def test_addresses_that_never_lead_anywhere_end_the_run() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        for operation in range(1, 6):
            exports.ends(operation, exports.completed(operation, [product(1)]))
        _, failed = await exports.fails()
        assert failed.cause is Cause.BULK_FAILED
        assert len(exports.started) == 4  # products three times, variants once


async def test_a_file_cut_short_is_no_file() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1), product(2)])
        shop.script.files["1.jsonl"] = jsonl([product(1), product(2)])[:-20]
        pages, failed = await exports.fails()
        assert isinstance(failed, StoreUnavailable)
        assert failed.cause is Cause.NOT_JSON
        assert ids(pages) == ([], [])


async def test_a_file_of_untold_size_with_too_few_rows_is_no_file_either() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)], fileSize=None, objectCount="2")
        pages, failed = await exports.fails()
        assert failed.cause is Cause.NOT_JSON
        assert ids(pages) == ([], [])


async def test_shopify_counting_otherwise_than_it_writes_is_noted() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)], objectCount="2", rootObjectCount="2")
        exports.exports(2, [variant(11)])
        pages = await exports.walk()
        assert [issue.code for page in pages for issue in page.issues] == ["export_miscounted"]
        assert pages[1].expected == {"products": 2}  # so that nothing is taken for gone


async def test_storage_that_fails_is_tried_again_later() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)])
        shop.script._file = lambda path, headers: Raw(503)  # type: ignore[method-assign]
        _, failed = await exports.fails()
        assert isinstance(failed, StoreUnavailable)
        assert failed.cause is Cause.SERVER_ERROR


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/1.jsonl",
        "http://storage.googleapis.com/1.jsonl",
        "https://storage.googleapis.com.evil.example/1",
        "https://evilshopify.com/1",
        "file:///etc/passwd",
    ],
    ids=["elsewhere", "open", "suffix", "look-alike", "file"],
)
async def test_a_result_is_fetched_from_shopifys_own_storage_only(url: str) -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.ends(1, {"status": "COMPLETED", "objectCount": "1", "url": url})
        _, failed = await exports.fails()
        assert isinstance(failed, UnsafeAddress)
        assert shop.script.fetched == []


def busy(code: str) -> dict[str, Any]:
    errors = [{"field": None, "message": "no slot", "code": code}]
    return data({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": errors}})


def under_way(*operations: dict[str, Any]) -> dict[str, Any]:
    return data({"bulkOperations": {"nodes": list(operations)}})


async def test_a_second_slot_that_is_not_free_is_asked_for_when_its_turn_comes() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        shop.script.says("BulkStart", exports._start, busy("LIMIT_REACHED"), exports._start)
        shop.script.says("BulkRunning", under_way())
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        pages = await exports.walk()
        assert ids(pages) == (["1"], ["11"])
        assert read_cursor(pages[0].cursor) == BulkCursor(products=PRODUCTS)


@pytest.mark.parametrize("code", ["LIMIT_REACHED", "OPERATION_IN_PROGRESS"])
async def test_a_shop_without_a_free_slot_is_waited_for(code: str) -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        shop.script.says("BulkStart", busy(code))
        shop.script.says("BulkRunning", under_way())
        pages, waiting = await exports.fails()
        assert isinstance(waiting, StoreNotReady)
        assert pages == []
        assert len(shop.script.named("BulkStart")) > 2


async def test_an_operation_that_a_dead_worker_left_behind_is_taken_over() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        await exports.fails()  # starts both, and waits in vain
        products, variants = exports.started
        mine = [
            {"id": PRODUCTS, "status": "RUNNING", "query": products, "createdAt": now()},
            {"id": VARIANTS, "status": "CREATED", "query": variants, "createdAt": now()},
            {"id": "gid://shopify/BulkOperation/9", "status": "RUNNING", "query": "{ orders }", "createdAt": now()},
        ]
        shop.script.says("BulkStart", busy("OPERATION_IN_PROGRESS"))
        shop.script.says("BulkRunning", under_way(*mine))
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        assert ids(await exports.walk()) == (["1"], ["11"])


async def test_a_document_that_shopify_refuses_is_our_failure_and_not_repeated() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        shop.script.says("BulkStart", busy("INVALID"))
        _, refused = await exports.fails()
        assert isinstance(refused, StoreRefused)
        assert "no slot" in refused.message
        assert len(shop.script.named("BulkStart")) == 1


async def test_many_changes_are_exported_with_a_search() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        shop.script.says("Changes", data({"productsCount": {"count": 1500}, "productVariantsCount": {"count": 900}}))
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        assert ids(await exports.walk(since=datetime(2026, 11, 20, 10, tzinfo=UTC))) == (["1"], ["11"])
        assert all("updated_at:>='2026-11-20T10:00:00Z'" in text for text in exports.started)


async def test_a_cursor_of_no_version_of_ours_starts_the_walk_anew() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1)])
        exports.exports(2, [variant(11)])
        assert ids(await exports.walk("gibberish")) == (["1"], ["11"])


async def test_an_unreadable_row_is_an_issue_and_costs_no_other() -> None:
    async with scripted_shop() as shop:
        exports = Exports(shop)
        exports.exports(1, [product(1), {**product(2), "tags": 7}, product(3)])
        exports.exports(2, [variant(11)])
        pages = await exports.walk()
        assert ids(pages) == (["1", "3"], ["11"])
        assert [issue.code for page in pages for issue in page.issues] == ["row_unreadable"]
