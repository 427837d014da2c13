"""The consumer secret shows up nowhere: errors, logs, addresses (but for the documented fallback over https)."""

import logging
import ssl
import traceback
from base64 import b64encode

import pytest

from backend.ports.platform_errors import PlatformError
from backend.ports.store_platform import StorePlatform
from plugin_bridge.http import RetryPolicy
from tests.support.woo import KEY, SECRET, Store, catalog, scripted, walk, woo_store

pytestmark = pytest.mark.anyio
Tls = tuple[ssl.SSLContext, ssl.SSLContext]
BASIC = b64encode(f"{KEY}:{SECRET}".encode()).decode()


def everything_about(error: BaseException) -> str:
    """What a log, a trace and a debugger could show of an error, its causes and contexts too."""
    shown, seen = "", {id(None)}
    chain: list[BaseException | None] = [error]
    while chain:
        one = chain.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        shown += f"{one!r} {one} {vars(one)!r} " + "".join(traceback.format_exception(one))
        request = getattr(one, "_request", None)
        shown += f" {request.url} {request.headers}" if request is not None else ""
        chain += [one.__cause__, one.__context__]
    return shown


def check_hidden(text: str) -> None:
    assert SECRET not in text
    assert BASIC not in text


async def failing(store: StorePlatform) -> str:
    with pytest.raises(PlatformError) as refusal:
        await store.identify()
    return everything_about(refusal.value)


FAULTS = ["unauthorized", "demoted_user", "html", "truncated_json", "server_error", "rate_limited_without_retry_after"]


@pytest.mark.parametrize("way", ["oauth1", "basic", "query"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_failure_and_no_log_shows_the_secret(
    fault: str, way: str, tls: Tls, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (None, "httpx", "httpcore"):  # an application that was built before may have quietened them
        caplog.set_level(logging.DEBUG, logger=name)
    async with woo_store(catalog(simple=2), tls=None if way == "oauth1" else tls) as store:
        if way == "query":
            store.fault("strip_authorization", rate=1)
        await store.open().identify()
        await walk(store.open(facts={"auth": way, "variations": "yes"}))
        store.fault(fault)
        check_hidden(await failing(store.open(facts={"auth": way})))
    assert any("HTTP Request" in record.getMessage() for record in caplog.records)
    check_hidden(caplog.text)
    check_hidden("".join(f"{record.msg} {record.args} {vars(record)}" for record in caplog.records))


def secrets_in(store: Store) -> bool:
    return any(SECRET in target or "consumer_secret" in target for target in store.targets)


@pytest.mark.parametrize("secure", [True, False])
async def test_addresses_hold_no_secret(tls: Tls, secure: bool) -> None:
    async with woo_store(catalog(simple=2), tls=tls if secure else None) as store:
        await store.open().identify()
        await walk(store.open(facts={"variations": "yes"}))
        assert not secrets_in(store)


async def test_the_fallback_puts_the_secret_into_addresses_over_https_only(tls: Tls) -> None:
    async with woo_store(catalog(simple=2), tls=tls) as store:
        store.fault("strip_authorization", rate=1)
        identity = await store.open().identify()
        assert identity.facts["auth"] == "query"
        assert secrets_in(store)
    async with woo_store(catalog(simple=2)) as store:
        await walk(store.open(facts={"auth": "query", "variations": "yes"}))
        assert not secrets_in(store)


@pytest.mark.parametrize("way", ["basic", "query"])
async def test_plain_http_never_carries_the_keys_whatever_was_remembered(way: str) -> None:
    answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with scripted(answer) as (port, heads), woo_store() as store:
        store.port = port
        opened = store.open(
            url=f"http://127.0.0.1:{port}", facts={"auth": way}, connector=store.connecting(RetryPolicy(tries=1))
        )
        await failing(opened)
        with pytest.raises(PlatformError):
            await walk(opened)
        assert heads
        assert all(SECRET.encode() not in head and b"uthorization" not in head for head in heads)


async def test_an_unreachable_store_shows_nothing(tls: Tls, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with woo_store(tls=tls) as store:
        url, connector = store.url, store.connecting(RetryPolicy(tries=2, base_s=0.01))
    for way in ("basic", "query"):
        opened = connector.open(
            url, {"consumer_key": KEY, "consumer_secret": SECRET}, {"auth": way, "variations": "yes"}
        )
        with pytest.raises(PlatformError) as refusal:
            await walk(opened)
        check_hidden(everything_about(refusal.value))
        await opened.aclose()
    check_hidden(caplog.text)


async def test_a_store_that_repeats_the_secret_is_not_quoted() -> None:
    body = f'{{"code":"x","message":"your secret {SECRET} is bad"}}'.encode()
    answer = b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    async with scripted(answer % (len(body), body)) as (port, _), woo_store() as store:
        store.port = port
        opened = store.open(url=f"http://127.0.0.1:{port}", connector=store.connecting())
        shown = await failing(opened)
        check_hidden(shown)
        assert "***" in shown


async def test_a_store_that_redirects_with_the_secret_is_not_quoted() -> None:
    location = f"https://evil.example/?consumer_secret={SECRET}".encode()
    answer = b"HTTP/1.1 301 Moved\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % location
    async with scripted(answer) as (port, _), woo_store() as store:
        store.port = port
        check_hidden(await failing(store.open(url=f"http://127.0.0.1:{port}", connector=store.connecting())))


async def test_printing_the_objects_shows_no_secret() -> None:
    async with woo_store() as store:
        opened = store.open()
        client = opened._client  # type: ignore[attr-defined]
        check_hidden(f"{opened!r} {client!r} {client._keys!r} {client._signing!r} {store.connector!r}")
