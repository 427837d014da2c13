"""The three calls for tokens over real sockets: what is asked, and what becomes of every answer."""

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from backend.gateways.outbound import GuardedClients
from backend.ports.platform_errors import (
    Cause,
    PlatformError,
    ResponseTooLarge,
    StoreRefused,
    StoreThrottled,
    StoreUnavailable,
    UnsafeAddress,
)
from backend.settings import Outbound, Shopify
from plugin_bridge.shopify.tokens import ShopifyTokens
from tests.support.shopify_signing import CLIENT_ID, NOW, SECRET, SHOP, id_token
from tests.support.token_endpoint import GOOD, Asked, TokenEndpoint, calling, listening, replying

pytestmark = pytest.mark.anyio
BEFORE = {
    "access_token": "shpat_beforebefore",
    "refresh_token": "shprt_beforebefore",
    "expires_at": NOW.isoformat(),
    "refresh_expires_at": "",
    "scope": GOOD["scope"],
}
Call = Callable[[ShopifyTokens], Awaitable[Mapping[str, str]]]
CODE: Call = lambda tokens: tokens.by_code(SHOP, "code-of-a-callback")  # noqa: E731
EXCHANGE: Call = lambda tokens: tokens.by_id_token(SHOP, id_token())  # noqa: E731
RENEWAL: Call = lambda tokens: tokens.renew(SHOP, BEFORE)  # noqa: E731
ALL = {"code": CODE, "id_token": EXCHANGE, "renewal": RENEWAL}


def saying(answer: Any, status: int = 200, **headers: str) -> TokenEndpoint:
    return TokenEndpoint(lambda asked: replying(answer, status, **headers))


async def failing(endpoint: TokenEndpoint, call: Call, **options: Any) -> PlatformError:
    async with listening(endpoint, **options) as tokens:
        with pytest.raises(PlatformError) as caught:
            await call(tokens)
    return caught.value


@pytest.mark.parametrize("name", ALL)
async def test_a_good_reply_becomes_credentials_that_end(name: str) -> None:
    endpoint = TokenEndpoint()
    async with listening(endpoint) as tokens:
        assert await ALL[name](tokens) == {
            "access_token": GOOD["access_token"],
            "refresh_token": GOOD["refresh_token"],
            "expires_at": (NOW + timedelta(hours=1)).isoformat(),
            "refresh_expires_at": (NOW + timedelta(days=90)).isoformat(),
            "scope": GOOD["scope"],
        }
    [asked] = endpoint.asked
    assert (asked.method, asked.path) == ("POST", "/quiet-cups/admin/oauth/access_token")
    assert (asked.headers["content-type"], asked.headers["accept"]) == ("application/json", "application/json")
    assert "authorization" not in asked.headers


async def test_a_new_token_is_asked_to_expire() -> None:
    endpoint = TokenEndpoint()
    async with listening(endpoint) as tokens:
        await CODE(tokens)
        await EXCHANGE(tokens)
    assert [asked.body["expiring"] for asked in endpoint.asked] == ["1", "1"]


@pytest.mark.parametrize("name", ["code", "id_token"])
@pytest.mark.parametrize("gap", ["refresh_token", "expires_in"])
async def test_a_token_that_does_not_expire_is_not_taken(name: str, gap: str) -> None:
    problem = await failing(saying({key: value for key, value in GOOD.items() if key != gap}), ALL[name])
    assert (type(problem), problem.cause) == (StoreRefused, Cause.REFUSED)


async def test_a_renewal_without_an_end_ends_soon() -> None:
    gap = {key: value for key, value in GOOD.items() if key not in ("expires_in", "refresh_token")}
    async with listening(saying(gap)) as tokens:
        kept = await RENEWAL(tokens)
    assert kept["expires_at"] == (NOW + timedelta(minutes=10)).isoformat()
    assert kept["refresh_token"] == BEFORE["refresh_token"]


@pytest.mark.parametrize("name", ["code", "id_token"])
async def test_less_than_was_asked_for_is_named(name: str) -> None:
    problem = await failing(saying({**GOOD, "scope": "read_products"}), ALL[name])
    assert (type(problem), problem.cause) == (StoreRefused, Cause.SCOPE_MISSING)
    assert "read_locations" in problem.message
    assert "read_products" not in problem.message


