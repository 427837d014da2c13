"""Connecting a Shopify store: begin, and where the shop sends the browser back (contract rows S2S-12..16)."""

import uuid
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from litestar.params import JSONBody
from litestar.response import Redirect
from msgspec import Meta

from backend.api.plugin.auth import PUBLIC
from backend.api.plugin.fields import WITH_TOKEN, refusals
from backend.api.shared.consent_cookie import browser_of, consent_cookie, ended_cookie
from backend.api.shared.dispatcher import note
from backend.domain.stores.shopify_oauth import ShopifyOAuth
from backend.ports.actor import Actor
from backend.settings import Settings

UNCACHED = {"Cache-Control": "no-store"}
_CALLBACK = (
    "To `/sales-channels/<channel>?oauth=success`, or to `/sales-channels?oauth=error&message=…` whatever went wrong; "
    "always on this server."
)

_SENT = {
    "code": "Exchanged for the shop's tokens, once.",
    "shop": "The shop's permanent domain.",
    "state": "From `authUrl`; works once, within ten minutes, in the browser that began.",
    "timestamp": "Seconds since 1970.",
    "hmac": "Shopify's signature of all other parameters.",
}


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
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    data: JSONBody[InitIn],
    shopify_oauth: NamedDependency[ShopifyOAuth],
    settings: NamedDependency[Settings],
) -> Response[InitOut]:
    """Return the address of the shop's consent page; a bare shop name gets `.myshopify.com`.

    The answer sets a cookie. The browser that is sent to `authUrl` must have it, or the callback refuses: a page of
    another origin calls this with `credentials: "include"`.
    """
    begun = await shopify_oauth.begin(actor, data.shop_domain, data.channel_id)
    cookie = consent_cookie(request, settings.web, begun)
    return Response(InitOut(auth_url=begun.url), cookies=[cookie], headers=UNCACHED)


@dataclass
class CallbackOperation(Operation):
    """Documents the query that the handler reads as it came."""

    def __post_init__(self) -> None:
        """Name Shopify's parameters."""
        text = Schema(type=OpenAPIType.STRING)
        self.parameters = [
            Parameter(name=name, param_in="query", required=False, schema=text, description=told)
            for name, told in _SENT.items()
        ]


@get(
    "/shopify/oauth/callback",
    operation_class=CallbackOperation,
    status_code=303,
    opt=PUBLIC,
    operation_id="plugin.finish_shopify_oauth",
    summary="Where the shop sends the merchant back",
    tags=["Shopify"],
    responses={303: ResponseSpec(data_container=None, description=_CALLBACK), **refusals()},
)
async def finish_oauth(
    request: Request[Any, Any, Any],
    shopify_oauth: NamedDependency[ShopifyOAuth],
    settings: NamedDependency[Settings],
) -> Redirect:
    """Check the callback, connect the store and lead to its channel, or to the channels with what went wrong.

    Shopify may send more than what is documented here; it counts as long as it is signed, and nothing comes twice.
    """
    # Read as it came: of a repeated parameter the framework would show one value.
    query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    given = next((value for name, value in query if name == "state"), "")
    target = await _outcome(request, shopify_oauth, query, browser_of(request, given))
    cookies = [ended_cookie(request, settings.web, given)] if given else []
    return Redirect(target, status_code=303, cookies=cookies, headers=UNCACHED)


async def _outcome(
    request: Request[Any, Any, Any], shopify_oauth: ShopifyOAuth, query: list[tuple[str, str]], browser: str
) -> str:
    """Return the page of ours that tells the merchant what became of it: whatever fails, they end there."""
    try:
        store = await shopify_oauth.finish(query, browser)
    except Exception as error:
        return _failed(note(request, error).message)
    return f"/sales-channels/{store.id}?oauth=success"


def _failed(message: str) -> str:
    return "/sales-channels?" + urlencode({"oauth": "error", "message": message})


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
