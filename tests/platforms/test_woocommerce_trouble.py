"""A store in trouble while its catalog is read: short patience, typed errors, nothing lost and nothing invented."""

from collections.abc import Callable

import pytest

from backend.ports.platform_errors import (
    Cause,
    PlatformError,
    StoreRefused,
    StoreThrottled,
    StoreUnavailable,
    UnsafeAddress,
)
from backend.ports.store_platform import CatalogPage, PullRequest, StorePlatform
from plugin_bridge.http import RetryPolicy
from tests.support.woo import FAST, catalog, ids_of, scripted, walk, woo_store

pytestmark = pytest.mark.anyio
YES = {"variations": "yes"}


async def until_it_fails(
    store: StorePlatform, after: Callable[[int], None] = lambda pages: None
) -> tuple[list[CatalogPage], PlatformError]:
    """Walk until the store fails; *after* is told how many pages came."""
    pages: list[CatalogPage] = []
    try:
        async for page in store.read_catalog(PullRequest()):
            pages.append(page)
            after(len(pages))
    except PlatformError as error:
        return pages, error
    raise AssertionError("the walk came to its end")


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("rate_limited", {"retry_after": 0}),
        ("rate_limited_without_retry_after", {}),
        ("server_error", {}),
        ("server_error", {"status": 503}),
        ("html", {}),
        ("truncated_json", {}),
    ],
)
async def test_trouble_that_passes_is_waited_out(fault: str, how: dict[str, int]) -> None:
    async with woo_store(catalog(simple=320, variable=5)) as store:
        store.fault(fault, next=2, **how)
        products, sold = ids_of(await walk(store.open(facts=YES)))
        assert (sorted(products), sorted(sold)) == tuple(sorted(ids) for ids in store.ids)


async def test_every_attempt_is_signed_with_a_fresh_nonce() -> None:
    async with woo_store(catalog(simple=3)) as store:
        # The store has accepted the nonce when its answer is cut: the same one again would be 401.
        store.fault("truncated_json", next=2)
        assert len(ids_of(await walk(store.open(facts=YES)))[0]) == 3
        nonces = [part for target in store.targets for part in target.split("&") if part.startswith("oauth_nonce=")]
        assert len(nonces) == len(set(nonces)) == len(store.targets)


async def test_a_short_retry_after_is_waited_for() -> None:
    async with woo_store(catalog(simple=3)) as store:
        pauses: list[float] = []
        opened = store.open(facts=YES, connector=store.connecting(RetryPolicy(patience_s=5)))

        async def noted(seconds: float) -> None:
            pauses.append(seconds)

        opened._client._sleep = noted  # type: ignore[attr-defined]
        store.fault("rate_limited", retry_after=3, next=1)
        await walk(opened)
        assert pauses == [3.0]


async def test_a_long_retry_after_is_handed_to_the_job_at_once() -> None:
    async with woo_store(catalog(simple=3)) as store:
        store.fault("rate_limited", retry_after=3600)
        with pytest.raises(StoreThrottled) as refusal:
            await walk(store.open(facts=YES))
        assert (refusal.value.retry_after_s, refusal.value.cause, refusal.value.status) == (3600, Cause.THROTTLED, 429)
        assert len(store.asked) <= 2  # the first page of each list


async def test_a_throttle_without_end_is_typed_after_short_retries() -> None:
    async with woo_store(catalog(simple=3)) as store:
        store.fault("rate_limited_without_retry_after")
        with pytest.raises(StoreThrottled) as refusal:
            await walk(store.open(facts=YES))
        assert refusal.value.retry_after_s is None
        assert len(store.asked) <= 2 * FAST.tries


async def test_a_throttled_store_is_asked_one_thing_at_a_time_and_recovers() -> None:
    async with woo_store(catalog(simple=1500)) as store:
        opened = store.open(facts=YES, connector=store.connecting(store_concurrency=2))
        pace = opened._client.traffic.pace  # type: ignore[attr-defined]
        store.fault("rate_limited", retry_after=0, next=1)
        limits = []
        async for _ in opened.read_catalog(PullRequest()):
            limits.append(pace.limit)
        assert 1 in limits
        assert pace.limit == 2


@pytest.mark.parametrize("fault", ["html", "truncated_json"])
async def test_what_is_no_json_is_typed_with_short_evidence(fault: str) -> None:
    async with woo_store(catalog(simple=300)) as store:
        store.fault(fault)
        with pytest.raises(StoreUnavailable) as refusal:
            await walk(store.open(facts=YES))
        assert refusal.value.cause is Cause.NOT_JSON
        assert 0 < len(refusal.value.evidence) <= 300


async def test_pages_before_a_failure_are_delivered_and_the_rest_is_resumed() -> None:
    async with woo_store(catalog(simple=450, variable=60)) as store:
        opened = store.open(facts=YES, connector=store.connecting(store_concurrency=1))

        def break_at_two(pages: int) -> None:
            if pages == 2:
                store.fault("server_error")

        done, error = await until_it_fails(opened, break_at_two)
        assert error.cause is Cause.SERVER_ERROR
        assert 2 <= len(done) < 6
        assert not done[-1].last
        store.shop.faults.clear()
        rest = await walk(store.open(facts=YES), cursor=done[-1].cursor)
        products, sold = ids_of([*done, *rest])
        assert (sorted(products), sorted(sold)) == tuple(sorted(ids) for ids in store.ids)
        assert len(products) == len(set(products))


