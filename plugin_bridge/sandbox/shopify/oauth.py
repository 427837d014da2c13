"""OAuth as a shop speaks it: the consent page, and the endpoint that gives, exchanges and renews tokens."""

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from plugin_bridge.sandbox.asgi import Reply, Request, json_body, json_reply
from plugin_bridge.sandbox.shopify import id_tokens
from plugin_bridge.sandbox.shopify.access import spread
from plugin_bridge.sandbox.shopify.installation import Grant
from plugin_bridge.sandbox.shopify.options import AppOptions
from plugin_bridge.sandbox.shopify.pages import consent_page, problem_page
from plugin_bridge.sandbox.shopify.signing import host_param, sign_query

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

CALLBACK = "/api/shopify/oauth/callback"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
_USER = {
    "id": 902541635,
    "first_name": "Olive",
    "last_name": "Owner",
    "email": "owner@example.com",
    "email_verified": True,
    "account_owner": True,
    "locale": "en",
    "collaborator": False,
}


class OAuthError(Exception):
    """The token endpoint refuses."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.reply = json_reply({"error": error, "error_description": description}, status)


def allowed_redirect(app: AppOptions, uri: str) -> bool:
    """Tell whether the app may have merchants sent there: its own callback, or one on loopback."""
    parts = urlsplit(uri)
    own = urlsplit(app.base_url)
    at_home = parts.scheme in ("http", "https") and (parts.netloc == own.netloc or parts.hostname in _LOOPBACK)
    return at_home and parts.path.endswith(CALLBACK) and not parts.fragment


def authorize(shop: "Shop", request: Request) -> Reply:
    """Answer the consent page, and what the merchant decided on it."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    query = {**request.query, **form} if request.method == "POST" else request.query
    app = shop.app
    if app is None or query.get("client_id") != app.client_id:
        return problem_page("invalid_request: Could not find application with that client_id")
    redirect_uri, state = query.get("redirect_uri", ""), query.get("state", "")
    if not allowed_redirect(app, redirect_uri):
        return problem_page("invalid_request: The redirect_uri is not whitelisted")
    scopes = query.get("scope") or app.scopes
    online = query.get("grant_options[]") == "per-user"
    if request.method == "POST" and form.get("decision") == "cancel":
        return _away(shop, app, redirect_uri, {"error": "access_denied", "state": state})
    if request.method == "POST" or query.get("auto") == "1":
        shop.install(scopes)
        code = shop.installation.authorize(scopes, shop.now(), online=online)
        shop.revision += 1
        return _away(shop, app, redirect_uri, {"code": code, "state": state})
    fields: dict[str, str] = {
        name: query[name] for name in ("client_id", "scope", "redirect_uri", "state") if name in query
    }
    if online:
        fields["grant_options[]"] = "per-user"
    return consent_page(app.title, shop.options.domain, sorted(set(scopes.split(","))), fields)


def _away(shop: "Shop", app: AppOptions, redirect_uri: str, params: dict[str, str]) -> Reply:
    told = {
        **params,
        "host": host_param(shop.options.key),
        "shop": shop.options.domain,
        "timestamp": str(int(shop.now())),
    }
    told["hmac"] = sign_query(told, app.client_secret)
    glue = "&" if urlsplit(redirect_uri).query else "?"
    return Reply(
        status=302, headers={"location": f"{redirect_uri}{glue}{urlencode(told)}", "cache-control": "no-store"}
    )


def access_token(shop: "Shop", request: Request) -> Reply:
    """Answer `POST /admin/oauth/access_token`: a code, an ID token, an old token or a refresh token for new ones."""
    try:
        given = _body(request)
        return json_reply(_answer(_granted(shop, given)), headers={"cache-control": "no-store"})
    except OAuthError as error:
        return error.reply


def _body(request: Request) -> dict[str, Any]:
    if "urlencoded" in request.headers.get("content-type", ""):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        given = json_body(request)
    except msgspec.DecodeError:
        given = None
    if not isinstance(given, dict):
        raise OAuthError("invalid_request", "The request body cannot be read")
    return given