async def test_writing_is_enough_where_reading_was_asked_for() -> None:
    async with listening(saying({**GOOD, "scope": GOOD["scope"].replace("read_", "write_")})) as tokens:
        assert (await CODE(tokens))["access_token"] == GOOD["access_token"]


NOT_ACTIVE = {"error": "invalid_request", "error_description": "This request requires an active refresh_token"}
ANSWERS: dict[str, tuple[Any, int, type[PlatformError], Cause]] = {
    "invalid_grant": ({"error": "invalid_grant"}, 400, StoreRefused, Cause.KEY_REVOKED),
    "not_active": (NOT_ACTIVE, 401, StoreRefused, Cause.KEY_REVOKED),
    "invalid_client": ({"error": "invalid_client"}, 401, StoreRefused, Cause.WRONG_SECRET),
    "no_such_app": ({"error": "application_cannot_be_found"}, 404, StoreRefused, Cause.WRONG_SECRET),
    "not_installed": ({"error": "app_not_installed"}, 400, StoreRefused, Cause.APP_UNINSTALLED),
    "other_refusal": ({"error": "invalid_request", "error_description": "used"}, 400, StoreRefused, Cause.REFUSED),
    "forbidden_page": (b"<html>Forbidden</html>", 403, StoreRefused, Cause.REFUSED),
    "login_page": (b"<html>requires an active refresh_token</html>", 401, StoreRefused, Cause.REFUSED),
    "errors_of_odd_kinds": ({"error": {"a": 1}, "error_description": None}, 400, StoreRefused, Cause.REFUSED),
    "list": ([], 400, StoreRefused, Cause.REFUSED),
    "frozen": ({"errors": "Unavailable Shop"}, 402, StoreRefused, Cause.SHOP_FROZEN),
    "locked": (b"", 423, StoreRefused, Cause.SHOP_FROZEN),
    "no_shop": (b"Not Found", 404, StoreRefused, Cause.PLATFORM_MISSING),
    "moved": (b"", 301, StoreUnavailable, Cause.MOVED),
    "broken": ({"error": "invalid_grant"}, 500, StoreUnavailable, Cause.SERVER_ERROR),
    "away": (b"<html>", 503, StoreUnavailable, Cause.SERVER_ERROR),
    "unknown_of_cloudflare": (b"", 520, StoreUnavailable, Cause.SERVER_ERROR),
    "too_slow_for_them": (b"", 408, StoreUnavailable, Cause.SERVER_ERROR),
    "page_for_people": (b"<html>Welcome</html>", 200, StoreUnavailable, Cause.NOT_JSON),
    "half": (json.dumps(GOOD).encode()[:-20], 200, StoreUnavailable, Cause.NOT_JSON),
    "error_in_200": ({"error": "invalid_grant"}, 200, StoreUnavailable, Cause.NOT_JSON),
}


@pytest.mark.parametrize("call", ALL)
@pytest.mark.parametrize("name", ANSWERS)
async def test_every_other_answer_is_a_named_failure(name: str, call: str) -> None:
    body, status, kind, cause = ANSWERS[name]
    problem = await failing(saying(body, status), ALL[call])
    assert (type(problem), problem.cause) == (kind, cause)


async def test_an_old_id_token_is_no_reason_to_connect_again() -> None:
    problem = await failing(saying({"error": "invalid_subject_token"}, 400), EXCHANGE)
    assert (type(problem), problem.cause) == (StoreRefused, Cause.REFUSED)
    assert "load the page again" in problem.message


@pytest.mark.parametrize(
    ("header", "seconds"), [("2.0", 2.0), ("17", 17.0), ("soon", None)], ids=["fraction", "whole", "word"]
)
async def test_a_request_for_patience_says_how_long(header: str, seconds: float | None) -> None:
    problem = await failing(saying(b"", 429, retry_after=header), RENEWAL)
    assert isinstance(problem, StoreThrottled)
    assert problem.retry_after_s == seconds


async def test_silence_ends() -> None:
    endpoint = TokenEndpoint(together=asyncio.Barrier(2))
    problem = await failing(endpoint, RENEWAL, read_timeout_s=0.2)
    assert (type(problem), problem.cause) == (StoreUnavailable, Cause.TIMEOUT)


async def test_nobody_at_home_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(StoreUnavailable) as caught:
            await RENEWAL(calling(taken.getsockname()[1]))
    assert caught.value.cause is Cause.UNREACHABLE


