"""Our side of OAuth against a simulated shop: consent, code, ID token, renewal, and the ways they go wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from backend.gateways.outbound import GuardedClients
from backend.ports.platform_errors import Cause, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.shopify_app import NotGenuine
from backend.settings import Outbound, Shopify
from plugin_bridge.shopify.app import ShopifyApplication
from plugin_bridge.shopify.scopes import SCOPES
from plugin_bridge.shopify.tokens import ShopifyTokens
from tests.support.shopify import ShopifyShop, shopify_shop

pytestmark = pytest.mark.anyio
RETURN_TO = "http://127.0.0.1:1/api/shopify/oauth/callback"


@pytest.fixture(scope="module")
def served() -> Iterator[ShopifyShop]:
    with shopify_shop(1) as shop:
        yield shop


@pytest.fixture
def shop(served: ShopifyShop) -> Iterator[ShopifyShop]:
    served.install()
    yield served
    served.clear_faults()


def app_of(shop: ShopifyShop, *, read_timeout_s: float = 15.0, secret: str = "") -> ShopifyApplication:
    settings = Shopify(
        client_id=shop.client_id, client_secret=secret or shop.client_secret, shop_url=shop.shop_url_template
    )
    place = urlsplit(shop.store_url).netloc
    clients = GuardedClients(Outbound(allowed_private_hosts=(place,)))
    tokens = ShopifyTokens(clients, settings, read_timeout_s=read_timeout_s)
    return ShopifyApplication(clients, settings, tokens)


def agreed(shop: ShopifyShop, app: ShopifyApplication) -> list[tuple[str, str]]:
    """Follow our own address of the consent page, and return what the merchant's browser brings back."""
    url = app.consent_url(shop.domain, state="5f" * 16, redirect_uri=RETURN_TO)
    answer = httpx.get(f"{url}&auto=1", trust_env=False)
    assert answer.status_code == 302, answer.text
    return parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True)


def works(shop: ShopifyShop, token: str) -> bool:
    return shop.post_graphql(token, "{ shop { name } }").status_code == 200


async def test_consent_becomes_a_token_that_opens_the_shop(shop: ShopifyShop) -> None:
    app = app_of(shop)
    said = app.check_callback(agreed(shop, app))
    app.check_fresh(said, datetime.now(UTC))
    assert (said.shop, said.state) == (shop.domain, "5f" * 16)
    kept = await app.exchange_code(said.shop, said.code)
    assert works(shop, kept["access_token"])
    assert set(kept["scope"].split(",")) == set(SCOPES)
    assert 3_500 < (datetime.fromisoformat(kept["expires_at"]) - datetime.now(UTC)).total_seconds() <= 3_600


async def test_a_code_works_once(shop: ShopifyShop) -> None:
    app = app_of(shop)
    code = dict(agreed(shop, app))["code"]
    await app.exchange_code(shop.domain, code)
    with pytest.raises(StoreRefused) as caught:
        await app.exchange_code(shop.domain, code)
    assert caught.value.cause is Cause.REFUSED


async def test_a_shop_that_grants_less_is_not_connected(shop: ShopifyShop) -> None:
    app = app_of(shop)
    code = shop.consent(RETURN_TO, scope="read_products")["code"]
    with pytest.raises(StoreRefused) as caught:
        await app.exchange_code(shop.domain, code)
    assert caught.value.cause is Cause.SCOPE_MISSING


async def test_an_id_token_becomes_a_token_that_opens_the_shop(shop: ShopifyShop) -> None:
    app = app_of(shop)
    token = shop.id_token()["id_token"]
    assert app.check_id_token(token, datetime.now(UTC)).shop == shop.domain
    kept = await app.exchange_id_token(shop.domain, token)
    assert works(shop, kept["access_token"])


async def test_what_is_not_an_id_token_of_this_app_gets_no_token(shop: ShopifyShop) -> None:
    app = app_of(shop)
    token = shop.id_token()["id_token"]
    with pytest.raises(NotGenuine):
        app_of(shop, secret="another-secret-of-32-characters!").check_id_token(token, datetime.now(UTC))
    with pytest.raises(StoreRefused) as caught:
        await app.exchange_id_token(shop.domain, token[:-3] + "abc")
    assert caught.value.cause is Cause.REFUSED


async def test_a_wrong_client_secret_is_the_operators_matter(shop: ShopifyShop) -> None:
    app = app_of(shop, secret="another-secret-of-32-characters!")
    with pytest.raises(StoreRefused) as caught:
        await app.renew(shop.domain, shop.install())
    assert caught.value.cause is Cause.WRONG_SECRET


async def test_a_renewal_brings_a_new_pair_and_the_old_pair_ends_with_its_use(shop: ShopifyShop) -> None:
    app = app_of(shop)
    first = shop.install()
    second = await app.renew(shop.domain, first)
    assert second["refresh_token"] != first["refresh_token"]
    assert works(shop, second["access_token"])
    third = await app.renew(shop.domain, second)
    assert works(shop, third["access_token"])
    with pytest.raises(StoreRefused) as caught:
        await app.renew(shop.domain, first)
    assert caught.value.cause is Cause.KEY_REVOKED


async def test_a_renewal_whose_answer_is_lost_can_be_made_again(shop: ShopifyShop) -> None:
    first = shop.install()
    shop.fault("token_answer_lost", next=1)
    with pytest.raises(StoreUnavailable) as caught:
        await app_of(shop, read_timeout_s=0.5).renew(shop.domain, first)
    assert caught.value.cause is Cause.TIMEOUT
    again = await app_of(shop).renew(shop.domain, first)
    assert works(shop, again["access_token"])


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("server_error", Cause.SERVER_ERROR), ("html", Cause.NOT_JSON), ("truncated_json", Cause.NOT_JSON)],
    ids=["server_error", "html", "truncated_json"],
)
async def test_trouble_of_the_shop_does_not_cost_the_connection(shop: ShopifyShop, kind: str, cause: Cause) -> None:
    first = shop.install()
    shop.fault(kind, next=1)
    with pytest.raises(StoreUnavailable) as caught:
        await app_of(shop).renew(shop.domain, first)
    assert caught.value.cause is cause
    assert works(shop, (await app_of(shop).renew(shop.domain, first))["access_token"])


async def test_a_busy_shop_says_when_to_come_again(shop: ShopifyShop) -> None:
    first = shop.install()
    shop.fault("rate_limited", next=1, retry_after=3)
    with pytest.raises(StoreThrottled) as caught:
        await app_of(shop).renew(shop.domain, first)
    assert caught.value.retry_after_s == 3.0


async def test_a_revoked_chain_needs_the_merchant(shop: ShopifyShop) -> None:
    first = shop.install()
    shop.fault("token_revoked", next=1)
    with pytest.raises(StoreRefused) as caught:
        await app_of(shop).renew(shop.domain, first)
    assert caught.value.cause is Cause.KEY_REVOKED


async def test_a_token_exchange_heals_a_revoked_chain(shop: ShopifyShop) -> None:
    first = shop.install()
    shop.fault("token_revoked", next=1)
    with pytest.raises(StoreRefused):
        await app_of(shop).renew(shop.domain, first)
    shop.clear_faults()
    kept = await app_of(shop).exchange_id_token(shop.domain, shop.id_token()["id_token"])
    assert works(shop, kept["access_token"])
