"""Connecting a Shopify store as a person does it: the panel's form, the shop's consent page, and back."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from backend.gateways.outbound import GuardedClients
from backend.gateways.shop_budget import LocalShopBudget
from backend.settings import Outbound, Settings, Shopify
from backend.wiring import Container
from plugin_bridge.registry import Registry
from plugin_bridge.shopify.app import ShopifyApplication
from tests.browser.test_panel import log_in, text_of
from tests.support.chromium import Chromium
from tests.support.panel import Person
from tests.support.plugin_api import new_mark
from tests.support.shopify import ShopifyShop, shopify_shop

pytestmark = pytest.mark.anyio


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(1, key=f"seen-{new_mark()}", name="Lampenladen") as made:
        yield made


@pytest.fixture
def settings(settings: Settings, shop: ShopifyShop) -> Settings:
    app = Shopify(client_id=shop.client_id, client_secret=shop.client_secret, shop_url=shop.shop_url_template)
    outbound = Outbound(allowed_private_hosts=("127.0.0.1",))
    return msgspec.structs.replace(settings, shopify=app, outbound=outbound)


@pytest.fixture
def container(container: Container) -> Container:
    """The wiring with the real internet, which other tests replace."""
    clients = GuardedClients(container.settings.outbound)
    container.platforms = Registry(clients, container.settings, LocalShopBudget())
    container.shopify_app = ShopifyApplication(clients, container.settings.shopify)
    return container


@pytest.fixture
def reached(container: Container, base_url: str) -> Container:
    """The wiring that knows at which address it is reached."""
    web = msgspec.structs.replace(container.settings.web, public_url=base_url)
    container.settings = msgspec.structs.replace(container.settings, web=web)
    return container


async def test_s2s_15_a_person_connects_a_shop_and_comes_back_to_the_panel(
    chromium: Chromium, base_url: str, owner: Person, reached: Container, shop: ShopifyShop, aside: Any
) -> None:
    def person() -> None:
        page = chromium.page()
        log_in(page, base_url, owner)
        page.open(f"{base_url}/panel/stores/connect")
        page.fill("#shop", shop.key)
        page.click("#shopify button.primary")
        page.wait_for("location.pathname.endsWith('/admin/oauth/authorize')")
        assert shop.domain in text_of(page, "body")
        page.click("button[value='install']")
        page.wait_for("location.pathname == '/panel' || location.pathname == '/panel/'")
        shown = text_of(page)
        for part in ("The platform has given access to the store.", "Lampenladen", "Connected"):
            assert part in shown, shown

    await aside(person)


async def test_s2s_14_a_page_of_somebody_else_cannot_have_a_merchant_agree_to_it(
    chromium: Chromium, base_url: str, owner: Person, reached: Container, shop: ShopifyShop, aside: Any
) -> None:
    """The attacker begins in a browser of their own and has the merchant open the consent page."""
    actor = await reached.authenticator.authenticate(await token_of(reached, owner))
    begun = await reached.shopify_oauth.begin(actor, shop.key)

    def merchant() -> None:
        page = chromium.page()
        page.open(begun.url + "&auto=1")
        page.wait_for("location.pathname.startsWith('/panel/login')")

    await aside(merchant)
    async with reached.transaction() as services:
        assert await services.stores.stores(actor) == []


async def token_of(container: Container, person: Person) -> str:
    async with container.transaction() as services:
        return str(await services.access.token_for(person.email))
