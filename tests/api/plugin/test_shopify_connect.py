"""S2S-12..15: from init by the consent page to the callback and its redirect."""

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from sqlalchemy import select, update

from backend.domain.stores.connecting import ConnectRequest
from backend.kit.clock import utc_now
from backend.kit.crypto import token_hash
from backend.models.accounts import Membership
from backend.models.events import Event
from backend.models.stores import OAuthState, Store
from backend.ports.platform_errors import Cause, StoreRefused, StoreUnavailable
from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.fake_shopify import CLIENT_ID, SECRET, FakeMerchant
from tests.support.fake_stores import FakePlatforms
from tests.support.plugin_api import ACCOUNT, CONNECT, INIT, NewOwner, NewPlugin, Owner, new_mark, refused

pytestmark = pytest.mark.anyio

Visitor = Callable[[], httpx.AsyncClient]
CALLBACK = "/api/shopify/oauth/callback"
PUBLIC_URL = "http://hub.example.com"
"""Plain, as the clients of these tests reach the application: they would keep no `Secure` cookie."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    web = msgspec.structs.replace(settings.web, public_url=PUBLIC_URL)
    return msgspec.structs.replace(settings, web=web, shopify=Shopify(client_id=CLIENT_ID, client_secret=SECRET))


@pytest.fixture
def merchant(internet: FakePlatforms) -> FakeMerchant:
    return internet.shopify.open_shop(new_mark())


@pytest.fixture
async def owner(new_owner: NewOwner) -> Owner:
    return await new_owner()


async def begun(browser: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, **body: str) -> dict[str, str]:
    """Begin in a browser and return the query of the consent page."""
    response = await browser.post(INIT, json={"shopDomain": merchant.domain, **body}, headers=owner.auth)
    assert response.status_code == 200, response.text
    url = urlsplit(response.json()["authUrl"])
    assert (url.scheme, url.netloc, url.path) == ("https", merchant.domain, "/admin/oauth/authorize")
    return {name: values[0] for name, values in parse_qs(url.query).items()}


async def called_back(browser: httpx.AsyncClient, query: object) -> httpx.Response:
    return await browser.get(CALLBACK, params=query)  # type: ignore[arg-type]


def error_of(response: httpx.Response) -> str:
    """Assert the redirect of a refused callback, on ourselves, and return its message."""
    assert response.status_code == 303, response.text
    target = urlsplit(response.headers["location"])
    assert (target.scheme, target.netloc, target.path) == ("", "", "/sales-channels")
    query = parse_qs(target.query)
    assert query["oauth"] == ["error"]
    return query["message"][0]


def channel_of(response: httpx.Response) -> uuid.UUID:
    assert response.status_code == 303, response.text
    target = urlsplit(response.headers["location"])
    assert target.query == "oauth=success", response.headers["location"]
    assert target.path.startswith("/sales-channels/")
    return uuid.UUID(target.path.removeprefix("/sales-channels/"))


async def connect(browser: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, **body: str) -> uuid.UUID:
    state = (await begun(browser, owner, merchant, **body))["state"]
    return channel_of(await called_back(browser, merchant.signed(state=state)))


class TestBegin:
    async def test_s2s_12_the_consent_url_names_app_scopes_callback_and_state(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        query = await begun(client, owner, merchant)
        assert query["client_id"] == CLIENT_ID
        assert query["redirect_uri"] == PUBLIC_URL + CALLBACK
        assert "write_products" in query["scope"].split(",")
        assert len(query["state"]) >= 32
        assert set(query["state"]) <= set("0123456789abcdef")

    async def test_s2s_14_the_state_is_stored_as_a_hash_only(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, container: Container
    ) -> None:
        response = await client.post(INIT, json={"shopDomain": merchant.domain}, headers=owner.auth)
        state = parse_qs(urlsplit(response.json()["authUrl"]).query)["state"][0]
        cookie = next(iter(response.cookies.jar)).value or ""
        async with container.begin() as session:
            rows = (await session.execute(select(OAuthState).where(OAuthState.address == merchant.address))).scalars()
            stored = list(rows)
        assert [row.state_hash for row in stored] == [token_hash(state)]
        assert stored[0].browser_hash == token_hash(cookie)
        shown = repr([vars(row) for row in stored])
        assert state not in shown
        assert cookie not in shown

    async def test_s2s_14_the_browsers_cookie_goes_to_the_callback_only(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        response = await client.post(INIT, json={"shopDomain": merchant.domain}, headers=owner.auth)
        cookie = response.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=lax", f"Path={CALLBACK}", "Max-Age=600"):
            assert part in cookie, cookie
        assert "Secure" not in cookie

    async def test_s2s_12_a_channel_of_another_shop_cannot_be_linked(
        self, client: httpx.AsyncClient, owner: Owner, new_plugin: NewPlugin, container: Container
    ) -> None:
        actor, plugin = await container.authenticator.authenticate(owner.token), new_plugin()
        keys = {"consumer_key": plugin.shop.consumer_key, "consumer_secret": plugin.shop.consumer_secret}
        request = ConnectRequest(platform="woocommerce", url=plugin.url, credentials=keys)
        store = await container.store_connecting.connect_as(actor, request)
        body = {"shopDomain": "mystore", "channelId": str(store.id)}
        refused(await client.post(INIT, json=body, headers=owner.auth), 400, "CHANNEL_OF_ANOTHER_SHOP")


class TestBehindHttps:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        web = msgspec.structs.replace(settings.web, public_url="https://hub.example.com")
        return msgspec.structs.replace(settings, web=web)

    async def test_s2s_14_the_browsers_cookie_never_travels_in_the_clear(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        response = await client.post(INIT, json={"shopDomain": merchant.domain}, headers=owner.auth)
        assert "Secure" in response.headers["set-cookie"]


class TestConnecting:
    async def test_s2s_15_the_whole_flow_connects_the_shop_and_asks_for_its_catalog(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, container: Container
    ) -> None:
        store_id = await connect(client, owner, merchant)
        actor = await container.authenticator.authenticate(owner.token)
        async with container.transaction() as services:
            store = await services.stores.store(actor, store_id)
            runs = await services.sync.history(actor, store_id)
        assert (store.platform, store.url, store.state) == ("shopify", merchant.address, "active")
        assert (store.name, store.currency) == (merchant.name, "EUR")
        assert [(run.mode, run.state) for run in runs] == [("full", "queued")]
        assert (await client.get(ACCOUNT, headers=owner.auth)).json()["connected"] is True

    async def test_s2s_15_the_cookie_is_gone_afterwards(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        await connect(client, owner, merchant)
        assert not list(client.cookies.jar)

    async def test_s2s_14_connecting_again_keeps_the_channel(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        first = await connect(client, owner, merchant)
        assert await connect(client, owner, merchant) == first
        assert await connect(client, owner, merchant, channelId=str(first)) == first

    async def test_s2s_14_two_shops_in_two_tabs_are_both_connected(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, internet: FakePlatforms
    ) -> None:
        other = internet.shopify.open_shop(new_mark())
        one, two = await begun(client, owner, merchant), await begun(client, owner, other)
        channel_of(await called_back(client, merchant.signed(state=one["state"])))
        channel_of(await called_back(client, other.signed(state=two["state"])))

    async def test_s2s_14_a_shop_that_another_organization_holds_is_refused(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, new_owner: NewOwner
    ) -> None:
        await connect(client, owner, merchant)
        state = (await begun(client, await new_owner(), merchant))["state"]
        message = error_of(await called_back(client, merchant.signed(state=state)))
        assert "another account" in message
        assert owner.name not in message
        # An exchange would have ended the tokens of whoever holds it.
        assert merchant.exchanges == 1


class TestRefusing:
    async def test_s2s_14_a_replayed_callback_is_refused(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        query = merchant.signed(state=(await begun(client, owner, merchant))["state"])
        cookies = dict(client.cookies)
        channel_of(await called_back(client, query))
        for name, value in cookies.items():
            client.cookies.set(name, value)
        assert "before" in error_of(await called_back(client, query))
        assert merchant.exchanges == 1

    async def test_s2s_14_of_two_callbacks_at_once_one_connects(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        query = merchant.signed(state=(await begun(client, owner, merchant))["state"])
        answers = await asyncio.gather(*(called_back(client, query) for _ in range(5)))
        outcomes = sorted(parse_qs(urlsplit(a.headers["location"]).query)["oauth"][0] for a in answers)
        assert outcomes == ["error"] * 4 + ["success"]
        assert merchant.exchanges == 1

    async def test_s2s_14_a_callback_in_another_browser_is_refused(
        self, visitor: Visitor, owner: Owner, merchant: FakeMerchant
    ) -> None:
        victim, attacker = visitor(), visitor()
        state = (await begun(attacker, owner, merchant))["state"]
        assert "another browser" in error_of(await called_back(victim, merchant.signed(state=state)))
        assert merchant.exchanges == 0

    async def test_s2s_14_another_browsers_cookie_does_not_help(
        self, visitor: Visitor, owner: Owner, merchant: FakeMerchant
    ) -> None:
        mine, theirs = visitor(), visitor()
        state = (await begun(mine, owner, merchant))["state"]
        name = next(iter(mine.cookies.jar)).name
        await begun(theirs, owner, merchant)
        theirs.cookies.set(name, next(iter(theirs.cookies.jar)).value or "")
        assert "another browser" in error_of(await called_back(theirs, merchant.signed(state=state)))

    async def test_s2s_14_an_expired_state_is_refused(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, container: Container
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        async with container.begin() as session:
            late = utc_now() - timedelta(seconds=1)
            await session.execute(
                update(OAuthState).where(OAuthState.address == merchant.address).values(expires_at=late)
            )
        assert "too long" in error_of(await called_back(client, merchant.signed(state=state)))

    async def test_s2s_14_a_state_of_another_shop_is_refused_and_used_up(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, internet: FakePlatforms
    ) -> None:
        other = internet.shopify.open_shop(new_mark())
        state = (await begun(client, owner, merchant))["state"]
        assert "Another shop" in error_of(await called_back(client, other.signed(state=state)))
        error_of(await called_back(client, merchant.signed(state=state)))
        assert merchant.exchanges == other.exchanges == 0

    async def test_s2s_14_a_state_that_we_never_made_is_refused(
        self, client: httpx.AsyncClient, merchant: FakeMerchant
    ) -> None:
        assert "did not ask" in error_of(await called_back(client, merchant.signed(state="0" * 64)))

    @pytest.mark.parametrize(
        "over",
        [
            {"hmac": "0" * 64},
            {"hmac": ""},
            {"hmac": "é"},
            {"shop": "evil.com"},
            {"shop": "x.myshopify.com.evil.com"},
            {"shop": "x.myshopify.com\n"},
            {"shop": "x.myshopify.com/"},
            {"code": "another"},
            {"code": ""},
            {"state": ""},
            {"state": "\x00"},
            {"timestamp": "abc"},
            {"timestamp": "1"},
            {"host": "YWRtaW4"},
        ],
        ids=ascii,
    )
    async def test_s2s_14_an_altered_callback_is_refused(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, over: dict[str, str]
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        error_of(await called_back(client, {**merchant.signed(state=state), **over}))
        assert merchant.exchanges == 0

    @pytest.mark.parametrize("name", ["shop", "hmac", "state", "code", "timestamp"])
    async def test_s2s_14_a_doubled_parameter_is_refused(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, name: str
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        query = merchant.signed(state=state)
        error_of(await called_back(client, [*query.items(), (name, query[name])]))
        assert merchant.exchanges == 0

    @pytest.mark.parametrize("shop", ["evil.com", "x.myshopify.com.evil.com", "x.myshopify.com\n"], ids=ascii)
    async def test_s2s_14_even_signed_no_other_address_is_a_shop(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, shop: str
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        error_of(await called_back(client, merchant.signed(state=state, shop=shop)))

    async def test_s2s_14_an_old_callback_is_refused_however_well_it_is_signed(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        old = merchant.signed(state=state, timestamp=str(int(time.time()) - 3600))
        assert "too old" in error_of(await called_back(client, old))

    async def test_s2s_14_a_state_is_looked_at_before_the_time_and_used_up_by_it(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        long_ago = str(int(time.time()) - 3600)
        unasked = merchant.signed(state="0" * 64, timestamp=long_ago)
        assert "did not ask" in error_of(await called_back(client, unasked))
        state = (await begun(client, owner, merchant))["state"]
        assert "too old" in error_of(await called_back(client, merchant.signed(state=state, timestamp=long_ago)))
        error_of(await called_back(client, merchant.signed(state=state)))
        assert merchant.exchanges == 0

    async def test_s2s_15_a_callback_with_nothing_leads_to_the_channels(self, client: httpx.AsyncClient) -> None:
        error_of(await called_back(client, {}))

    async def test_s2s_15_a_merchant_who_says_no_reads_that_nothing_was_changed(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        denied = {"error": "access_denied", "shop": merchant.domain, "state": state, "hmac": "0" * 64}
        assert "not agreed" in error_of(await called_back(client, denied))
        assert merchant.exchanges == 0

    async def test_s2s_15_the_message_never_repeats_the_caller(
        self, client: httpx.AsyncClient, merchant: FakeMerchant
    ) -> None:
        said = {"state": "0" * 64, "error": "evil", "message": "call +1 555", "error_description": "evil.com"}
        message = error_of(await called_back(client, merchant.signed(**said)))
        assert "evil" not in message
        assert "555" not in message

    async def test_s2s_14_somebody_who_lost_the_role_meanwhile_is_refused(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, container: Container
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        async with container.begin() as session:
            one = update(Membership).where(Membership.user_id == uuid.UUID(owner.user_id))
            await session.execute(one.values(role="staff"))
        assert "owner or an admin" in error_of(await called_back(client, merchant.signed(state=state)))


async def test_s2s_06_the_plugins_endpoint_connects_no_shop_at_shopify(
    client: httpx.AsyncClient, merchant: FakeMerchant, container: Container
) -> None:
    """Consumer keys open no such shop, and nobody but Shopify hands its tokens out."""
    merchant.rotate()
    keys = {"consumerKey": "ck_" + "a" * 40, "consumerSecret": "cs_" + "a" * 40}
    body = {"storeUrl": merchant.address, "email": f"{new_mark()}@example.com", "platform": "shopify", **keys}
    refused(await client.post(CONNECT, json=body), 401)
    async with container.begin() as session:
        assert (await session.execute(select(Store.id).where(Store.url == merchant.address))).first() is None


class TestTrouble:
    @pytest.mark.parametrize(
        "failure",
        [
            StoreUnavailable(Cause.SERVER_ERROR, "The shop answers with errors"),
            StoreRefused(Cause.SCOPE_MISSING, "Less was granted than asked for"),
        ],
        ids=["unavailable", "scope"],
    )
    async def test_s2s_15_a_shop_that_fails_us_leads_to_the_channels(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, failure: Exception
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        merchant.failure = failure
        assert error_of(await called_back(client, merchant.signed(state=state))) == str(failure)

    async def test_s2s_15_an_error_of_ours_leads_there_too_and_says_nothing_of_itself(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        merchant.failure = RuntimeError("internals")
        assert "internals" not in error_of(await called_back(client, merchant.signed(state=state)))

    async def test_s2s_14_after_a_failure_the_shop_can_be_connected_at_once(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        merchant.failure = StoreUnavailable(Cause.SERVER_ERROR, "The shop answers with errors")
        error_of(await called_back(client, merchant.signed(state=state)))
        merchant.failure = None
        await connect(client, owner, merchant)

    async def test_s2s_14_a_shop_that_refused_us_is_active_again_after_connecting_again(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, container: Container
    ) -> None:
        store_id = await connect(client, owner, merchant)
        async with container.begin() as session:
            await session.execute(update(Store).where(Store.id == store_id).values(state="needs_reauth"))
        assert (await client.get(ACCOUNT, headers=owner.auth)).json()["connected"] is False
        assert await connect(client, owner, merchant) == store_id
        assert (await client.get(ACCOUNT, headers=owner.auth)).json()["connected"] is True
        async with container.begin() as session:
            events = select(Event.type).where(Event.organization_id == uuid.UUID(owner.organization_id))
            assert (await session.execute(events)).scalars().all().count("store.connected") == 2


class TestChangingTheSecret:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        shopify = Shopify(
            client_id=CLIENT_ID, client_secret="a newer secret of tests, 32 bytes", client_secret_old=SECRET
        )
        return msgspec.structs.replace(settings, shopify=shopify)

    @pytest.mark.parametrize("secret", [SECRET, "a newer secret of tests, 32 bytes"], ids=["old", "new"])
    async def test_s2s_14_callbacks_signed_with_either_secret_count(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant, secret: str
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        channel_of(await called_back(client, merchant.signed(state=state, secret=secret)))

    async def test_s2s_14_no_third_one_does(
        self, client: httpx.AsyncClient, owner: Owner, merchant: FakeMerchant
    ) -> None:
        state = (await begun(client, owner, merchant))["state"]
        error_of(await called_back(client, merchant.signed(state=state, secret="a third")))
