"""Where our verdict is another one than that of Shopify's libraries, on purpose, each with its reason."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tests.support.shopify_signing import CLIENT_ID, NOW, SHOP, claims, id_token, webhook_headers

C = TypeVar("C")
Claims = Mapping[str, Any]
Delivery = tuple[Mapping[str, str], str]
"""Headers and body."""
_STRICT = r"[a-z0-9][a-z0-9-]*\.myshopify\.com"


@dataclass(frozen=True)
class Difference(Generic[C]):
    """One rule of ours."""

    reason: str
    example: C
    others: tuple[str, ...]
    """Which witnesses say the opposite of us about the example."""
    applies: Callable[[C], bool]
    ours: bool = False


def _lacks_text(said: Claims, *names: str) -> bool:
    return not all(isinstance(said.get(name), str) and said[name] for name in names)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_shop(said: Claims) -> bool:
    destination = str(said.get("dest"))
    return bool(re.fullmatch(f"https://{_STRICT}", destination)) and said.get("iss") == f"{destination}/admin"


SHOPS: dict[str, Difference[str]] = {
    "white_space": Difference(
        "ShopifyAPI strips it, and drops line ends inside; what machines send has none",
        f"{SHOP}\n",
        ("shopify_api",),
        lambda text: any(sign.isspace() for sign in text),
    ),
    "address": Difference(
        "ShopifyAPI takes the host of an address; a parameter that is more than a host was made by somebody else",
        f"https://{SHOP}/admin",
        ("shopify_api",),
        lambda text: "//" in text or any(sign in text for sign in "/?#"),
    ),
    "slash": Difference(
        "Shopify's library for Node lets slashes follow", f"{SHOP}/", ("node", "shopify_api"), lambda text: "/" in text
    ),
    "bare_name": Difference(
        "ShopifyAPI completes it; people may write it so, callbacks and tokens never do",
        "quiet-cups",
        ("shopify_api",),
        lambda text: "." not in text,
    ),
    "underscore": Difference(
        "Node's pattern has it by accident of a range", "quiet_cups.myshopify.com", ("node",), lambda text: "_" in text
    ),
    "other_families": Difference(
        "Hosts that are Shopify's own or its developers' get no secret of ours",
        "accounts.shopify.com",
        ("node",),
        lambda text: bool(re.search(r"(?:^|[^y])shopify\.com|myshopify\.io|shop\.dev", text.lower())),
    ),
    "not_ascii": Difference(
        "ShopifyAPI makes a plain k of the Kelvin sign before it looks",
        "\u212aitchen.myshopify.com",
        ("shopify_api",),
        lambda text: not text.isascii(),
    ),
    "too_long": Difference(
        "No name of a host has a part of more than 63 characters",
        f"{'a' * 64}.myshopify.com",
        ("node", "shopify_api"),
        lambda text: len(text) > 63 + len(".myshopify.com"),
    ),
    "capitals": Difference(
        "Names of hosts do not tell capitals apart, as ShopifyAPI knows; what we keep is in lower case",
        SHOP.upper(),
        ("node",),
        lambda text: text != text.lower(),
        ours=True,
    ),
    "short_or_dash": Difference(
        "ShopifyAPI wants two characters, the last no dash; Shopify's documents do not",
        "a.myshopify.com",
        ("shopify_api",),
        lambda text: bool(re.match(r"(?:[a-z0-9]|[a-z0-9-]*-)\.", text.lower())),
        ours=True,
    ),
}

ID_TOKENS: dict[str, Difference[Claims]] = {
    "endless": Difference(
        "No library asks for an end; a token without one would be good for ever",
        claims({"exp": ...}),
        ("node", "shopifyapp", "shopify_api"),
        lambda said: not _is_number(said.get("exp")),
    ),
    "beginning_not_said": Difference(
        "Shopify's tokens say when they begin and when they were made",
        claims({"nbf": ..., "iat": ...}),
        ("node", "shopifyapp", "shopify_api"),
        lambda said: not (_is_number(said.get("nbf")) and _is_number(said.get("iat"))),
    ),
    "made_in_the_future": Difference(
        "Node does not look when a token was made",
        {**claims(), "iat": 7_000_000_000, "nbf": 0},
        ("node",),
        lambda said: _is_number(said.get("iat")) and said["iat"] > NOW.timestamp() + 10,
    ),
    "nobody": Difference(
        "User, session and number are what we remember of a visit; only ShopifyAPI asks for them",
        claims({"sub": ..., "sid": ..., "jti": ...}),
        ("node", "shopifyapp"),
        lambda said: _lacks_text(said, "sub", "sid", "jti"),
    ),
    "several_apps": Difference(
        "ShopifyAPI takes a list of apps; Shopify names one",
        claims({"aud": [CLIENT_ID, "another"]}),
        ("shopify_api",),
        lambda said: not isinstance(said.get("aud"), str),
    ),
    "two_shops": Difference(
        "Only ShopifyAPI compares who issued a token with whom it is for",
        claims({"iss": "https://another.myshopify.com/admin"}),
        ("node", "shopifyapp"),
        lambda said: not _one_shop(said),
    ),
    "no_shop": Difference(
        "The host becomes part of an address that gets our secret",
        claims({"iss": "https://evil.com/admin", "dest": "https://evil.com"}),
        ("node", "shopifyapp"),
        lambda said: not _one_shop(said),
    ),
}


def _with_sign(sign: str) -> str:
    token = id_token()
    return f"{token[:-5]}{sign}{token[-5:]}"


ID_TOKEN_TEXTS: dict[str, Difference[str]] = {
    "space_inside": Difference(
        "Node skips white space in a signature; one token has one text",
        _with_sign(" "),
        ("node",),
        lambda token: not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII),
    ),
}

BODY = '{"id":1}'
SAID = ("hmac-sha256", "topic", "shop-domain", "api-version", "webhook-id")


def _family(headers: Mapping[str, str]) -> Mapping[str, str]:
    prefix = "shopify-" if headers.get("shopify-hmac-sha256") else "x-shopify-"
    return {name: headers.get(prefix + name, "") for name in SAID}


def _without(*names: str) -> dict[str, str]:
    return {name: value for name, value in webhook_headers(BODY.encode()).items() if name not in names}


WEBHOOKS: dict[str, Difference[Delivery]] = {
    "header_missing": Difference(
        "shopifyapp looks at the signature only; without shop, topic and number nothing can be done",
        (_without("x-shopify-webhook-id"), BODY),
        ("shopifyapp",),
        lambda case: not all(_family(case[0]).values()),
    ),
    "empty_body": Difference(
        "shopifyapp takes it; Shopify sends an object always",
        (webhook_headers(b""), ""),
        ("shopifyapp",),
        lambda case: not case[1],
    ),
    "no_shop": Difference(
        "Headers are not signed: the shop's name is checked before anything is looked up by it",
        (webhook_headers(BODY.encode(), shop_domain="evil.com"), BODY),
        ("node", "shopifyapp"),
        lambda case: not re.fullmatch(_STRICT, _family(case[0])["shop-domain"].lower()),
    ),
    "two_spellings": Difference(
        "Node believes the one, shopifyapp the other",
        ({**webhook_headers(BODY.encode()), **webhook_headers(BODY.encode(), prefix="shopify-")}, BODY),
        ("node", "shopifyapp"),
        lambda case: {"shopify-hmac-sha256", "x-shopify-hmac-sha256"} <= set(case[0]),
    ),
    "unstorable_words": Difference(
        "Topic and number are kept and compared: plain words of a sane length",
        (webhook_headers(BODY.encode(), topic="products update"), BODY),
        ("node", "shopifyapp"),
        lambda case: not re.fullmatch(r"[!-~]{1,120}", _family(case[0])["topic"] + "x"),
    ),
}


@dataclass(frozen=True)
class SignedCallback:
    """A callback that is signed well but not ours to take."""

    reason: str
    other: str
    over: Mapping[str, Any]
    """Parameters changed before signing; `timestamp` is in seconds from now, or a template with `{now}`."""
    code: str


CALLBACKS: dict[str, SignedCallback] = {
    "repeated": SignedCallback(
        "Node signs lists; whoever reads a repeated parameter may read either value",
        "node",
        {"ids": ["1", "2"]},
        "parameters",
    ),
    "an_hour_old": SignedCallback(
        "ShopifyAPI lets a day pass, in which a callback found in a log could be used again",
        "shopify_api",
        {"timestamp": -3_600},
        "timestamp",
    ),
    "from_the_future": SignedCallback(
        "ShopifyAPI does not look for it", "shopify_api", {"timestamp": 3_600}, "timestamp"
    ),
    "written_otherwise": SignedCallback(
        "Node reads whatever JavaScript takes for a number", "node", {"timestamp": " {now}.0 "}, "timestamp"
    ),
    "another_host": SignedCallback(
        "Both check the shop elsewhere, if the caller remembers to", "node", {"shop": "evil.com"}, "shop"
    ),
    "without_code": SignedCallback("Both sign whatever is there", "node", {"code": None}, "parameters"),
}
