"""Beginning to connect a Shopify store from the panel (contract rows S2S-12, 13, 16)."""

import uuid
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from backend.api.plugin.fields import WITH_TOKEN, refusals
from backend.domain.stores.shopify_oauth import ShopifyOAuth
from backend.ports.actor import Actor


class InitIn(msgspec.Struct, rename="camel"):
    """Which shop, and which channel it is to be linked to."""

    shop_domain: Annotated[str, Meta(min_length=1, max_length=255, examples=["mystore.myshopify.com"])]
    channel_id: uuid.UUID | None = None


class InitOut(msgspec.Struct, rename="camel"):
    """Where to send the merchant."""

    auth_url: str


class ConfiguredOut(msgspec.Struct):
    """Whether this server can connect Shopify stores."""

    configured: bool


@post(
    "/shopify/oauth/init",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="plugin.init_shopify_oauth",
    summary="Begin the Shopify authorization",
    tags=["Shopify"],
    responses=refusals(400, 401, 403, 404),
)
async def init_oauth(
    actor: NamedDependency[Actor], data: JSONBody[InitIn], shopify_oauth: NamedDependency[ShopifyOAuth]
) -> InitOut:
    """Return the address of the shop's consent page; a bare shop name gets `.myshopify.com`."""
    return InitOut(auth_url=await shopify_oauth.begin(actor, data.shop_domain, data.channel_id))


@get(
    "/shopify/oauth/status",
    security=WITH_TOKEN,
    operation_id="plugin.shopify_oauth_status",
    summary="Whether Shopify is configured",
    tags=["Shopify"],
    responses=refusals(401, 403),
)
async def show_oauth_status(
    actor: NamedDependency[Actor], shopify_oauth: NamedDependency[ShopifyOAuth]
) -> ConfiguredOut:
    """Tell whether this server has credentials of a Shopify app."""
    return ConfiguredOut(configured=shopify_oauth.is_configured())
