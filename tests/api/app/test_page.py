"""The first page in the admin, and the page of one run."""

import pytest

from backend.models.feeds import Feed
from backend.models.sync import SyncRun
from backend.wiring import Container
from tests.support.admin import Merchant, NewMerchant
from tests.support.fake_shopify import CLIENT_ID
from tests.support.panel import add_product, add_run, add_store
from tests.support.plugin_api import new_mark

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert('x')</script>\"'>"


async def add_feed(container: Container, merchant: Merchant, *, publish: bool = True, title: str = "") -> Feed:
    async with container.transaction() as services:
        actor = await container.operator_for_store(merchant.store.id)
        return await services.feeds.create(
            actor, slug=f"feed-{new_mark()}", output="xml", title=title or None, publish=publish
        )


async def test_s2s_14_it_shows_the_connection_and_what_came_of_the_last_sync(
    merchant: Merchant, container: Container
) -> None:
    await add_run(container, merchant.store, stats={"products_added": 999}, state="failed")
    run = await add_run(container, merchant.store, issues=12)
    await add_product(container, merchant.person, "Lantern", store=merchant.store)
    shown = await merchant.see()
    for part in ("Lamp Shop", "Connected", "Completed", "took 8.0 s", "price_unreadable × 12 The price cannot be read"):
        assert part in shown.text
    rows = [[cell.text for cell in row] for row in shown.all("//table[@class='counts']//tr")]
    assert rows == [
        [None, "Added", "Updated", "Removed", "Unchanged"],
        ["Products", "7", "3", "2", "1,234"],
        ["Variants", "0", "40", "0", "0"],
    ]
    assert shown.all("//*[@id='products']/text()") == ["1"]
    assert any(link.startswith(f"/app/runs/{run.id}?shop={merchant.shop}&host=") for link in shown.links)
    assert len(shown.all("//details/p[@class]")) == 1


async def test_app_bridge_comes_first_and_the_page_holds_no_script_of_its_own(merchant: Merchant) -> None:
    shown = await merchant.see()
    sources = [str(one) for one in shown.all("//script/@src")]
    assert sources[:2] == [
        "https://cdn.shopify.com/shopifycloud/app-bridge.js",
        "https://cdn.shopify.com/shopifycloud/polaris-1.js",
    ]
    assert not shown.all("//head/script[1][@async or @defer or @type]")
    assert shown.all("//head/meta[@name='shopify-api-key']/@content") == [CLIENT_ID]
    assert not shown.all("//style | //*[@style] | //script[not(@src)] | //*[@onclick] | //form")
    for address in [*sources[2:], *shown.all("//link/@href")]:
        assert (await merchant.client.get(str(address))).status_code == 200


async def test_its_feeds_have_addresses_to_copy(merchant: Merchant, container: Container) -> None:
    public, hidden = (
        await add_feed(container, merchant, title="For Google"),
        await add_feed(container, merchant, publish=False),
    )
    shown = await merchant.see()
    addresses = [f"https://hub.example.com/api/public/feeds/{feed.slug}" for feed in (public, hidden)]
    assert set(shown.all("//ul[@class='feeds']//input[@readonly]/@value")) == set(addresses)
    assert "For Google Public XML · being generated" in shown.text
    assert "Not public" in shown.text
    assert "No feed yet" not in shown.text


async def test_a_new_merchant_is_told_what_to_do(merchant: Merchant) -> None:
    shown = await merchant.see()
    assert "The shop was not read yet. “Sync now” brings its products in." in shown.text
    assert "No feed yet." in shown.text
    assert "https://hub.example.com/panel/feeds" in shown.links
    assert len(shown.all("//*[@data-sync]")) == 2
    assert "needs JavaScript" in shown.all("//noscript")[0].text_content()