def _granted(shop: "Shop", given: dict[str, Any]) -> Grant:
    app = shop.app
    secret = str(given.get("client_secret") or "")
    if app is None or given.get("client_id") != app.client_id:
        raise OAuthError("invalid_client", "Could not find application with that client_id")
    if not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        raise OAuthError("invalid_client", "The client secret is wrong", 401)
    shop.revision += 1
    grant = given.get("grant_type")
    if grant == TOKEN_EXCHANGE:
        return _exchanged(shop, app, given)
    if grant == "refresh_token":
        return _refreshed(shop, str(given.get("refresh_token") or ""))
    if grant not in (None, "", "authorization_code"):
        raise OAuthError("unsupported_grant_type", "This grant type is not known")
    return _coded(shop, given)


def _expiring(given: dict[str, Any]) -> bool:
    return str(given.get("expiring", "")).lower() in ("1", "true")


def _coded(shop: "Shop", given: dict[str, Any]) -> Grant:
    code = shop.installation.take_code(str(given.get("code") or ""), shop.now())
    if code is None:
        raise OAuthError("invalid_request", "The authorization code was not found or was already used")
    return shop.installation.issue(shop.now(), expiring=_expiring(given), online=code.online)


def _refreshed(shop: "Shop", token: str) -> Grant:
    if not token:
        raise OAuthError("invalid_request", "refresh_token is missing")
    if not shop.installation.installed or shop.installation.current is None:
        raise OAuthError("invalid_request", "This request requires an active refresh_token", 401)
    grant = shop.installation.refresh(token, shop.now())
    if grant is None:
        raise OAuthError("invalid_grant", "The refresh token is invalid, has expired or was replaced")
    return grant


def _exchanged(shop: "Shop", app: AppOptions, given: dict[str, Any]) -> Grant:
    wanted = given.get("requested_token_type", OFFLINE)
    if wanted not in (OFFLINE, ONLINE):
        raise OAuthError("invalid_request", "requested_token_type is not known")
    token = str(given.get("subject_token") or "")
    if given.get("subject_token_type") == OFFLINE:
        return _migrated(shop, token, given)
    if given.get("subject_token_type") != ID_TOKEN:
        raise OAuthError("invalid_request", "subject_token_type is not known")
    try:
        id_tokens.verify(
            token,
            secret=app.client_secret,
            client_id=app.client_id,
            domain=shop.options.domain,
            now=shop.now(),
        )
    except id_tokens.TokenRefused as error:
        raise OAuthError("invalid_subject_token", f"Invalid subject token: {error}") from None
    if not shop.installation.installed:
        raise OAuthError("invalid_subject_token", "The app is not installed on this shop")
    return shop.installation.issue(shop.now(), expiring=_expiring(given), online=wanted == ONLINE)


def _migrated(shop: "Shop", token: str, given: dict[str, Any]) -> Grant:
    held = shop.installation.find(token, shop.now())
    if held is None or held.expires_at is not None or not _expiring(given):
        raise OAuthError("invalid_subject_token", "Only a token that never expires can be exchanged for one that does")
    return shop.installation.issue(shop.now(), expiring=True)


def _answer(grant: Grant) -> dict[str, Any]:
    # Scopes that others imply are left out, as Shopify leaves them out.
    given = {scope.strip() for scope in grant.scopes.split(",") if scope.strip()}
    implied = spread(scope for scope in given if scope.startswith("write_")) - {
        s for s in given if s.startswith("write_")
    }
    answer: dict[str, Any] = {"access_token": grant.access_token, "scope": ",".join(sorted(given - implied))}
    if grant.expires_in is not None:
        answer["expires_in"] = grant.expires_in
    if grant.refresh_token is not None:
        answer |= {"refresh_token": grant.refresh_token, "refresh_token_expires_in": grant.refresh_expires_in}
    if grant.online:
        answer |= {"associated_user_scope": answer["scope"], "associated_user": _USER}
    return answer
