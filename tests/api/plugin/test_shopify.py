"""S2S-12, S2S-13, S2S-16: beginning a Shopify connection."""

import uuid
from typing import Any

import httpx
import msgspec
import pytest

from backend.domain.stores.connecting import ConnectRequest
from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.plugin_api import CONFIGURED, INIT, NewOwner, NewPlugin, refused

pytestmark = pytest.mark.anyio


async def test_s2s_16_without_credentials_it_is_not_configured(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    response = await client.get(CONFIGURED, headers=(await new_owner()).auth)
    assert (response.status_code, response.json()) == (200, {"configured": False})


class TestWithCredentials:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        shopify = Shopify(client_id="an id", client_secret="a secret")
        return msgspec.structs.replace(settings, shopify=shopify)

    async def test_s2s_16_it_is_configured(self, client: httpx.AsyncClient, new_owner: NewOwner) -> None:
        response = await client.get(CONFIGURED, headers=(await new_owner()).auth)
        assert response.json() == {"configured": True}


async def test_s2s_12_without_credentials_init_says_what_is_missing(
    client: httpx.AsyncClient, new_owner: NewOwner
) -> None:
    response = await client.post(INIT, json={"shopDomain": "mystore"}, headers=(await new_owner()).auth)
    refused(response, 400, "SHOPIFY_NOT_CONFIGURED")


async def test_s2s_24_another_tenants_channel_is_a_plain_404(
    client: httpx.AsyncClient, new_owner: NewOwner, new_plugin: NewPlugin, container: Container
) -> None:
    owner, stranger, plugin = await new_owner(), await new_owner(), new_plugin()
    actor = await container.authenticator.authenticate(owner.token)
    keys = {"consumer_key": plugin.shop.consumer_key, "consumer_secret": plugin.shop.consumer_secret}
    request = ConnectRequest(platform="woocommerce", url=plugin.url, credentials=keys)
    store = await container.store_connecting.connect_as(actor, request)
    body = {"shopDomain": "mystore"}
    theirs = await client.post(INIT, json={**body, "channelId": str(store.id)}, headers=stranger.auth)
    nobody = await client.post(INIT, json={**body, "channelId": str(uuid.uuid4())}, headers=stranger.auth)
    own = await client.post(INIT, json={**body, "channelId": str(store.id)}, headers=owner.auth)
    assert refused(theirs, 404) == refused(nobody, 404)
    refused(own, 400, "SHOPIFY_NOT_CONFIGURED")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"shopDomain": ""},
        {"shopDomain": 7},
        {"shopDomain": "evil.example.com"},
        {"shopDomain": "a/../b"},
        {"shopDomain": "mystore", "channelId": "x"},
    ],
    ids=repr,
)
async def test_s2s_22_init_refuses_bad_fields(
    client: httpx.AsyncClient, new_owner: NewOwner, body: dict[str, Any]
) -> None:
    refused(await client.post(INIT, json=body, headers=(await new_owner()).auth), 400)