@pytest.mark.parametrize(
    ("fault", "cause"), [("unauthorized", Cause.KEY_REVOKED), ("demoted_user", Cause.USER_DEMOTED)]
)
async def test_a_key_lost_in_the_middle_is_named_without_retries(fault: str, cause: Cause) -> None:
    async with woo_store(catalog(simple=50)) as store:
        store.fault(fault)
        with pytest.raises(StoreRefused) as refusal:
            await walk(store.open(facts=YES))
        assert refusal.value.cause is cause
        assert len(store.asked) <= 2


async def test_a_redirect_to_a_private_address_is_refused_in_the_middle_too() -> None:
    async with woo_store() as inner, woo_store(catalog(simple=300)) as store:
        opened = store.open(facts=YES, connector=store.connecting(store_concurrency=1))
        location = f"http://127.0.0.1:{inner.port}/wp-json/wc/v3/products"
        pages, error = await until_it_fails(opened, lambda pages: store.fault("redirect", location=location))
        assert isinstance(error, UnsafeAddress)
        assert pages
        assert inner.asked == []


async def test_a_redirect_without_a_location_is_a_move() -> None:
    answer = b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with scripted(answer) as (port, _), woo_store() as store:
        store.port = port
        opened = store.open(url=f"http://127.0.0.1:{port}", facts=YES, connector=store.connecting())
        with pytest.raises(StoreRefused) as refusal:
            await walk(opened)
        assert refusal.value.cause is Cause.MOVED


async def test_a_store_that_is_too_slow_for_whole_pages_is_read_in_smaller_ones() -> None:
    async with woo_store(catalog(simple=130)) as store:
        connector = store.connecting(RetryPolicy(tries=1), read_timeout_s=0.2, store_concurrency=1)
        store.fault("slow", seconds=0.5, next=1)
        products, _ = ids_of(await walk(store.open(facts=YES, connector=connector)))
        assert (len(products), len(set(products))) == (130, 130)
        assert any("per_page=50" in asked.query for asked in store.lists())


async def test_a_silent_store_is_a_timeout() -> None:
    async with woo_store(catalog(simple=3)) as store:
        store.fault("slow", seconds=1)
        connector = store.connecting(RetryPolicy(tries=1), read_timeout_s=0.05)
        with pytest.raises(StoreUnavailable) as refusal:
            await walk(store.open(facts=YES, connector=connector))
        assert refusal.value.cause is Cause.TIMEOUT


async def test_a_store_that_hangs_up_is_unreachable_and_tried_again() -> None:
    headers = b"Content-Type: application/json\r\nX-WP-Total: 0\r\nContent-Length: 2\r\nConnection: close"
    async with scripted(b"", b"HTTP/1.1 200 OK\r\n%s\r\n\r\n[]" % headers) as (port, heads), woo_store() as store:
        store.port = port
        pages = await walk(store.open(url=f"http://127.0.0.1:{port}", facts=YES, connector=store.connecting()))
        assert pages[-1].last
        assert len(heads) == 3


async def test_a_page_larger_than_the_limit_is_refused() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n["
    )
    async with scripted(head) as (port, _), woo_store() as store:
        store.port = port
        with pytest.raises(StoreRefused) as refusal:
            await walk(store.open(url=f"http://127.0.0.1:{port}", facts=YES, connector=store.connecting()))
        assert refusal.value.cause is Cause.TOO_LARGE


async def test_php_warnings_and_a_bom_before_the_json_are_skipped() -> None:
    row = b'[{"id":7,"name":"Cup","regular_price":"5"}]'
    answers = []
    for prefix in (
        b"\xef\xbb\xbf",
        b"<br />\n<b>Warning</b>: Undefined index in /x.php on line 3<br />\n",
        b"<!-- c -->",
    ):
        body = prefix + row
        kind = b"Content-Type: application/json\r\nX-WP-Total: 1\r\nConnection: close\r\n"
        answers.append(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (kind, len(body), body))
    for answer in answers:
        async with scripted(answer) as (port, _), woo_store() as store:
            store.port = port
            opened = store.open(url=f"http://127.0.0.1:{port}", facts=YES, connector=store.connecting())
            page = (await walk(opened))[0]
            assert [product.title for product in page.products] == ["Cup"]


async def test_a_store_that_fails_and_fails_is_left_alone_for_a_while() -> None:
    async with woo_store(catalog(simple=3)) as store:
        store.fault("server_error")
        for _ in range(4):
            await until_it_fails(store.open(facts=YES))
        count = len(store.asked)
        with pytest.raises(StoreUnavailable, match="failed many times"):
            await walk(store.open(facts=YES))
        assert len(store.asked) == count


async def test_a_person_who_connects_is_not_kept_waiting_by_the_breaker() -> None:
    async with woo_store(catalog(simple=3)) as store:
        store.fault("server_error")
        for _ in range(4):
            await until_it_fails(store.open(facts=YES))
        store.shop.faults.clear()
        assert (await store.open().identify()).currency == "USD"
        assert len(ids_of(await walk(store.open(facts=YES)))[0]) == 3
