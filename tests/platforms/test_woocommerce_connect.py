"""The connect ladder: each way a store can refuse has its own name (S2S-08, pain 1 of WooCommerce users)."""

import ssl
import time

import pytest

from backend.ports.platform_errors import (
    Cause,
    PlatformError,
    StoreRefused,
    StoreThrottled,
    StoreUnavailable,
    UnsafeAddress,
)
from backend.ports.store_platform import StorePlatform
from plugin_bridge.http import RetryPolicy
from plugin_bridge.sandbox.asgi import Reply, Request
from plugin_bridge.sandbox.woocommerce import app as sandbox
from tests.support.asgi_server import serving
from tests.support.woo import KEY, SECRET, catalog, scripted, woo_store

pytestmark = pytest.mark.anyio
Tls = tuple[ssl.SSLContext, ssl.SSLContext]


async def cause_of(store: StorePlatform, kind: type[PlatformError] = StoreRefused) -> Cause:
    with pytest.raises(kind) as refusal:
        await store.identify()
    assert refusal.value.message
    assert SECRET not in f"{refusal.value} {refusal.value.evidence}"
    return refusal.value.cause


async def test_a_good_store_over_http_is_signed_to_and_says_who_it_is() -> None:
    async with woo_store(
        catalog(simple=2), name="Tea &amp; Cups", currency="EUR", timezone="Europe/Berlin", version="10.9.1"
    ) as store:
        identity = await store.open().identify()
        assert (identity.url, identity.name, identity.currency) == (store.url, "Tea & Cups", "EUR")
        assert (identity.timezone, identity.platform_version) == ("Europe/Berlin", "10.9.1")
        assert identity.facts == {"auth": "oauth1", "variations": "yes", "weight_unit": "kg"}


async def test_a_good_store_over_https_takes_the_keys_in_the_header(tls: Tls) -> None:
    async with woo_store(catalog(simple=2), tls=tls) as store:
        identity = await store.open().identify()
        assert identity.facts["auth"] == "basic"
        assert identity.url == store.url


async def test_s2s_08_the_write_check_writes_nothing() -> None:
    async with woo_store(catalog(simple=5)) as store:
        before = {item.id: item.modified_at for item in store.shop.catalog.items.values()}
        await store.open().identify()
        assert {item.id: item.modified_at for item in store.shop.catalog.items.values()} == before
        assert [a.method for a in store.asked if a.path.endswith("/batch")] == ["POST"]
        assert all(not write.body.get("update") for write in store.shop.journal.writes)


@pytest.mark.parametrize("secure", [True, False])
async def test_s2s_08_a_read_only_key_is_named(tls: Tls, secure: bool) -> None:
    async with woo_store(catalog(simple=1), tls=tls if secure else None, permissions="read") as store:
        assert await cause_of(store.open()) is Cause.READ_ONLY_KEY


@pytest.mark.parametrize("secure", [True, False])
async def test_s2s_08_a_write_only_key_is_refused(tls: Tls, secure: bool) -> None:
    async with woo_store(catalog(simple=1), tls=tls if secure else None, permissions="write") as store:
        assert await cause_of(store.open()) is Cause.WRITE_ONLY_KEY


@pytest.mark.parametrize("secure", [True, False])
async def test_a_wrong_secret_is_named(tls: Tls, secure: bool) -> None:
    async with woo_store(tls=tls if secure else None) as store:
        assert await cause_of(store.open(secret="cs_" + "0" * 40)) is Cause.WRONG_SECRET


@pytest.mark.parametrize("secure", [True, False])
async def test_an_unknown_or_revoked_key_is_named(tls: Tls, secure: bool) -> None:
    async with woo_store(tls=tls if secure else None) as store:
        assert await cause_of(store.open(key="ck_" + "0" * 40)) is Cause.KEY_REVOKED


@pytest.mark.parametrize("secure", [True, False])
async def test_a_demoted_user_is_named(tls: Tls, secure: bool) -> None:
    async with woo_store(tls=tls if secure else None, demoted=True) as store:
        assert await cause_of(store.open()) is Cause.USER_DEMOTED


