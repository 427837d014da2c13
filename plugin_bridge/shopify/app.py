"""This server's app at Shopify: implements `ports.shopify_app.ShopifyApp`."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from shopify.session import Session

from backend.ports.outbound_http import OutboundClients
from backend.ports.shopify_app import Callback, Credentials, IdToken, NotGenuine
from backend.settings import Shopify
from plugin_bridge.shopify.id_token import read_id_token
from plugin_bridge.shopify.scopes import SCOPES
from plugin_bridge.shopify.shop_domain import asked_at, exact_shop, typed_shop
from plugin_bridge.shopify.signatures import query_is_genuine
from plugin_bridge.shopify.tokens import ShopifyTokens

CALLBACK_TOLERANCE_S = 90
"""How old a callback may be, or how far in the future, seconds: as Shopify's own library."""
API_VERSION = "2026-10"
_ONCE = ("shop", "hmac", "state", "code", "timestamp")
_SECONDS = re.compile(r"[0-9]{1,11}")


class ShopifyApplication:
    """Checks and token calls under one pair of credentials.

    Args:     tokens: the calls; None makes them over *clients*.
    """

    def __init__(self, clients: OutboundClients, settings: Shopify, tokens: ShopifyTokens | None = None) -> None:
        self._settings = settings
        self._tokens = tokens or ShopifyTokens(clients, settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    @property
    def configured(self) -> bool:
        """Tell whether this server has credentials of an app."""
        return self._settings.configured

    @property
    def client_id(self) -> str:
        """Return the app's public id, "" when not configured."""
        return self._settings.client_id

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what Shopify may sign with, newest first; empty when not configured."""
        return tuple(secret for secret in (self._settings.client_secret, self._settings.client_secret_old) if secret)

    def shop_domain(self, text: str) -> str:
        """Return `name.myshopify.com` for what a person typed; see `typed_shop`."""
        return typed_shop(text)

    def consent_url(self, shop: str, *, state: str, redirect_uri: str) -> str:
        """Return the address of a shop's consent page for an offline token with all scopes we need.

        Raises:   ValueError for a *shop* that is not exactly a shop's domain.
        """
        if exact_shop(shop) != shop:
            raise ValueError("not a shop's domain")
        session = Session(shop, API_VERSION)
        # On this object only: the library would have it set on the class, for everybody.
        session.api_key = self.client_id
        url: str = session.create_permission_url(SCOPES, redirect_uri, state)
        return asked_at(self._settings.shop_url, shop) + url.removeprefix(f"https://{shop}")

    def check_callback(self, query: Sequence[tuple[str, str]]) -> Callback:
        """Check that Shopify sent the browser here; whose state it is, is the caller's question.

        Args:     query: decoded, in any order, empty values kept.
        Raises:   NotGenuine `parameters`, `shop`, `signature`.
        """
        values = _single_values(query)
        shop = exact_shop(values["shop"])
        if shop is None:
            raise NotGenuine("shop", "The callback names no Shopify shop")
        if not query_is_genuine(query, self.secrets):
            raise NotGenuine("signature", "The callback is not signed with this app's secret")
        return Callback(shop=shop, code=values["code"], state=values["state"], timestamp=values["timestamp"])

    def check_fresh(self, callback: Callback, now: datetime) -> None:
        """Check that a callback was sent just now; raise NotGenuine `timestamp`."""
        sent = callback.timestamp
        if not _SECONDS.fullmatch(sent) or abs(now.timestamp() - int(sent)) > CALLBACK_TOLERANCE_S:
            raise NotGenuine("timestamp", "The callback is too old, or this server's clock is wrong")

    def check_id_token(self, token: str, now: datetime) -> IdToken:
        """Verify an ID token; see `read_id_token`."""
        return read_id_token(token, client_id=self.client_id, secrets=self.secrets, now=now)

    async def exchange_code(self, shop: str, code: str) -> Credentials:
        """Turn a callback's code into an expiring offline token; raises as the port says."""
        return await self._tokens.by_code(shop, code)

    async def exchange_id_token(self, shop: str, token: str) -> Credentials:
        """Turn a verified ID token into an expiring offline token; raises as the port says."""
        return await self._tokens.by_id_token(shop, token)

    async def renew(self, shop: str, credentials: Mapping[str, str]) -> Credentials:
        """Turn a refresh token into newer credentials; see `ShopifyTokens.renew`."""
        return await self._tokens.renew(shop, credentials)


def _single_values(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    counted = Counter(name for name, _ in query)
    # Whoever reads a repeated name may read the one value or the other: none of them is what was signed.
    if any(count > 1 for count in counted.values()):
        raise NotGenuine("parameters", "The callback says something twice")
    values = dict(query)
    missing = [name for name in _ONCE if not values.get(name)]
    if missing:
        raise NotGenuine("parameters", f"The callback lacks {', '.join(missing)}")
    return values