async def test_an_answer_that_breaks_off_is_unreachable() -> None:
    problem = await failing(saying(b'{"access_token"', 200, content_length="999"), RENEWAL)
    assert (type(problem), problem.cause) == (StoreUnavailable, Cause.UNREACHABLE)


async def test_an_endless_answer_is_not_read() -> None:
    problem = await failing(saying(b" " * 200_000), RENEWAL)
    assert isinstance(problem, ResponseTooLarge)


async def test_a_shop_that_moved_into_a_private_network_is_not_asked() -> None:
    settings = Shopify(client_id=CLIENT_ID, client_secret=SECRET)

    async def inside(host: str, port: int) -> list[str]:
        assert (host, port) == (SHOP, 443)
        return ["10.0.0.7"]

    with pytest.raises(UnsafeAddress):
        await RENEWAL(ShopifyTokens(GuardedClients(Outbound(), resolve=inside), settings))


async def test_without_a_refresh_token_nobody_is_asked() -> None:
    endpoint = TokenEndpoint()
    async with listening(endpoint) as tokens:
        with pytest.raises(StoreRefused) as caught:
            await tokens.renew(SHOP, {"access_token": "shpat_x"})
    assert caught.value.cause is Cause.KEY_REVOKED
    assert endpoint.asked == []


async def test_a_renewal_lost_on_its_way_is_repeated_with_the_same_token() -> None:
    """Shopify rotates, the answer is lost; until the new token is used the old one brings another."""
    rotated = iter(range(100, 200))

    def answer(asked: Asked) -> tuple[int, Mapping[str, str], bytes]:
        assert asked.body["refresh_token"] == BEFORE["refresh_token"]
        body = {**GOOD, "refresh_token": f"shprt_{next(rotated)}"}
        return replying(body) if len(endpoint.asked) > 2 else replying(b"", 520)

    endpoint = TokenEndpoint(answer)
    async with listening(endpoint) as tokens:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await tokens.renew(SHOP, BEFORE)
        assert (await tokens.renew(SHOP, BEFORE))["refresh_token"] == "shprt_102"


@pytest.mark.parametrize("call", ALL)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_an_answer_that_repeats_our_secrets_shows_none(
    call: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = TokenEndpoint(lambda asked: replying(json.dumps(asked.body).encode(), status))
    problem = await failing(endpoint, ALL[call])
    shown = "".join(traceback.format_exception(problem))
    shown += f"{problem!r} {problem.evidence} {problem.message} {problem.__context__!r} {caplog.text}"
    body = endpoint.asked[0].body
    secrets = [body[name] for name in ("client_secret", "code", "subject_token", "refresh_token") if name in body]
    assert len(secrets) == 2
    assert [secret for secret in secrets if secret in shown] == []


async def test_a_broken_connection_shows_no_secret() -> None:
    problem = await failing(saying(b"x", 200, content_length="999"), CODE)
    shown = "".join(traceback.format_exception(problem)) + repr(problem.__context__)
    assert SECRET not in shown
    assert "code-of-a-callback" not in shown


async def test_shops_worked_on_at_the_same_time_never_see_each_others_tokens() -> None:
    """All requests are held until every one has arrived, so each waits while the others go on."""
    shops = [f"shop-{n}.myshopify.com" for n in range(12)]

    def answer(asked: Asked) -> tuple[int, Mapping[str, str], bytes]:
        name = asked.path.split("/")[1]
        assert asked.body.get("refresh_token", f"old-{name}") == f"old-{name}"
        return replying({**GOOD, "access_token": f"new-{name}", "refresh_token": f"next-{name}"})

    endpoint = TokenEndpoint(answer, together=asyncio.Barrier(2 * len(shops)))
    async with listening(endpoint) as tokens, asyncio.timeout(20):
        renewals = [tokens.renew(shop, {"refresh_token": f"old-{shop.split('.')[0]}"}) for shop in shops]
        kept = await asyncio.gather(*renewals, *(tokens.by_code(shop, f"code-{shop}") for shop in shops))
    names = [shop.split(".")[0] for shop in shops] * 2
    assert [each["access_token"] for each in kept] == [f"new-{name}" for name in names]
    assert [each["refresh_token"] for each in kept] == [f"next-{name}" for name in names]
    codes = {(asked.path.split("/")[1], asked.body["code"]) for asked in endpoint.asked if "code" in asked.body}
    assert codes == {(shop.split(".")[0], f"code-{shop}") for shop in shops}
