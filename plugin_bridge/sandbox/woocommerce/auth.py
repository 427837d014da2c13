"""Who is asking: API keys by Basic auth, by query string or by OAuth 1.0a, with the refusals of the real thing."""

import base64
import binascii
import hmac
from urllib.parse import unquote

import msgspec

from plugin_bridge.sandbox.asgi import Request
from plugin_bridge.sandbox.woocommerce.oauth import PARAMETERS, WINDOW_S, Nonces, signature
from plugin_bridge.sandbox.woocommerce.options import ApiKey, StoreOptions
from plugin_bridge.sandbox.woocommerce.rest import RestError

REFUSED = "woocommerce_rest_authentication_error"


class Caller(msgspec.Struct, frozen=True):
    """The key behind a request; None: nobody we know."""

    key: ApiKey | None = None


def identify(request: Request, options: StoreOptions, nonces: Nonces, now: float) -> Caller:
    """Return the caller.

    Basic and query-string keys count on https only; over plain http they are not even looked at. OAuth counts on both.

    Raises:   RestError 401 for a known key with a wrong secret and for any flaw in an OAuth signature.
    """
    if is_https(request, options):
        pair = _plain_keys(request)
        key = find_key(options, pair[0]) if pair else None
        if pair and key is not None:
            if not hmac.compare_digest(pair[1].encode(), key.consumer_secret.encode()):
                raise RestError(REFUSED, "Consumer secret is invalid.", 401)
            return Caller(key)
    return _by_oauth(request, options, nonces, now)


def is_https(request: Request, options: StoreOptions) -> bool:
    """Tell whether the store sees this request as https, itself or behind the proxy that its address speaks of."""
    return request.scheme == "https" or options.address.startswith("https:")


def find_key(options: StoreOptions, consumer_key: str) -> ApiKey | None:
    """Return the key of that name, or None."""
    return next((key for key in options.keys if key.consumer_key == consumer_key), None)


def check_permission(caller: Caller, method: str, *, denied: tuple[str, str]) -> None:
    """Refuse what the caller may not do.

    Args:     denied: code and sentence for a caller without any rights on this resource.
    Raises:   RestError 401 for nobody and for a key without the permission, 403 for a demoted user.
    """
    if caller.key is None:
        raise RestError(*denied, 401)
    wanted = "read" if method in ("GET", "HEAD") else "write"
    if method != "OPTIONS" and wanted not in caller.key.permissions:
        raise RestError(REFUSED, f"The API key provided does not have {wanted} permissions.", 401)
    if caller.key.demoted:
        raise RestError(*denied, 403)


def _plain_keys(request: Request) -> tuple[str, str] | None:
    name, secret = request.query.get("consumer_key", ""), request.query.get("consumer_secret", "")
    if name and secret:
        return name, secret
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, secret) if name and secret else None


def _by_oauth(request: Request, options: StoreOptions, nonces: Nonces, now: float) -> Caller:
    params = {**php_parameters(request.pairs), **_header_parameters(request)}
    missing = [name for name in PARAMETERS if not params.get(name)]
    if len(missing) == len(PARAMETERS):
        return Caller()
    if missing:
        plural = "s" if len(missing) > 1 else ""
        text = f"Missing OAuth parameter{plural} {', '.join(missing)}"
        raise RestError("woocommerce_rest_authentication_missing_parameter", text, 401)
    key = find_key(options, params["oauth_consumer_key"])
    if key is None:
        raise RestError(REFUSED, "Consumer key is invalid.", 401)
    _check_signature(request, options, key, params)
    _check_freshness(key, params, nonces, now)
    return Caller(key)


def _check_signature(request: Request, options: StoreOptions, key: ApiKey, params: dict[str, str]) -> None:
    method = params["oauth_signature_method"]
    if method not in ("HMAC-SHA256", "HMAC-SHA1"):
        raise RestError(REFUSED, "Invalid signature - signature method is invalid.", 401)
    url = address_of(request, options)
    given = unquote(params.pop("oauth_signature").replace(" ", "+"))
    algorithm = method.removeprefix("HMAC-").lower()
    expected = signature(request.method, url, params, key.consumer_secret, algorithm)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise RestError(REFUSED, "Invalid signature - provided signature does not match.", 401)


def _check_freshness(key: ApiKey, params: dict[str, str], nonces: Nonces, now: float) -> None:
    text = params["oauth_timestamp"]
    timestamp = float(text) if text.isascii() and text.isdigit() and len(text) < 15 else 0.0
    if abs(timestamp - now) > WINDOW_S:
        raise RestError(REFUSED, "Invalid timestamp.", 401)
    if not nonces.use(key.consumer_key, params["oauth_nonce"], timestamp, now):
        raise RestError(REFUSED, "Invalid nonce - nonce has already been used.", 401)


def address_of(request: Request, options: StoreOptions) -> str:
    """Return the URL that a client must have signed: the store's own home plus the path it was asked for."""
    home = options.address.partition("://")[2]
    host, _, base = home.partition("/")
    scheme = "https" if is_https(request, options) else "http"
    path = request.raw_path.partition("?")[0]
    return f"{scheme}://{host}{path}" if not base or path.startswith(f"/{base}") else f"{scheme}://{home}{path}"


def php_parameters(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return query parameters as PHP sees them: the last of a name wins, `a[]` becomes `a[0]`, `a[1]`..."""
    params: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            at = counts.get(name, 0)
            counts[name] = at + 1
            name = f"{name[:-2]}[{at}]"
        params[name] = value
    return params


def _header_parameters(request: Request) -> dict[str, str]:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        return {}
    found: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        if name.startswith("oauth_"):
            found[name] = unquote(value.strip('"'))
    return found
