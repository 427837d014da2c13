"""The connection in the admin: made on the first visit, healed on the next one, and what is said where that fails."""

from collections.abc import Callable

import httpx
import pytest

from backend.models.stores import Store
from backend.ports.platform_errors import Cause, StoreRefused, StoreUnavailable
from backend.wiring import Container
from tests.support.admin import NewMerchant, host_of
from tests.support.fake_stores import FakePlatforms
from tests.support.panel import Shown, add_run
from tests.support.plugin_api import new_mark

pytestmark = pytest.mark.anyio


async def test_s2s_14_the_first_visit_connects_the_shop_and_begins_to_read_it(
    internet: FakePlatforms, browser: Callable[[], httpx.AsyncClient]
) -> None:
    shop = internet.shopify.open_shop(new_mark())
    query = {"shop": shop.domain, "host": host_of(shop.domain), "id_token": shop.id_token()}
    shown = Shown(await browser().get("/app", params=query))
    assert shop.name in shown.text
    assert "Your catalog is being read for the first time" in shown.text
    assert "Waiting for its turn" in shown.text
    assert "No feed yet." in shown.text


@pytest.mark.parametrize("state", ["needs_reauth", "disconnected"])
async def test_opening_the_page_connects_a_shop_again(
    state: str, new_merchant: NewMerchant, container: Container
) -> None:
    merchant = await new_merchant(state=state, state_reason="key_revoked: no")
    assert "Connected" in (await merchant.see()).text
    async with container.begin() as session:
        assert (await session.get_one(Store, merchant.store.id)).state == "active"


async def test_a_shop_that_does_not_let_us_in_again_says_so_and_shows_what_there_is(
    new_merchant: NewMerchant, container: Container
) -> None:
    reason = "key_revoked: Shopify took the access away"
    merchant = await new_merchant(state="needs_reauth", state_reason=reason)
    await add_run(container, merchant.store)
    merchant.fake.failure = StoreUnavailable(Cause.TIMEOUT, "Shopify does not answer")
    shown = await merchant.see()
    for told in ("Access lost", "Shopify took the access away.", "Close the app and open it again", "1,234"):
        assert told in shown.text
    assert not shown.all("//*[@data-sync]")
    assert (await merchant.fetch("/app/status")).json()["storeState"] == "needs_reauth"
    refused = await merchant.fetch("/app/sync", "POST")
    assert (refused.status_code, refused.json()["code"]) == (409, "STORE_NOT_CONNECTED")


async def test_a_shop_that_was_let_go_and_cannot_come_back_shows_nothing(
    new_merchant: NewMerchant, container: Container
) -> None:
    merchant = await new_merchant(state="disconnected")
    merchant.fake.failure = StoreUnavailable(Cause.TIMEOUT, "Shopify does not answer")
    shown = await merchant.see(status=502)
    assert "Shopify does not answer" in shown.text
    assert merchant.store.name not in shown.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreRefused(Cause.REFUSED, "Shopify did not take the proof"), 400),
        (StoreRefused(Cause.KEY_REVOKED, "Shopify took the access away"), 401),
        (StoreUnavailable(Cause.TIMEOUT, "Shopify does not answer"), 502),
    ],
    ids=["refused", "revoked", "away"],
)
async def test_a_first_visit_that_cannot_connect_says_why_and_what_to_do(
    error: Exception, status: int, internet: FakePlatforms, browser: Callable[[], httpx.AsyncClient]
) -> None:
    shop = internet.shopify.open_shop(new_mark())
    shop.failure = error
    client = browser()
    response = await client.get("/app", params={"shop": shop.domain, "id_token": shop.id_token()})
    assert response.status_code == status
    assert str(error) in Shown(response).text
    assert "Close the app and open it again" in Shown(response).text
    assert response.headers["content-security-policy"].startswith(f"frame-ancestors https://{shop.domain} ")
    told = await client.get("/app/status", headers={"Authorization": f"Bearer {shop.id_token()}"})
    assert told.status_code == status
    assert str(error) in told.json()["error"]
    assert "x-shopify-retry-invalid-session-request" not in told.headers
