"""Talking to one shop: tokens, points, patience and named causes, over real sockets."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from backend.gateways.outbound import GuardedClients
from backend.gateways.shop_budget import LocalShopBudget
from backend.ports.platform_errors import (
    Cause,
    PlatformError,
    StoreRefused,
    StoreThrottled,
    StoreUnavailable,
)
from backend.settings import Outbound, Shopify
from plugin_bridge.shopify import client as client_module
from plugin_bridge.shopify.connector import ShopifyConnector
from plugin_bridge.shopify.errors import TooCostly
from plugin_bridge.shopify.scopes import SCOPES
from tests.support.shopify_script import (
    FRESH,
    LISTED,
    REFRESH,
    TOKEN,
    URL,
    Answer,
    Opened,
    Raw,
    Renewal,
    credentials,
    data,
    error,
    scripted_shop,
)

pytestmark = pytest.mark.anyio
NONE = data({"nodes": [None]})


async def ask(shop: Opened, **opened: Any) -> bool:
    return await shop.open(**opened).still_listed(["1"], [])


async def trouble(shop: Opened, *answers: Answer, **opened: Any) -> PlatformError:
    shop.script.says("Listed", *answers)
    with pytest.raises(PlatformError) as caught:
        await ask(shop, **opened)
    return caught.value


async def test_a_request_goes_to_the_pinned_version_with_the_shops_own_token() -> None:
    async with scripted_shop() as shop:
        shop.script.says("Listed", LISTED)
        assert await ask(shop)
        (asked,) = shop.script.asked
        assert asked.path == "/loom/admin/api/2026-10/graphql.json"
        assert asked.token == TOKEN
        assert asked.variables == {"ids": ["gid://shopify/Product/1"]}


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, b'{"errors":"[API] Invalid API key or access token"}', Cause.KEY_REVOKED),
        (402, b'{"errors":"Unavailable Shop"}', Cause.SHOP_FROZEN),
        (423, b'{"errors":"locked"}', Cause.SHOP_FROZEN),
        (403, b'{"errors":"This action requires merchant approval for read_products scope."}', Cause.SCOPE_MISSING),
        (403, b'{"errors":"Non-expiring access tokens are no longer accepted"}', Cause.KEY_REVOKED),
        (403, b"<html>go away</html>", Cause.REFUSED),
        (404, b'{"errors":"Not Found"}', Cause.PLATFORM_MISSING),
        (301, b"", Cause.MOVED),
        (413, b"", Cause.TOO_LARGE),
        (406, b"", Cause.REFUSED),
    ],
    ids=["401", "402", "423", "403 scope", "403 token kind", "403 else", "404", "301", "413", "406"],
)
async def test_a_refusal_is_named_and_not_repeated(status: int, body: bytes, cause: Cause) -> None:
    async with scripted_shop() as shop:
        refused = await trouble(shop, Raw(status, body))
        assert isinstance(refused, StoreRefused)
        assert (refused.cause, refused.status) == (cause, status)
        assert len(shop.script.asked) == 1


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Raw(500, b"oops"), Cause.SERVER_ERROR),
        (Raw(503, b"<html>"), Cause.SERVER_ERROR),
        (Raw(504, b""), Cause.TIMEOUT),
        (Raw(200, b"<html>maintenance</html>"), Cause.NOT_JSON),
        (Raw(200, b'{"data":{"nodes":[{"id"'), Cause.NOT_JSON),
        (Raw(200, b'{"data":{"nodes":7}}'), Cause.NOT_JSON),
        (Raw(200, b'{"data":null}'), Cause.NOT_JSON),
        (Raw(200, b"[]"), Cause.NOT_JSON),
        (error("INTERNAL_SERVER_ERROR"), Cause.SERVER_ERROR),
        (error("TIMEOUT"), Cause.TIMEOUT),
    ],
    ids=["500", "503", "504", "html", "half", "shape", "null", "list", "internal", "timeout"],
)
async def test_what_may_pass_is_tried_again_three_times(answer: Any, cause: Cause) -> None:
    async with scripted_shop() as shop:
        failed = await trouble(shop, answer)
        assert isinstance(failed, StoreUnavailable)
        assert failed.cause is cause
        assert len(shop.script.asked) == 3
        shop.script.says("Listed", answer, LISTED)
        assert await ask(shop)


async def test_a_shop_that_does_not_answer_times_out() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, scripted_shop() as shop:
        shop.script.port = server.sockets[0].getsockname()[1]
        with pytest.raises(StoreUnavailable) as caught:
            await ask(shop)
        assert caught.value.cause is Cause.TIMEOUT


async def test_throttled_with_status_200_is_waited_for_and_repeated() -> None:
    async with scripted_shop() as shop:
        throttled = error("THROTTLED", requested=12, currentlyAvailable=2.0, restoreRate=100.0)
        shop.script.says("Listed", throttled, LISTED)
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await ask(shop)
        assert 0.09 <= loop.time() - started < 2  # ten points at a hundred a second
        assert len(shop.script.asked) == 2


async def test_throttled_without_a_word_about_points_is_repeated_too() -> None:
    async with scripted_shop() as shop:
        shop.script.says("Listed", error("THROTTLED", told=False), error("THROTTLED", told=False), LISTED)
        assert await ask(shop)


async def test_throttled_for_ever_is_handed_to_the_job() -> None:
    async with scripted_shop() as shop:
        failed = await trouble(shop, error("THROTTLED", requested=1.0, currentlyAvailable=0.0, restoreRate=1000.0))
        assert isinstance(failed, StoreThrottled)
        assert len(shop.script.asked) == client_module.MOST_THROTTLED


async def test_points_that_take_long_to_come_back_are_handed_to_the_job() -> None:
    async with scripted_shop() as shop:
        failed = await trouble(shop, error("THROTTLED", requested=900.0, currentlyAvailable=0.0, restoreRate=1.0))
        assert isinstance(failed, StoreThrottled)
        assert failed.retry_after_s == pytest.approx(900, abs=5)
        assert len(shop.script.asked) == 1


@pytest.mark.parametrize("status", [429, 430])
async def test_a_short_retry_after_is_waited_for_and_a_long_one_handed_on(status: int) -> None:
    async with scripted_shop() as shop:
        shop.script.says("Listed", Raw(status, b"", {"retry-after": "0.05"}), LISTED)
        assert await ask(shop)
        failed = await trouble(shop, Raw(status, b"", {"retry-after": "120"}))
        assert isinstance(failed, StoreThrottled)
        assert failed.retry_after_s == 120


async def test_a_request_that_costs_too_much_is_never_repeated() -> None:
    async with scripted_shop() as shop:
        assert isinstance(await trouble(shop, error("MAX_COST_EXCEEDED")), TooCostly)
        assert len(shop.script.asked) == 1


@pytest.mark.parametrize(
    ("code", "cause"),
    [("ACCESS_DENIED", Cause.SCOPE_MISSING), ("SHOP_INACTIVE", Cause.SHOP_FROZEN), ("UNHEARD_OF", Cause.REFUSED)],
    ids=["denied", "inactive", "unknown"],
)
async def test_errors_beside_the_data_are_refusals(code: str, cause: Cause) -> None:
    async with scripted_shop() as shop:
        answer = {**data({"nodes": [None]}), "errors": error(code)["errors"]}
        refused = await trouble(shop, answer)
        assert (refused.cause, refused.status) == (cause, 200)


async def test_a_revoked_token_is_renewed_once_and_the_request_repeated() -> None:
    async with scripted_shop() as shop:
        renewal = Renewal()
        shop.script.says("Listed", lambda asked: Raw(401, b"{}") if asked.token == TOKEN else LISTED)
        assert await ask(shop, renewal=renewal)
        assert [one.token for one in shop.script.asked] == [TOKEN, FRESH]
        assert [one["access_token"] for one in renewal.asked] == [TOKEN]


async def test_a_token_that_is_refused_after_its_renewal_is_no_more_renewed() -> None:
    async with scripted_shop() as shop:
        renewal = Renewal()
        refused = await trouble(shop, Raw(401, b"{}"), renewal=renewal)
        assert refused.cause is Cause.KEY_REVOKED
        assert len(renewal.asked) == 1
        assert len(shop.script.asked) == 2


async def test_ten_requests_with_one_dead_token_make_one_renewal() -> None:
    async with scripted_shop() as shop:
        renewal = Renewal()
        shop.script.says("Listed", lambda asked: Raw(401, b"{}") if asked.token == TOKEN else LISTED)
        store = shop.open(renewal=renewal)
        assert all(await asyncio.gather(*(store.still_listed(["1"], []) for _ in range(10))))
        assert len(renewal.asked) == 1


@pytest.mark.parametrize("left_s", [250.0, -10.0], ids=["nearly over", "over"])
async def test_a_token_that_is_about_to_end_is_renewed_before_it_is_used(left_s: float) -> None:
    async with scripted_shop() as shop:
        renewal = Renewal()
        shop.script.says("Listed", LISTED)
        assert await ask(shop, expires_in_s=left_s, renewal=renewal)
        assert [one.token for one in shop.script.asked] == [FRESH]


async def test_a_renewal_that_fails_early_leaves_the_good_token_in_use() -> None:
    async with scripted_shop() as shop:
        renewal = Renewal(failure=StoreUnavailable(Cause.SERVER_ERROR, "try later"))
        shop.script.says("Listed", LISTED)
        assert await ask(shop, expires_in_s=200, renewal=renewal)
        assert [one.token for one in shop.script.asked] == [TOKEN]


async def test_a_renewal_that_fails_when_the_token_is_over_stops_the_request() -> None:
    async with scripted_shop() as shop:
        renewal = Renewal(failure=StoreUnavailable(Cause.SERVER_ERROR, "try later"))
        failed = await trouble(shop, LISTED, expires_in_s=-1, renewal=renewal)
        assert failed.cause is Cause.SERVER_ERROR
        assert shop.script.asked == []


async def test_a_merchant_who_has_to_connect_again_is_said_so() -> None:
    async with scripted_shop() as shop:
        renewal = Renewal(failure=StoreRefused(Cause.KEY_REVOKED, "connect again"))
        assert (await trouble(shop, LISTED, expires_in_s=200, renewal=renewal)).message == "connect again"


async def test_another_version_raises_an_alarm_once_and_shows_in_the_facts() -> None:
    def answer(values: dict[str, Any]) -> Raw:
        return Raw(200, msgspec.json.encode(data(values)), {"x-shopify-api-version": "2027-01"})

    async with scripted_shop() as shop:
        identity = {
            "shop": {
                "id": "gid://shopify/Shop/1",
                "name": "Loom",
                "myshopifyDomain": "loom.myshopify.com",
                "currencyCode": "EUR",
                "ianaTimezone": "Europe/Berlin",
            },
            "currentAppInstallation": {"accessScopes": [{"handle": name} for name in SCOPES]},
        }
        shop.script.says("Identity", answer(identity))
        shop.script.says("Listed", answer({"nodes": [None]}))
        store = shop.open()
        with capture_logs() as logged:
            found = await store.identify()
            await store.still_listed(["1"], [])
        assert (found.url, found.currency, found.timezone) == (URL, "EUR", "Europe/Berlin")
        assert found.platform_version == found.facts["fell_forward_to"] == "2027-01"
        assert [entry["event"] for entry in logged].count("shopify.version_fell_forward") == 1


async def test_no_secret_shows_anywhere(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    async with scripted_shop() as shop:
        body = f"bad token {TOKEN} and {REFRESH}".encode()
        failures = [await trouble(shop, Raw(status, body)) for status in (401, 403, 500)]
        failures.append(await trouble(shop, Raw(200, body)))
        store = shop.open()
        shown = [repr(vars(store)), repr(vars(store._client)), repr(store._client._access)]
        shown += [f"{one} {one.evidence} {one.__context__!r} {one.__cause__!r}" for one in failures]
        shown += [caplog.text, *capsys.readouterr()]
        assert [text for text in shown if TOKEN in text or REFRESH in text] == []


async def test_a_token_that_cannot_stand_in_a_header_is_no_crash() -> None:
    async with scripted_shop() as shop:
        failed = await trouble(shop, LISTED, token="shpat_\n\u2603")
        assert isinstance(failed, StoreUnavailable)


async def test_a_shop_that_keeps_failing_is_left_alone_for_a_while() -> None:
    async with scripted_shop() as shop:
        connector = shop.connector()
        shop.script.says("Listed", Raw(500, b""))
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await shop.open(connector=connector).still_listed(["1"], [])
        asked = len(shop.script.asked)
        with pytest.raises(StoreUnavailable) as caught:
            await shop.open(connector=connector).still_listed(["1"], [])
        assert caught.value.cause is Cause.UNREACHABLE
        assert len(shop.script.asked) == asked


async def test_two_shops_in_one_process_never_see_each_others_token() -> None:
    """Some requests are refused on the way, so that renewals of both cross."""
    async with scripted_shop() as shop:
        connector = shop.connector()
        tokens = {name: (f"shpat_{name}0000", f"shpat_{name}1111") for name in ("loom", "reel")}
        shop.script.says(
            "Listed", lambda asked: Raw(401, b"{}") if asked.token.endswith("0000") and "7" in str(asked) else NONE
        )
        renewals = {name: Renewal(fresh) for name, (_, fresh) in tokens.items()}
        stores = {
            name: connector.open(f"https://{name}.myshopify.com", credentials(first), {}, renewals[name])
            for name, (first, _) in tokens.items()
        }
        await asyncio.gather(*(store.still_listed([str(n)], []) for n in range(40) for store in stores.values()))
        for name, (first, fresh) in tokens.items():
            seen = {one.token for one in shop.script.asked if one.path.startswith(f"/{name}/")}
            assert seen == {first, fresh}
            assert len(renewals[name].asked) == 1
            await stores[name].aclose()


async def test_ids_are_asked_for_in_chunks_of_250() -> None:
    async with scripted_shop() as shop:
        shop.script.says("Listed", NONE)
        assert not await shop.open().still_listed([str(n) for n in range(300)], ["7"])
        assert [len(one.variables["ids"]) for one in shop.script.asked] == [250, 51]
        assert shop.script.asked[-1].variables["ids"][-1] == "gid://shopify/ProductVariant/7"


def test_a_bare_name_is_completed() -> None:
    connector = ShopifyConnector(GuardedClients(Outbound()), Outbound(), Shopify(), LocalShopBudget())
    assert connector.canonical_url("Loom") == connector.canonical_url("https://loom.myshopify.com/") == URL
    with pytest.raises(ValueError, match="mystore"):
        connector.canonical_url("evil.com")
    assert credentials()["access_token"] == TOKEN