async def test_a_stripped_header_falls_back_to_the_query_over_https(tls: Tls) -> None:
    async with woo_store(catalog(simple=2), tls=tls) as store:
        store.fault("strip_authorization", rate=1)
        opened = store.open()
        assert (await opened.identify()).facts["auth"] == "query"


async def test_a_stripped_header_and_a_wrong_key_is_a_wrong_key(tls: Tls) -> None:
    async with woo_store(tls=tls) as store:
        store.fault("strip_authorization", rate=1)
        assert await cause_of(store.open(key="ck_" + "0" * 40)) is Cause.KEY_REVOKED


async def test_a_stripped_header_where_a_firewall_refuses_keys_in_the_query_is_named(tls: Tls) -> None:
    async with woo_store(tls=tls) as store:
        store.fault("strip_authorization", rate=1)
        inner = sandbox.answer_instead

        def refusing(shop: object, request: Request) -> Reply | None:
            if "consumer_secret" in request.query:
                return Reply(status=403, body=b"<html>Forbidden</html>", headers={"content-type": "text/html"})
            return inner(shop, request)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sandbox, "answer_instead", refusing)
            assert await cause_of(store.open()) is Cause.AUTH_STRIPPED


@pytest.mark.parametrize("skew_s", [-3600.0, 3600.0])
async def test_a_clock_that_is_an_hour_off_is_named(skew_s: float) -> None:
    async with woo_store(clock_skew_s=skew_s) as store:
        assert await cause_of(store.open()) is Cause.CLOCK_SKEW


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("plain_permalinks", Cause.PLAIN_PERMALINKS),
        ("rest_blocked", Cause.REST_BLOCKED),
        ("woocommerce_missing", Cause.PLATFORM_MISSING),
        ("demoted_user", Cause.USER_DEMOTED),
        ("unauthorized", Cause.KEY_REVOKED),
    ],
)
async def test_what_the_merchant_must_change_is_named(fault: str, cause: Cause) -> None:
    async with woo_store() as store:
        store.fault(fault)
        assert await cause_of(store.open()) is cause


@pytest.mark.parametrize(
    ("fault", "how", "cause"),
    [
        ("html", {}, Cause.NOT_JSON),
        ("truncated_json", {}, Cause.NOT_JSON),
        ("server_error", {}, Cause.SERVER_ERROR),
        ("server_error", {"status": 503}, Cause.SERVER_ERROR),
        ("server_error", {"status": 504}, Cause.TIMEOUT),
        ("rate_limited_without_retry_after", {}, Cause.THROTTLED),
    ],
)
async def test_what_may_pass_is_unavailable_and_not_refused(fault: str, how: dict[str, int], cause: Cause) -> None:
    async with woo_store() as store:
        store.fault(fault, **how)
        assert await cause_of(store.open(), StoreUnavailable) is cause


async def test_one_bad_answer_in_the_ladder_is_forgiven() -> None:
    for fault in ("html", "truncated_json", "server_error", "rate_limited_without_retry_after"):
        async with woo_store() as store:
            store.fault(fault, next=1)
            assert (await store.open().identify()).currency == "USD"


async def test_an_address_that_is_another_stores_is_named() -> None:
    async with woo_store() as store:
        store.shop.options.address = "https://live.example"
        url = f"http://127.0.0.1:{store.port}"
        assert await cause_of(store.open(url=url)) is Cause.WRONG_STORE


async def test_a_page_that_is_no_wordpress_is_named() -> None:
    async with woo_store() as store:
        assert await cause_of(store.open(url=f"{store.url}/blog/deep")) is Cause.WRONG_STORE
    page = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    async with scripted(page) as (port, _), woo_store() as store:
        store.port = port
        url = f"http://127.0.0.1:{port}"
        assert await cause_of(store.open(url=url, connector=store.connecting())) is Cause.PLATFORM_MISSING


async def test_nobody_there_is_unreachable() -> None:
    async with woo_store() as store:
        url, closed = store.url, store.connecting(RetryPolicy(tries=1))
    assert await cause_of(closed.open(url, {"consumer_key": KEY, "consumer_secret": SECRET}, {}), StoreUnavailable) is (
        Cause.UNREACHABLE
    )


