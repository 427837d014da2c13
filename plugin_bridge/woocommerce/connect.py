"""The connect ladder: from "somebody typed an address and two keys" to a proven store, or to the one named cause.

WooCommerce answers most mistakes with the same 401, so each rung asks a question whose answers differ.
"""

from html import unescape
from typing import Any, TypeVar

import msgspec

from backend.kit.text import clipped, storable
from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.store_platform import StoreIdentity
from plugin_bridge.http import decode_lenient
from plugin_bridge.woocommerce.address import same_store
from plugin_bridge.woocommerce.client import Answer, Moved, WooClient
from plugin_bridge.woocommerce.errors import refused
from plugin_bridge.woocommerce.mapping import GRAMS

_INDEX = {"_fields": "name,url,home,gmt_offset,timezone_string,namespaces"}
_API = "/wp-json/wc/v3"
_ONE = {"per_page": "1", "orderby": "id", "order": "asc", "_fields": "id"}
_STATUS = {"_fields": "environment.version,environment.wp_version,settings"}
# Zones without a whole number of hours, by offset; POSIX "Etc" has none for them.
_HALVES = {
    3.5: "Asia/Tehran",
    4.5: "Asia/Kabul",
    5.5: "Asia/Kolkata",
    5.75: "Asia/Kathmandu",
    6.5: "Asia/Yangon",
    8.75: "Australia/Eucla",
    9.5: "Australia/Darwin",
    10.5: "Australia/Lord_Howe",
    12.75: "Pacific/Chatham",
    -3.5: "America/St_Johns",
    -9.5: "Pacific/Marquesas",
}
_PLAIN_ENOUGH = (Cause.MOVED, Cause.THROTTLED, Cause.UNREACHABLE, Cause.TIMEOUT, Cause.TOO_LARGE)
T = TypeVar("T")


class _Index(msgspec.Struct):
    name: Any = ""
    home: Any = ""
    gmt_offset: Any = 0
    timezone_string: Any = ""
    namespaces: Any = None


async def identify(client: WooClient) -> StoreIdentity:
    """Prove address and keys, and learn who the store is.

    Raises:   StoreRefused: REST_BLOCKED, PLATFORM_MISSING, PLAIN_PERMALINKS, WRONG_STORE, MOVED, KEY_REVOKED,
              WRONG_SECRET, USER_DEMOTED, CLOCK_SKEW, NEEDS_HTTPS, AUTH_STRIPPED, READ_ONLY_KEY.
              StoreUnavailable: NOT_JSON, SERVER_ERROR, TIMEOUT, UNREACHABLE, THROTTLED. UnsafeAddress.
    """
    index = await _index(client)
    _is_this_store(client, index)
    await _prefer_https(client, index)
    await _read_check(client, index)
    await _write_check(client)
    currency, version = await _currency_and_version(client)
    facts = {
        "auth": client.auth,
        "variations": await _variations(client),
        "weight_unit": await _weight_unit(client),
    }
    return StoreIdentity(
        url=client.base,
        name=_text(index.name),
        currency=currency,
        timezone=timezone_name(index.timezone_string, index.gmt_offset),
        platform_version=version,
        facts=facts,
    )


def timezone_name(name: object, offset_hours: object) -> str:
    """Return the IANA name of a store's zone; a bare offset becomes a fixed zone, nonsense becomes UTC."""
    if isinstance(name, str) and name.strip():
        return clipped(storable(name.strip()), 64)
    try:
        hours = float(offset_hours) if isinstance(offset_hours, str | int | float) else 0.0
    except (ValueError, OverflowError):
        hours = 0.0
    if hours in _HALVES:
        return _HALVES[hours]
    if hours == 0 or not hours.is_integer() or not -12 <= hours <= 14:
        return "UTC"
    return f"Etc/GMT{-int(hours):+d}"


async def _index(client: WooClient) -> _Index:
    """First rung: is there a WordPress whose REST API answers, and is WooCommerce in it?"""
    problem: PlatformError
    try:
        answer = await client.get("/wp-json/", _INDEX, signed=False, good=_is_index)
    except (StoreRefused, StoreUnavailable) as error:
        if error.cause in _PLAIN_ENOUGH:
            raise
        problem = error
    else:
        index = _index_of(answer)
        if index is None or "wc/v3" not in index.namespaces:
            raise refused(Cause.PLATFORM_MISSING)
        return index
    await _name_why_no_index(client, problem)
    raise problem


async def _name_why_no_index(client: WooClient, problem: PlatformError) -> None:
    """The pretty address failed: does the plain one work (permalinks), or is everything closed (firewall)?"""
    if problem.status in (401, 403, 406):
        raise refused(Cause.REST_BLOCKED, status=problem.status, evidence=problem.evidence)
    if problem.status is None or (problem.status != 404 and problem.status >= 400):
        return
    plain: _Index | None = None
    try:
        answer = await client.get("/", {"rest_route": "/", **_INDEX}, signed=False)
        plain = _index_of(answer)
    except StoreThrottled:
        raise
    except PlatformError:
        plain = None
    if plain is not None:
        _is_this_store(client, plain)
        raise refused(Cause.PLAIN_PERMALINKS)
    if problem.status == 404:
        raise refused(Cause.PLATFORM_MISSING, status=404, evidence=problem.evidence)


