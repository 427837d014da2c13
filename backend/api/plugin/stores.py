"""Connecting and disconnecting a store (contract rows S2S-06..09)."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import Meta

from backend.api.plugin.auth import FOR_PLUGIN, PUBLIC
from backend.api.plugin.fields import WITH_TOKEN, Email, Jwt, StoreUrl, refusals
from backend.api.plugin.sessions import DoneOut
from backend.domain.stores.connecting import Connected, ConnectRequest, StoreConnecting
from backend.domain.stores.disconnecting import StoreDisconnecting
from backend.domain.stores.rules import Outcome
from backend.kit.discreet import Discreet
from backend.ports.actor import Actor

ConsumerKey = Annotated[str, Meta(min_length=4, max_length=200, pattern="^ck_[!-~]+$")]
ConsumerSecret = Annotated[str, Meta(min_length=4, max_length=200, pattern="^cs_[!-~]+$")]


class ConnectIn(Discreet, msgspec.Struct, rename="camel"):
    """A store, its REST API keys with read and write access, and whose account it goes to."""

    store_url: StoreUrl
    consumer_key: ConsumerKey
    consumer_secret: ConsumerSecret
    email: Email
    platform: Annotated[str, Meta(min_length=1, max_length=40, examples=["woocommerce"])] = "woocommerce"
    plugin_version: Annotated[str, Meta(max_length=40, examples=["1.1.0"])] = ""


class ConnectOut(Discreet, msgspec.Struct, rename="camel"):
    """The store's channel and the token that goes with it."""

    success: bool
    token: Jwt
    channel_id: uuid.UUID
    message: str


class DisconnectIn(msgspec.Struct, rename="camel"):
    """Which store; a store's own token need not say it, nor an account with one store."""

    channel_id: uuid.UUID | None = None


def connect_request(data: ConnectIn) -> ConnectRequest:
    """Read a connect request."""
    return ConnectRequest(
        platform=data.platform,
        url=data.store_url,
        credentials={"consumer_key": data.consumer_key, "consumer_secret": data.consumer_secret},
        plugin_version=data.plugin_version or None,
    )


def connect_out(connected: Connected) -> Response[ConnectOut]:
    """Present what came of it: 201 new, 200 again, 202 when the owner must follow a mailed link first."""
    waits = connected.outcome is Outcome.WAITS
    message = (
        "Confirm the store by the link that was mailed to the account's owner"
        if waits
        else "Store connected successfully"
    )
    body = ConnectOut(success=True, token=connected.token, channel_id=connected.store_id, message=message)
    return Response(body, status_code=202 if waits else 201 if connected.is_new else 200)


@post(
    "/stores/connect",
    status_code=200,
    opt=PUBLIC,
    operation_id="plugin.connect_store",
    summary="Connect a store",
    tags=["Stores"],
    responses={
        201: ResponseSpec(data_container=ConnectOut, description="Connected.", generate_examples=False),
        202: ResponseSpec(
            data_container=ConnectOut,
            description="The account's owner must follow a mailed link before anything is read from the store.",
            generate_examples=False,
        ),
        **refusals(
            400,
            401,
            403,
            s400="A field is not acceptable, or the store cannot be reached or does not answer as WooCommerce does.",
            s401="The store does not know the keys.",
            s403="The keys may only read, or another account holds the store.",
        ),
    },
)
async def connect_store(
    data: JSONBody[ConnectIn], store_connecting: NamedDependency[StoreConnecting]
) -> Response[ConnectOut]:
    """Try the keys at the store and connect it; 200 when it was connected before."""
    return connect_out(await store_connecting.connect(connect_request(data), data.email))


@post(
    "/stores/disconnect",
    status_code=200,
    opt=FOR_PLUGIN,
    security=WITH_TOKEN,
    operation_id="plugin.disconnect_store",
    summary="Disconnect a store",
    tags=["Stores"],
    responses=refusals(400, 401, 403, 404),
)
async def disconnect_store(
    actor: NamedDependency[Actor],
    store_disconnecting: NamedDependency[StoreDisconnecting],
    data: JSONBody[DisconnectIn | None] = None,
) -> DoneOut:
    """Delete the store's keys and deactivate its channel; the catalog stays."""
    await store_disconnecting.disconnect(actor, data.channel_id if data else None)
    return DoneOut(success=True, message="Store disconnected")