async def test_a_certificate_that_is_not_trusted_is_unreachable(tls: Tls) -> None:
    async with woo_store(tls=tls) as store:
        store.client_tls = None
        opened = store.open(connector=store.connecting(RetryPolicy(tries=1)))
        assert await cause_of(opened, StoreUnavailable) is Cause.UNREACHABLE


async def test_a_private_store_is_unsafe_unless_the_operator_allowed_it() -> None:
    async with woo_store() as store:
        for url in ("http://127.0.0.1:1", "http://10.0.0.1", "https://[::1]", "http://169.254.169.254"):
            assert await cause_of(store.open(url=url), UnsafeAddress) is Cause.UNSAFE_ADDRESS


async def test_a_redirect_to_a_private_address_is_unsafe_and_not_followed() -> None:
    async with woo_store() as inner, woo_store() as store:
        store.fault("redirect", location=f"http://127.0.0.1:{inner.port}/wp-json/")
        assert await cause_of(store.open(), UnsafeAddress) is Cause.UNSAFE_ADDRESS
        assert inner.asked == []


async def test_a_redirect_to_another_host_is_named() -> None:
    async with woo_store() as store:
        store.fault("redirect", location="https://other.example/wp-json/")
        assert await cause_of(store.open()) is Cause.MOVED


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_passing_redirect_is_named_and_not_kept(status: int) -> None:
    answer = (
        f"HTTP/1.1 {status} Found\r\nLocation: https://www.shop.test/wp-json/\r\nContent-Length: 0\r\n\r\n".encode()
    )
    async with scripted(answer) as (port, heads), woo_store() as store:
        store.port = port
        opened = store.open(url=f"http://shop.test:{port}", connector=store.connecting())
        assert await cause_of(opened) is Cause.MOVED
        assert len(heads) == 1


async def test_a_lasting_redirect_to_https_and_www_becomes_the_stores_address(tls: Tls) -> None:
    async with woo_store(catalog(simple=2), tls=tls, host="www.shop.test") as store:

        async def moved(scope: object, receive: object, send: object) -> None:
            location = f"https://www.shop.test:{store.port}{scope['path']}?{scope['query_string'].decode()}"  # type: ignore[index]
            headers = [(b"location", location.encode()), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 301, "headers": headers})  # type: ignore[operator]
            await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

        async with serving(moved) as port:  # type: ignore[arg-type]
            settings = store.guarded()
            settings._guard._allowed |= {("shop.test", port)}
            store.connector._clients = settings
            identity = await store.open(url=f"http://shop.test:{port}").identify()
            assert identity.url == f"https://www.shop.test:{store.port}"
            assert identity.facts["auth"] == "basic"


async def test_a_throttled_ladder_says_how_long_to_wait() -> None:
    async with woo_store() as store:
        store.fault("rate_limited", retry_after=77)
        with pytest.raises(StoreThrottled) as refusal:
            await store.open().identify()
        assert refusal.value.retry_after_s == 77
        assert len(store.asked) == 1


@pytest.mark.parametrize("has_list", [True, False])
async def test_whether_the_store_lists_all_variations_is_remembered(has_list: bool) -> None:
    async with woo_store(variations_endpoint=has_list) as store:
        identity = await store.open().identify()
        assert identity.facts["variations"] == ("yes" if has_list else "no")


async def test_the_ladder_takes_few_requests() -> None:
    async with woo_store(catalog(simple=1)) as store:
        await store.open().identify()
        assert len(store.asked) <= 6


async def test_a_person_does_not_wait_for_a_hanging_store_as_long_as_a_job_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plugin_bridge.woocommerce.client._PERSON_WAITS_S", 0.1)
    async with woo_store() as store:
        store.fault("slow", seconds=5)
        started = time.monotonic()
        assert await cause_of(store.open(), StoreUnavailable) is Cause.TIMEOUT
        assert time.monotonic() - started < 3
        assert len(store.asked) <= 2
