"""This server's app at Shopify, as the business sees it: consent, callbacks, ID tokens and the tokens they bring."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from backend.kit.discreet import Discreet

Credentials = Mapping[str, str]
"""What opens a shop: `access_token`, `refresh_token`, `expires_at`, `refresh_expires_at` (ISO, UTC, "" = unknown),
`scope` (comma separated)."""


class Callback(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A callback whose shop and signature are good; its state and its time are not checked yet."""

    shop: str
    """`name.myshopify.com`."""
    code: str
    state: str
    timestamp: str
    """When Shopify sent it, as it came."""


class IdToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified ID token says."""

    shop: str
    user_id: str
    session_id: str
    issued_at: datetime
    expires_at: datetime


class NotGenuine(Exception):
    """A callback, an ID token or a webhook that Shopify did not send like this; `code` says what is wrong with it.

    Codes: `parameters` `shop` `signature` `timestamp` `malformed` `expired` `audience` `issuer`. No secret in the text.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ShopifyApp(Protocol):
    """Pure checks, and three calls to a shop's token endpoint, which raise the errors of `platform_errors`."""

    @property
    def configured(self) -> bool:
        """Tell whether this server has credentials of an app."""
        ...

    @property
    def client_id(self) -> str:
        """Return the app's public id, "" when not configured."""
        ...

    def shop_domain(self, text: str) -> str:
        """Return `name.myshopify.com` for a bare name or a domain; raise ValueError with a sentence."""
        ...

    def consent_url(self, shop: str, *, state: str, redirect_uri: str) -> str:
        """Return the address of a shop's consent page for an offline token with all scopes we need."""
        ...

    def check_callback(self, query: Sequence[tuple[str, str]]) -> Callback:
        """Check the query of a callback up to its signature; raise NotGenuine."""
        ...

    def check_fresh(self, callback: Callback, now: datetime) -> None:
        """Check that a callback was sent just now, which comes after its state; raise NotGenuine `timestamp`."""
        ...

    def check_id_token(self, token: str, now: datetime) -> IdToken:
        """Verify an ID token; raise NotGenuine."""
        ...

    async def exchange_code(self, shop: str, code: str) -> Credentials:
        """Turn a callback's code into an expiring offline token.

        Raises:   StoreRefused (SCOPE_MISSING when less was granted than asked for, REFUSED for a used code or a token
                  that does not expire), StoreUnavailable, StoreThrottled.
        """
        ...

    async def exchange_id_token(self, shop: str, token: str) -> Credentials:
        """Turn a verified ID token into an expiring offline token; raises as `exchange_code`."""
        ...