async def test_the_first_sync_is_shown_while_it_is_under_way(merchant: Merchant, container: Container) -> None:
    stats = {"products_added": 300, "expected_products": 1000}
    await add_run(container, merchant.store, state="running", finished_at=None, stats=stats)
    shown = await merchant.see()
    assert "Your catalog is being read for the first time" in shown.text
    assert "300 of 1,000 products read" in shown.text
    assert shown.all("//progress/@value") == ["300"]
    assert shown.all("//*[@id='live' and @data-live]")
    assert len(shown.all("//*[@data-sync and @disabled]")) == 2
    told = (await merchant.fetch("/app/status")).json()
    assert told["run"]["productsRead"] == 300
    assert told["run"]["productsExpected"] == 1000
    assert told["run"]["line"] == "300 of 1,000 products read"
    assert told["run"]["unfinished"] is True


@pytest.mark.parametrize("state", ["failed", "held"])
async def test_a_sync_that_went_wrong_says_why(state: str, merchant: Merchant, container: Container) -> None:
    await add_run(container, merchant.store, state=state, error_code="x", error_message="It shrank too much.")
    shown = await merchant.see()
    assert "It shrank too much." in shown.text
    assert shown.all("//*[@data-sync and not(@disabled)]")


async def test_sync_now_starts_one_run_however_often_it_is_pressed(merchant: Merchant, container: Container) -> None:
    first = await merchant.fetch("/app/sync", "POST")
    again = await merchant.fetch("/app/sync", "POST")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["run"] == again.json()["run"]
    assert first.json()["run"]["state"] == "queued"
    assert first.json()["run"]["line"] == "Waiting for its turn"
    async with container.begin() as session:
        run = await session.get_one(SyncRun, first.json()["run"]["id"])
    assert run.store_id == merchant.store.id


async def test_it_shows_nothing_of_another_shop(
    merchant: Merchant, new_merchant: NewMerchant, container: Container
) -> None:
    stranger = await new_merchant(name="Of somebody else")
    feed = await add_feed(container, stranger)
    foreign = await add_run(container, stranger.store, issues=1)
    shown = await merchant.see()
    for told in ("Of somebody else", feed.slug, str(foreign.id), stranger.shop):
        assert told not in shown.source
    await merchant.see(f"/app/runs/{foreign.id}", 404)
    await stranger.see(f"/app/runs/{foreign.id}")


async def test_it_shows_no_run_of_another_shop_of_the_same_account(merchant: Merchant, container: Container) -> None:
    sister = await add_store(container, merchant.person, name="Sister shop")
    run = await add_run(container, sister, state="running", finished_at=None)
    assert "Sister shop" not in (await merchant.see()).text
    assert (await merchant.fetch("/app/status")).json()["run"] is None
    await merchant.see(f"/app/runs/{run.id}", 404)


async def test_a_run_shows_all_its_issues(merchant: Merchant, container: Container) -> None:
    run = await add_run(container, merchant.store, issues=40)
    shown = await merchant.see(f"/app/runs/{run.id}")
    assert len(shown.all("//div[@class='scroll']//tbody/tr[code or td/code]")) == 40
    assert any(link.startswith(f"/app?shop={merchant.shop}") for link in shown.links)


async def test_a_link_without_a_token_comes_back_to_its_page(merchant: Merchant, container: Container) -> None:
    run = await add_run(container, merchant.store)
    shown = await merchant.see()
    link = next(one for one in shown.links if str(run.id) in one)
    response = await merchant.client.get(link)
    assert response.status_code == 302
    assert str(run.id) in response.headers["location"]


async def test_texts_of_a_shop_are_shown_and_not_run(new_merchant: NewMerchant, container: Container) -> None:
    merchant = await new_merchant(name=HOSTILE)
    run = await add_run(container, merchant.store, state="failed", error_message=HOSTILE, error_code=HOSTILE)
    await add_feed(container, merchant, title=HOSTILE)
    for path in ("/app", f"/app/runs/{run.id}"):
        shown = await merchant.see(path)
        assert HOSTILE in shown.tree.text_content()
        assert not shown.all("//script[not(@src)]")
        assert "<script>alert" not in shown.source
