"""S2S-06..08: connecting a store."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from backend.domain.stores.connecting import ConnectRequest
from backend.models.events import Event
from backend.models.stores import Store, StoreCredentials
from backend.ports.platform_errors import Cause, StoreRefused, StoreThrottled, StoreUnavailable, UnsafeAddress
from backend.wiring import Container
from tests.support.fake_stores import FakePlatforms
from tests.support.plugin_api import CONNECT, NewOwner, NewPlugin, account, new_mark, refused
from tests.support.running_jobs import queued_jobs

pytestmark = pytest.mark.anyio


@pytest.fixture
def email() -> str:
    return f"m-{new_mark()}@example.com"


async def test_s2s_07_a_new_store_answers_201(new_plugin: NewPlugin, email: str) -> None:
    response = await new_plugin().connect(email)
    assert response.status_code == 201
    made = response.json()
    assert set(made) == {"success", "token", "channelId", "message"}
    assert made["success"] is True
    assert made["message"] == "Store connected successfully"
    assert uuid.UUID(made["channelId"]).version == 7


async def test_s2s_07_the_token_shows_the_connected_account(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    token = (await plugin.connect(email)).json()["token"]
    assert (await account(plugin.client, token)).items() >= {"connected": True, "email": email}.items()


async def test_s2s_07_reconnect_answers_200_with_the_same_channel(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    first = (await plugin.connect(email)).json()
    again = await plugin.connect(email)
    assert again.status_code == 200
    assert again.json()["channelId"] == first["channelId"]
    assert again.json()["message"] == "Store connected successfully"


async def test_s2s_07_registering_first_and_then_connecting_is_201(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    await plugin.register(email)
    response = await plugin.connect(email)
    assert response.status_code == 201
    assert (await account(plugin.client, response.json()["token"]))["connected"] is True


async def test_s2s_07_connect_records_the_event_and_a_full_pull(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    channel = uuid.UUID((await plugin.connect(email)).json()["channelId"])
    assert len(await queued_jobs(container, "sync.pull_store")) >= 1
    async with container.begin() as session:
        store = await session.get(Store, channel)
        assert store is not None
        query = select(Event.type).where(Event.organization_id == store.organization_id)
        assert list((await session.execute(query)).scalars()) == ["store.connected"]
    assert (store.state, store.platform, store.url, store.name, store.currency, store.plugin_version) == (
        "active",
        "woocommerce",
        plugin.url,
        "A shop",
        "EUR",
        "1.1.0",
    )


async def test_s2s_07_connecting_twice_at_once_makes_one_store(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    answers = await asyncio.gather(*(plugin.connect(email) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["channelId"] for answer in answers}) == 1
    async with container.begin() as session:
        query = select(func.count()).select_from(Store).where(Store.url == plugin.url)
        assert (await session.execute(query)).scalar_one() == 1


async def test_s2s_07_two_accounts_connecting_one_store_at_once_leave_one_holder(new_plugin: NewPlugin) -> None:
    plugin = new_plugin()
    answers = await asyncio.gather(*(plugin.connect(f"m-{new_mark()}@example.com") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]


async def test_s2s_06_the_keys_are_sealed_in_the_database(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    channel = uuid.UUID((await plugin.connect(email)).json()["channelId"])
    async with container.begin() as session:
        row = await session.get(StoreCredentials, channel)
    assert row is not None
    assert plugin.shop.consumer_secret.encode() not in row.sealed
    assert plugin.shop.consumer_key.encode() not in row.sealed
    assert row.key_id == container.sealer.key_id


async def test_s2s_08_connect_asks_the_store_itself(new_plugin: NewPlugin, email: str, internet: FakePlatforms) -> None:
    plugin = new_plugin()
    await plugin.connect(email)
    assert internet.visits == [plugin.url]


@pytest.mark.parametrize(
    ("field", "value", "status", "code"),
    [
        ("consumerKey", "ck_" + "f" * 40, 401, "KEY_REVOKED"),
        ("consumerSecret", "cs_" + "f" * 40, 401, "WRONG_SECRET"),
    ],
)
async def test_s2s_08_keys_that_do_not_work_are_refused_without_a_token(
    new_plugin: NewPlugin, email: str, field: str, value: str, status: int, code: str
) -> None:
    response = await new_plugin().connect(email, **{field: value})
    refused(response, status, code)
    assert value not in response.text


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (StoreRefused(Cause.READ_ONLY_KEY, "The key may only read"), 403, "READ_ONLY_KEY"),
        (StoreRefused(Cause.USER_DEMOTED, "The key's user may not manage the shop"), 403, "USER_DEMOTED"),
        (StoreRefused(Cause.PLATFORM_MISSING, "There is no WooCommerce here"), 400, "PLATFORM_MISSING"),
        (StoreRefused(Cause.PLAIN_PERMALINKS, "Switch permalinks on"), 400, "PLAIN_PERMALINKS"),
        (StoreUnavailable(Cause.NOT_JSON, "The store answered with a page"), 400, "NOT_JSON"),
        (StoreUnavailable(Cause.TIMEOUT, "The store did not answer"), 400, "STORE_UNAVAILABLE"),
        (StoreUnavailable(Cause.SERVER_ERROR, "The store has a fault"), 400, "STORE_UNAVAILABLE"),
        (StoreThrottled("The store asks for patience", retry_after_s=3), 400, "THROTTLED"),
        (UnsafeAddress("The address lies in a private network"), 400, "UNSAFE_ADDRESS"),
    ],
    ids=lambda value: getattr(value, "cause", None),
)
async def test_s2s_08_a_store_that_fails_us_is_named_by_its_cause(
    new_plugin: NewPlugin, email: str, failure: Exception, status: int, code: str
) -> None:
    plugin = new_plugin()
    plugin.shop.failure = failure
    with capture_logs() as logged:
        body = refused(await plugin.connect(email), status, code)
    assert body["message"] == str(failure)
    assert not [entry for entry in logged if entry["log_level"] == "error"]


async def test_s2s_08_a_store_that_repeats_the_secret_does_not_make_us_repeat_it(
    new_plugin: NewPlugin, email: str
) -> None:
    plugin = new_plugin()
    plugin.shop.failure = StoreRefused(Cause.REFUSED, f"I do not like {plugin.shop.consumer_secret}")
    response = await plugin.connect(email)
    refused(response, 400)
    assert plugin.shop.consumer_secret not in response.text


async def test_s2s_08_a_refused_connect_leaves_no_account_behind(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    await plugin.connect(email, consumerSecret="cs_" + "f" * 40)
    assert (await plugin.register(email))["isNewAccount"] is True


@pytest.mark.parametrize("field", ["storeUrl", "consumerKey", "consumerSecret", "email"])
async def test_s2s_06_a_missing_field_is_a_400_that_names_it(new_plugin: NewPlugin, email: str, field: str) -> None:
    plugin = new_plugin()
    body = {name: value for name, value in plugin.body(email).items() if name != field}
    assert field in refused(await plugin.client.post(CONNECT, json=body), 400)["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"platform": "magento"},
        {"platform": 1},
        {"email": "nobody"},
        {"consumerKey": 5},
        {"consumerKey": "cs_" + "0" * 40},
        {"consumerSecret": ""},
        {"consumerSecret": "cs_" + "0" * 500},
        {"consumerSecret": "cs_00\x00"},
        {"storeUrl": "gopher://shop.example.com"},
        {"pluginVersion": "1" * 41},
    ],
    ids=lambda change: repr(change)[:40],
)
async def test_s2s_06_an_impossible_field_is_a_400(new_plugin: NewPlugin, email: str, change: dict[str, Any]) -> None:
    refused(await new_plugin().connect(email, **change), 400)


async def test_s2s_06_platform_and_version_may_be_left_out(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    body = plugin.body(email)
    del body["platform"], body["pluginVersion"]
    assert (await plugin.client.post(CONNECT, json=body)).status_code == 201


async def test_s2s_06_an_old_token_in_the_request_does_no_harm(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    response = await plugin.client.post(CONNECT, json=plugin.body(email), headers={"Authorization": "Bearer nonsense"})
    assert response.status_code == 201


async def test_s2s_07_one_account_may_connect_many_stores_when_each_is_confirmed_or_known(
    new_owner: NewOwner, container: Container, new_plugin: NewPlugin
) -> None:
    owner, first, second = await new_owner(), new_plugin(), new_plugin()
    actor = await container.authenticator.authenticate(owner.token)
    for plugin in (first, second):
        keys = {"consumer_key": plugin.shop.consumer_key, "consumer_secret": plugin.shop.consumer_secret}
        await container.store_connecting.connect_as(
            actor, ConnectRequest(platform="woocommerce", url=plugin.url, credentials=keys)
        )
    assert [(await plugin.connect(owner.email)).status_code for plugin in (first, second)] == [200, 200]


async def test_s2s_08_a_store_kept_under_https_is_one_store_however_it_is_written(
    new_plugin: NewPlugin, email: str, client: httpx.AsyncClient
) -> None:
    plugin = new_plugin()
    plain = plugin.url.replace("https://", "http://")
    plain_plugin = new_plugin(plain)
    plain_plugin.shop.claims = plugin.url
    first = await plain_plugin.connect(email)
    again = await plugin.connect(email)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["channelId"] == again.json()["channelId"]


async def test_s2s_06_a_version_that_cannot_be_stored_is_cleaned(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    response = await new_plugin().connect(email, pluginVersion="1.1\x00.0")
    assert response.status_code == 201
    async with container.begin() as session:
        store = await session.get(Store, uuid.UUID(response.json()["channelId"]))
    assert store is not None
    assert store.plugin_version == "1.1.0"


async def test_s2s_07_a_store_with_a_hostile_name_is_connected(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    plugin.shop.name = "\x00<script>" + "x" * 500
    response = await plugin.connect(email)
    assert response.status_code == 201
    async with container.begin() as session:
        store = await session.get(Store, uuid.UUID(response.json()["channelId"]))
    assert store is not None
    assert store.name.startswith("<script>x")
    assert len(store.name) == 200
