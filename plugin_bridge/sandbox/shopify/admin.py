"""What the admin does with an embedded app: sign ID tokens for it and open it in a frame."""

import secrets
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from plugin_bridge.sandbox.asgi import Reply
from plugin_bridge.sandbox.shopify import id_tokens
from plugin_bridge.sandbox.shopify.options import AppOptions
from plugin_bridge.sandbox.shopify.pages import admin_page, problem_page
from plugin_bridge.sandbox.shopify.signing import host_param, sign_query

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

USER = "902541635"


def id_token(
    shop: "Shop",
    app: AppOptions,
    *,
    user: str = USER,
    expires_in: float = id_tokens.LIFETIME_S,
    claims: dict[str, Any] | None = None,
    secret: str | None = None,
) -> str:
    """Return an ID token; *claims* replace single ones, *secret* signs with another secret: for tests of refusals."""
    now = int(shop.now())
    said = {
        "iss": f"https://{shop.options.domain}/admin",
        "dest": f"https://{shop.options.domain}",
        "aud": app.client_id,
        "sub": user,
        "exp": now + int(expires_in),
        "nbf": now - 1,
        "iat": now - 1,
        "jti": str(uuid4()),
        "sid": secrets.token_hex(16),
        "sig": secrets.token_hex(16),
    }
    return id_tokens.sign({**said, **(claims or {})}, app.client_secret if secret is None else secret)


def app_query(shop: "Shop", app: AppOptions, token: str) -> dict[str, str]:
    """Return the query with which the admin opens the app."""
    told = {
        "embedded": "1",
        "host": host_param(shop.options.key),
        "id_token": token,
        "locale": "en",
        "session": secrets.token_hex(32),
        "shop": shop.options.domain,
        "timestamp": str(int(shop.now())),
    }
    return {**told, "hmac": sign_query(told, app.client_secret)}


def open_app(shop: "Shop") -> Reply:
    """Answer the admin page of the app: opening it installs it, as a managed installation does."""
    app = shop.app
    if app is None:
        return problem_page("No app was set up for this shop", 404)
    ensure_installed(shop, app)
    return admin_page(
        app.title, shop.options.domain, f"{app.base_url.rstrip('/')}/app", app_query(shop, app, id_token(shop, app))
    )


def ensure_installed(shop: "Shop", app: AppOptions) -> None:
    """Install the app with the scopes of its configuration when it is not installed."""
    if not shop.installation.installed:
        shop.install(app.scopes)
