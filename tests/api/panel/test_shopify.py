"""Connecting Shopify stores in the panel: to the consent page, back again, and once more when a store refuses us."""

from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.fake_shopify import CLIENT_ID, SECRET, FakeMerchant
from tests.support.fake_stores import FakePlatforms
from tests.support.panel import Person, Shown, add_store, set_role
from tests.support.plugin_api import new_mark

pytestmark = pytest.mark.anyio

PAGE, CONNECT = "/panel/stores/connect", "/panel/stores/connect/shopify"


@pytest.fixture
def merchant(internet: FakePlatforms) -> FakeMerchant:
    return internet.shopify.open_shop(new_mark())


class TestConfigured:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, shopify=Shopify(client_id=CLIENT_ID, client_secret=SECRET))

    async def test_a_shop_is_connected_by_its_name(self, owner: Person, merchant: FakeMerchant) -> None:
        name = merchant.domain.removesuffix(".myshopify.com")
        leading = Shown(await owner.send(PAGE, CONNECT, shop=name))
        assert leading.status == 200
        (url,) = [link for link in leading.links if "/admin/oauth/authorize" in link]
        assert url in leading.all("//meta[@http-equiv='refresh']/@content")[0]
        assert urlsplit(url).netloc == merchant.domain
        state = parse_qs(urlsplit(url).query)["state"][0]
        back = await owner.client.get("/api/shopify/oauth/callback", params=merchant.signed(state=state))
        shown = await followed(owner, back)
        for part in ("The platform has given access to the store.", merchant.name, "Shopify", "Connected"):
            assert part in shown.text

    async def test_a_refused_callback_ends_in_the_panel_with_our_words(
        self, owner: Person, merchant: FakeMerchant
    ) -> None:
        await owner.send(PAGE, CONNECT, shop=merchant.domain)
        back = await owner.client.get("/api/shopify/oauth/callback", params=merchant.signed(state="0" * 64))
        shown = await followed(owner, back)
        assert "The store was not connected." in shown.text
        assert "We did not ask for this connection" in shown.text

    @pytest.mark.parametrize("typed", ["evil.com", "x.myshopify.com.evil.com", "", "a b", "\x00"], ids=ascii)
    async def test_what_is_no_shop_stands_beside_its_field(self, owner: Person, typed: str) -> None:
        response = await owner.send(PAGE, CONNECT, shop=typed)
        assert response.status_code == 400
        (wrong,) = Shown(response).all("//span[@role='alert']")
        assert "mystore.myshopify.com" in wrong.text_content()

    async def test_a_store_that_refuses_us_is_connected_again_by_the_same_form(
        self, owner: Person, merchant: FakeMerchant, container: Container
    ) -> None:
        values = {"platform": "shopify", "url": merchant.address, "state": "needs_reauth"}
        await add_store(container, owner, **values, state_reason="key_revoked: Shopify gave newer tokens")
        shown = await owner.see("/panel")
        assert "Shopify gave newer tokens" in shown.text
        (again,) = [link for link in shown.links if link.startswith(PAGE + "?")]
        assert (await owner.see(again)).fields(CONNECT)["shop"] == merchant.address
        leading = Shown(await owner.send(again, CONNECT))
        assert any(merchant.domain in link for link in leading.links)

    async def test_staff_cannot_begin_by_sending_the_form(
        self, owner: Person, container: Container, merchant: FakeMerchant
    ) -> None:
        await set_role(container, owner, "staff")
        typed = {"form_token": await owner.token(), "shop": merchant.domain}
        assert (await owner.client.post(CONNECT, data=typed)).status_code == 403


async def test_without_an_app_the_page_says_who_has_to_do_what(owner: Person) -> None:
    shown = await owner.see(PAGE)
    assert "its operator has to set SHOPIFY_CLIENT_ID" in shown.text
    assert shown.all("//input[@name='shop']") == []
    assert shown.fields(PAGE)["url"] == ""


async def followed(owner: Person, response: httpx.Response) -> Shown:
    """Follow redirects on ourselves to a page."""
    for _ in range(5):
        if response.status_code != 303:
            return Shown(response)
        target = urlsplit(response.headers["location"])
        assert target.netloc == ""
        response = await owner.client.get(f"{target.path}?{target.query}")
    raise AssertionError(response.headers["location"])
