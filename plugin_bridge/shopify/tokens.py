"""The three calls to a shop's token endpoint, which all bring an offline token that expires, and what renews it.

`POST <shop>/admin/oauth/access_token`, JSON both ways. Nothing is kept between calls: each has its own client, so
shops worked on at the same time cannot see each other's tokens.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx
import msgspec

from backend.kit.clock import utc_now
from backend.ports.outbound_http import OutboundClients
from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreUnavailable
from backend.ports.shopify_app import Credentials
from backend.settings import Shopify
from plugin_bridge.http import evidence
from plugin_bridge.shopify.scopes import missing_scopes
from plugin_bridge.shopify.shop_domain import asked_at
from plugin_bridge.shopify.token_errors import token_failure
from plugin_bridge.shopify.token_reply import is_expiring, read_reply, renewed_credentials

PATH = "/admin/oauth/access_token"
READ_TIMEOUT_S = 15.0
TOTAL_TIMEOUT_S = 30.0
_MAX_BYTES = 100_000
_EXCHANGE: Mapping[str, str] = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
}


class ShopifyTokens:
    """Asks for tokens as this server's app.

    Args:     settings: client id and secret, where shops are asked. clock: replaced in tests.
    """

    def __init__(
        self,
        clients: OutboundClients,
        settings: Shopify,
        *,
        clock: Callable[[], datetime] = utc_now,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._clients = clients
        self._settings = settings
        self._clock = clock
        self._read_timeout_s = read_timeout_s

    async def by_code(self, shop: str, code: str) -> Credentials:
        """Turn a callback's code into credentials; a code works once.

        Raises:   as `ShopifyApp.exchange_code`.
        """
        # Without `expiring` Shopify gives a token that its Admin API refuses.
        return await self._new(shop, {"code": code, "expiring": "1"}, secret=code)

    async def by_id_token(self, shop: str, token: str) -> Credentials:
        """Turn a verified ID token into credentials; the chain of tokens before ends.

        Raises:   as `ShopifyApp.exchange_id_token`; REFUSED also for a token that Shopify finds too old.
        """
        return await self._new(shop, {**_EXCHANGE, "subject_token": token, "expiring": "1"}, secret=token)

    async def renew(self, shop: str, credentials: Mapping[str, str]) -> Credentials:
        """Turn a refresh token into newer credentials; safe to repeat with the same one until the new ones are used.

        Raises:   StoreRefused KEY_REVOKED when there is no way but a merchant's, WRONG_SECRET, APP_UNINSTALLED;
                  StoreUnavailable, StoreThrottled: try again with the same credentials.
        """
        refresh_token = credentials.get("refresh_token", "")
        if not refresh_token:
            raise StoreRefused(Cause.KEY_REVOKED, "This store was connected without renewal: connect it again")
        started_at = self._clock()
        body = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        reply = read_reply(await self._ask(shop, body, (refresh_token, credentials.get("access_token", ""))))
        return renewed_credentials(reply, credentials, started_at)

    async def _new(self, shop: str, body: Mapping[str, str], *, secret: str) -> Credentials:
        # Lifetimes count from before the request: we may not think a token lives longer than Shopify does.
        started_at = self._clock()
        reply = read_reply(await self._ask(shop, body, (secret,)))
        if not is_expiring(reply):
            raise StoreRefused(
                Cause.REFUSED,
                "Shopify gave a token that cannot be renewed, which its Admin API refuses: nothing is kept",
            )
        missing = missing_scopes(reply.scope or "")
        if missing:
            raise StoreRefused(Cause.SCOPE_MISSING, f"The shop did not allow {', '.join(missing)}")
        return renewed_credentials(reply, {}, started_at)

    async def _ask(self, shop: str, body: Mapping[str, str], secrets: tuple[str, ...]) -> bytes:
        secrets = (self._settings.client_secret, *secrets)
        whole = {"client_id": self._settings.client_id, "client_secret": self._settings.client_secret, **body}
        response = await self._post(asked_at(self._settings.shop_url, shop) + PATH, msgspec.json.encode(whole), secrets)
        if response.status_code != 200:
            raise token_failure(response.status_code, response.headers, response.content, self._clock(), secrets)
        return response.content

    async def _post(self, url: str, body: bytes, secrets: tuple[str, ...]) -> httpx.Response:
        client: Any = self._clients.client(
            read_timeout_s=self._read_timeout_s,
            total_timeout_s=TOTAL_TIMEOUT_S,
            max_connections=1,
            max_bytes=_MAX_BYTES,
        )
        problem: PlatformError
        try:
            async with client:
                answer: httpx.Response = await client.post(
                    url, content=body, headers={"content-type": "application/json", "accept": "application/json"}
                )
                return answer
        except httpx.TimeoutException:
            problem = StoreUnavailable(Cause.TIMEOUT, "Shopify did not answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            shown = evidence(str(error).encode(), secrets)
            problem = StoreUnavailable(Cause.UNREACHABLE, "The shop cannot be reached", evidence=shown)
        # Raised out here, so that the library's error, which holds the request, is not even its context.
        raise problem
