"""S2S-09: disconnecting a store."""

import uuid

import httpx
import pytest
from sqlalchemy import select

from backend.domain.stores.connecting import ConnectRequest
from backend.domain.stores.opening import StoreOpening
from backend.kit.errors import DomainError
from backend.models.events import Event
from backend.models.stores import Store, StoreCredentials
from backend.wiring import Container
from tests.support.plugin_api import (
    ACCOUNT,
    DISCONNECT,
    NewOwner,
    NewPlugin,
    Owner,
    Plugin,
    account,
    bearer,
    new_mark,
    refused,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def email() -> str:
    return f"m-{new_mark()}@example.com"


async def connect_as(container: Container, owner: Owner, plugin: Plugin) -> str:
    actor = await container.authenticator.authenticate(owner.token)
    keys = {"consumer_key": plugin.shop.consumer_key, "consumer_secret": plugin.shop.consumer_secret}
    request = ConnectRequest(platform="woocommerce", url=plugin.url, credentials=keys)
    return str((await container.store_connecting.connect_as(actor, request)).id)


async def test_s2s_09_disconnect_says_so_and_account_status_follows(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    token = (await plugin.connect(email)).json()["token"]
    response = await plugin.client.post(DISCONNECT, headers=bearer(token))
    assert response.status_code == 200
    assert response.json() == {"success": True, "message": "Store disconnected"}
    assert (await account(plugin.client, token))["connected"] is False


async def test_s2s_09_the_credentials_are_deleted_and_the_channel_is_deactivated(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    made = (await plugin.connect(email)).json()
    await plugin.client.post(DISCONNECT, headers=bearer(made["token"]))
    channel = uuid.UUID(made["channelId"])
    async with container.begin() as session:
        assert await session.get(StoreCredentials, channel) is None
        store = await session.get(Store, channel)
        assert store is not None
        query = select(Event.type).where(Event.organization_id == store.organization_id).order_by(Event.id)
        assert list((await session.execute(query)).scalars()) == ["store.connected", "store.disconnected"]
    assert store.state == "disconnected"
    assert store.disconnected_at is not None


async def test_s2s_09_a_disconnected_store_cannot_be_opened(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    made = (await plugin.connect(email)).json()
    await plugin.client.post(DISCONNECT, headers=bearer(made["token"]))
    async with container.begin() as session:
        store = await session.get(Store, uuid.UUID(made["channelId"]))
    assert store is not None
    with pytest.raises(DomainError, match="credentials"):
        await StoreOpening(container.begin, container.sealer, container.platforms).open(store)


async def test_s2s_09_disconnecting_again_is_no_error_and_no_second_event(
    new_plugin: NewPlugin, email: str, container: Container
) -> None:
    plugin = new_plugin()
    made = (await plugin.connect(email)).json()
    for _ in range(2):
        assert (await plugin.client.post(DISCONNECT, headers=bearer(made["token"]))).status_code == 200
    async with container.begin() as session:
        query = select(Event.id).where(
            Event.type == "store.disconnected", Event.payload["store_id"].astext == made["channelId"]
        )
        assert len((await session.execute(query)).all()) == 1


async def test_s2s_07_reconnect_after_a_disconnect_is_200_with_the_same_channel(
    new_plugin: NewPlugin, email: str
) -> None:
    plugin = new_plugin()
    made = (await plugin.connect(email)).json()
    await plugin.client.post(DISCONNECT, headers=bearer(made["token"]))
    again = await plugin.connect(email)
    assert again.status_code == 200
    assert again.json()["channelId"] == made["channelId"]
    assert (await account(plugin.client, again.json()["token"]))["connected"] is True


async def test_s2s_09_a_released_store_may_be_connected_by_another_account(new_plugin: NewPlugin, email: str) -> None:
    plugin = new_plugin()
    made = (await plugin.connect(email)).json()
    await plugin.client.post(DISCONNECT, headers=bearer(made["token"]))
    response = await plugin.connect(f"other-{email}")
    assert response.status_code == 201
    assert response.json()["channelId"] != made["channelId"]


async def test_s2s_09_a_store_token_cannot_disconnect_a_sister_store(
    new_plugin: NewPlugin, new_owner: NewOwner, container: Container
) -> None:
    owner, first, second = await new_owner(), new_plugin(), new_plugin()
    await connect_as(container, owner, first)
    sister = await connect_as(container, owner, second)
    token = (await first.connect(owner.email)).json()["token"]
    refused(await first.client.post(DISCONNECT, json={"channelId": sister}, headers=bearer(token)), 404)


async def test_s2s_09_a_panel_token_needs_no_channel_for_the_only_store(
    new_plugin: NewPlugin, new_owner: NewOwner, container: Container, client: httpx.AsyncClient
) -> None:
    owner = await new_owner()
    await connect_as(container, owner, new_plugin())
    assert (await client.post(DISCONNECT, headers=owner.auth)).status_code == 200
    assert (await account(client, owner.token))["connected"] is False


async def test_s2s_09_a_panel_token_must_name_the_channel_when_there_are_several(
    new_plugin: NewPlugin, new_owner: NewOwner, container: Container, client: httpx.AsyncClient
) -> None:
    owner = await new_owner()
    first, second = [await connect_as(container, owner, new_plugin()) for _ in range(2)]
    body = refused(await client.post(DISCONNECT, json={}, headers=owner.auth), 400, "CHANNEL_REQUIRED")
    assert "channelId" in body["message"]
    named = await client.post(DISCONNECT, json={"channelId": first}, headers=owner.auth)
    assert named.status_code == 200
    # Now only one is left, so it needs no name.
    assert (await client.post(DISCONNECT, headers=owner.auth)).status_code == 200
    assert second != first


@pytest.mark.parametrize("body", [{}, {"channelId": None}, None])
async def test_s2s_09_an_organization_without_stores_gets_a_404(
    new_owner: NewOwner, client: httpx.AsyncClient, body: object
) -> None:
    refused(await client.post(DISCONNECT, json=body, headers=(await new_owner()).auth), 404)


@pytest.mark.parametrize("body", [{"channelId": "7"}, {"channelId": 7}, [], "text"])
async def test_s2s_22_a_malformed_channel_is_a_400(
    new_owner: NewOwner, client: httpx.AsyncClient, body: object
) -> None:
    refused(await client.post(DISCONNECT, json=body, headers=(await new_owner()).auth), 400)


async def test_s2s_24_a_stranger_cannot_disconnect_the_store_by_naming_it(
    new_plugin: NewPlugin, new_owner: NewOwner, container: Container, client: httpx.AsyncClient
) -> None:
    owner, stranger = await new_owner(), await new_owner()
    channel = await connect_as(container, owner, new_plugin())
    theirs = await client.post(DISCONNECT, json={"channelId": channel}, headers=stranger.auth)
    nobody = await client.post(DISCONNECT, json={"channelId": str(uuid.uuid4())}, headers=stranger.auth)
    assert refused(theirs, 404) == refused(nobody, 404)
    assert (await account(client, owner.token))["connected"] is True


async def test_s2s_09_a_store_that_a_member_lets_go_loses_its_token(
    new_plugin: NewPlugin, new_owner: NewOwner, container: Container, client: httpx.AsyncClient
) -> None:
    owner, plugin, sister = await new_owner(), new_plugin(), new_plugin()
    channel = await connect_as(container, owner, plugin)
    await connect_as(container, owner, sister)
    token, kept = [(await one.connect(owner.email)).json()["token"] for one in (plugin, sister)]
    await client.post(DISCONNECT, json={"channelId": channel}, headers=owner.auth)
    refused(await client.get(ACCOUNT, headers=bearer(token)), 401)
    assert (await account(client, kept))["connected"] is True
    assert (await account(client, owner.token))["connected"] is True