def _is_this_store(client: WooClient, index: _Index) -> None:
    home = index.home if isinstance(index.home, str) else ""
    if not same_store(home, client.base):
        raise StoreRefused(
            Cause.WRONG_STORE,
            "The store here says that it lives elsewhere; it may be a copy. Connect it under its own address",
            evidence=f"its own address: {clipped(storable(home), 200)}",
        )


async def _prefer_https(client: WooClient, index: _Index) -> None:
    """A store that names https as its home is asked there, when it answers there: keys are safest under TLS."""
    home = str(index.home)
    if client.base.startswith("https://") or not home.startswith("https://"):
        return
    before = client.base
    client.rebase(home.rstrip("/"))
    try:
        there = _index_of(await client.once("GET", "/wp-json/", _INDEX, signed=False))
    except (PlatformError, Moved):
        there = None
    if there is None or not same_store(str(there.home), before):
        client.base = before
        client.use("oauth1")


async def _read_check(client: WooClient, index: _Index) -> None:
    """Second rung: which way of signing in lets us read? Leaves the client set to it."""
    ways = ("basic", "query") if client.base.startswith("https://") else ("oauth1",)
    for way in ways:
        client.use(way)
        try:
            await _value(client, f"{_API}/products", _ONE, list[Any])
        except StoreRefused as error:
            if error.cause is Cause.KEY_REVOKED and way == "basic":
                continue  # the same answer as for a request whose Authorization header got lost: try without it
            raise _sharper(error, way, index) from None
        return


def _sharper(error: StoreRefused, way: str, index: _Index) -> StoreRefused:
    if way == "query" and error.cause in (Cause.REST_BLOCKED, Cause.REFUSED):
        return refused(Cause.AUTH_STRIPPED, status=error.status, evidence=error.evidence)
    if way == "oauth1" and error.cause is Cause.KEY_REVOKED and str(index.home).startswith("https://"):
        return refused(Cause.NEEDS_HTTPS, status=error.status, evidence=error.evidence)
    return error


async def _write_check(client: WooClient) -> None:
    """Third rung: an update of nothing, which only a key that may write is let through to."""
    await client.batch(f"{_API}/products/batch", {"update": []}, {"_fields": "update.id"})


async def _currency_and_version(client: WooClient) -> tuple[str, str]:
    try:
        status: dict[str, Any] = await _value(client, f"{_API}/system_status", _STATUS, dict[str, Any])
    except StoreRefused:
        status = {}  # shop managers may be kept from it
    currency = _at(status, "settings", "currency") or await _currency(client)
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise StoreUnavailable(Cause.NOT_JSON, "The store does not tell its currency", evidence=currency)
    return currency.upper(), clipped(_at(status, "environment", "version"), 40)


async def _currency(client: WooClient) -> str:
    for path, name in (("data/currencies/current", "code"), ("settings/general/woocommerce_currency", "value")):
        try:
            found: dict[str, Any] = await _value(client, f"{_API}/{path}", {"_fields": name}, dict[str, Any])
        except StoreRefused:
            continue
        if _at(found, name):
            return _at(found, name)
    return ""


async def _variations(client: WooClient) -> str:
    try:
        await _value(client, f"{_API}/variations", _ONE, list[Any])
    except StoreRefused as error:
        if error.status != 404:
            raise
        return "no"
    return "yes"


async def _weight_unit(client: WooClient) -> str:
    path = f"{_API}/settings/products/woocommerce_weight_unit"
    try:
        unit = _at(await _value(client, path, {"_fields": "value"}, dict[str, Any]), "value")
    except (StoreRefused, StoreUnavailable):
        unit = ""
    return unit if unit in GRAMS else "kg"


async def _value(client: WooClient, path: str, parameters: dict[str, str], kind: type[T]) -> T:
    answer = await client.get(path, parameters, good=lambda answer: _decoded(answer, kind) is not None)
    value = _decoded(answer, kind)
    assert value is not None
    return value


def _decoded(answer: Answer, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(decode_lenient(answer.content), kind)
    except (ValueError, msgspec.ValidationError):
        return None


def _is_index(answer: Answer) -> bool:
    return _index_of(answer) is not None


def _index_of(answer: Answer) -> _Index | None:
    found = _decoded(answer, _Index)
    return found if found is not None and isinstance(found.namespaces, list) else None


def _at(value: Any, *names: str) -> str:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return storable(value) if isinstance(value, str) else ""


def _text(value: object) -> str:
    return clipped(storable(unescape(value)).strip(), 200) if isinstance(value, str) else ""
