"""The life of a connection, with the real client and a simulated shop: consent, expiry, loss, and back again."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from backend.domain.stores.opening import StoreOpening
from backend.kit.errors import DomainError
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from backend.ports.platform_errors import StoreRefused, StoreUnavailable
from backend.settings import Shopify, Web
from tests.support.plugin_api import new_mark
from tests.support.product import Workbench
from tests.support.shopify import ShopifyShop, shopify_shop

pytestmark = pytest.mark.anyio

TOKENS = "/admin/oauth/access_token"


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(3, key=f"life-{new_mark()}", options={"bulk_delay_s": 0.02}) as made:
        yield made


@pytest.fixture
async def bench(database_url: str, redis_url: str, tmp_path: Path, shop: ShopifyShop) -> AsyncIterator[Workbench]:
    app = Shopify(client_id=shop.client_id, client_secret=shop.client_secret, shop_url=shop.shop_url_template)
    # The simulated shop sends merchants back to loopback, whatever listens there.
    made = Workbench(database_url, redis_url, tmp_path, shopify=app, web=Web(public_url="http://127.0.0.1:1"))
    yield made
    await made.aclose()


async def connect(bench: Workbench, shop: ShopifyShop, actor: Actor) -> Store:
    """Begin, agree on the shop's consent page, come back."""
    oauth = bench.container.shopify_oauth
    begun = await oauth.begin(actor, shop.key)
    agreed = await asyncio.to_thread(httpx.get, begun.url + "&auto=1", trust_env=False)
    query = parse_qsl(urlsplit(agreed.headers["location"]).query, keep_blank_values=True)
    return await oauth.finish(query, begun.browser)


async def pulled(bench: Workbench, actor: Actor, store: Store, mode: str = "delta") -> SyncRun:
    """Ask for a pull and work it off; exports make the shop's answers late, so the job comes by several times."""
    async with bench.container.transaction() as services:
        requested = await services.sync.request_pull(actor, store.id, mode=mode)
    deadline = time.monotonic() + 60
    while (run := await bench.run(actor, requested.id)).state in ("queued", "running"):
        assert time.monotonic() < deadline, run.stats
        await bench.work_off()
        await asyncio.sleep(0.05)
    return run


def token_calls(shop: ShopifyShop) -> int:
    return sum(urlsplit(one["path"]).path.endswith(TOKENS) for one in shop.requests)


async def state_of(bench: Workbench, store: Store) -> str:
    return str(await bench.value("SELECT state FROM stores WHERE id = :id", id=store.id))


async def test_s2s_14_a_shop_is_connected_read_and_its_expired_token_renewed_once(
    bench: Workbench, shop: ShopifyShop
) -> None:
    actor = await bench.organization()
    store = await connect(bench, shop, actor)
    assert (store.platform, store.url, store.state) == ("shopify", f"https://{shop.domain}", "active")
    assert (await pulled(bench, actor, store, "full")).state == "completed"
    products = await bench.value("SELECT count(*) FROM products WHERE organization_id = :id", id=actor.tenant)
    assert products == 3
    before = token_calls(shop)
    shop.control("POST", "expire_access_token")
    assert (await pulled(bench, actor, store)).state == "completed"
    assert token_calls(shop) == before + 1


async def test_ten_workers_that_meet_an_expired_token_make_one_call(bench: Workbench, shop: ShopifyShop) -> None:
    store = await connect(bench, shop, await bench.organization())
    shop.control("POST", "expire_access_token")
    before = token_calls(shop)
    opening = StoreOpening(bench.container.begin, bench.container.sealer, bench.container.platforms)

    async def name() -> str:
        opened = await opening.open(store)
        try:
            return (await opened.identify()).name
        finally:
            await opened.aclose()

    assert len(set(await asyncio.gather(*(name() for _ in range(10))))) == 1
    assert token_calls(shop) == before + 1


async def test_an_answer_that_is_lost_is_asked_for_again_with_the_same_token(
    bench: Workbench, shop: ShopifyShop
) -> None:
    """The shop has given new tokens that we never got; the old refresh token still brings newer ones."""
    store = await connect(bench, shop, await bench.organization())
    shop.control("POST", "expire_access_token")
    shop.fault("token_answer_lost", next=1, seconds=0.1)
    opening = StoreOpening(bench.container.begin, bench.container.sealer, bench.container.platforms)
    opened = await opening.open(store)
    try:
        with pytest.raises(StoreUnavailable):
            await opened.identify()
    finally:
        await opened.aclose()
    assert await state_of(bench, store) == "active"
    again = await opening.open(store)
    try:
        assert (await again.identify()).url == store.url
    finally:
        await again.aclose()


async def test_s2s_10_a_shop_whose_tokens_are_gone_rests_and_says_so_until_the_page_is_opened(
    bench: Workbench, shop: ShopifyShop
) -> None:
    actor = await bench.organization()
    store = await connect(bench, shop, actor)
    assert (await pulled(bench, actor, store, "full")).state == "completed"
    shop.control("POST", "revoke_tokens")
    run = await pulled(bench, actor, store)
    assert (run.state, run.error_code) == ("failed", "key_revoked")
    assert await state_of(bench, store) == "needs_reauth"
    events = "SELECT count(*) FROM events WHERE organization_id = :id AND type = 'store.needs_reauth'"
    assert await bench.value(events, id=actor.tenant) == 1
    async with bench.container.transaction() as services:
        assert not (await services.stores.account_status(actor)).connected
    with pytest.raises(DomainError) as caught:
        await pulled(bench, actor, store)
    assert caught.value.code == "STORE_NOT_CONNECTED"
    # No merchant has to agree to anything: the next load of the embedded page brings new tokens.
    visit = await bench.container.embedded_entry.enter(shop.id_token()["id_token"])
    assert (visit.store.id, visit.store.state) == (store.id, "active")
    assert (await pulled(bench, actor, store)).state == "completed"


async def test_a_shop_that_uninstalled_the_app_is_connected_again_by_its_consent_page(
    bench: Workbench, shop: ShopifyShop
) -> None:
    actor = await bench.organization()
    store = await connect(bench, shop, actor)
    shop.control("POST", "uninstall")
    run = await pulled(bench, actor, store)
    assert run.state == "failed"
    assert await state_of(bench, store) == "needs_reauth"
    assert (await connect(bench, shop, actor)).id == store.id
    assert (await pulled(bench, actor, store, "full")).state == "completed"


async def test_a_shop_nobody_knows_comes_in_by_the_page_alone(bench: Workbench, shop: ShopifyShop) -> None:
    visits = await asyncio.gather(
        *(bench.container.embedded_entry.enter(shop.id_token()["id_token"]) for _ in range(3))
    )
    assert len({visit.store.id for visit in visits}) == 1
    assert await bench.value("SELECT count(*) FROM stores WHERE url = :url", url=visits[0].store.url) == 1
    opening = StoreOpening(bench.container.begin, bench.container.sealer, bench.container.platforms)
    opened = await opening.open(visits[0].store)
    try:
        assert (await opened.identify()).url == visits[0].store.url
    finally:
        await opened.aclose()


async def test_a_code_that_was_used_brings_nothing(bench: Workbench, shop: ShopifyShop) -> None:
    code = shop.consent("http://127.0.0.1:1/api/shopify/oauth/callback")["code"]
    await bench.container.shopify_app.exchange_code(shop.domain, code)
    with pytest.raises(StoreRefused):
        await bench.container.shopify_app.exchange_code(shop.domain, code)
