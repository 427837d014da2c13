"""A shop's permanent domain, `name.myshopify.com`, and where such a shop is asked."""

import re

SUFFIX = ".myshopify.com"
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")


def exact_shop(text: str) -> str | None:
    """Return the domain in lower case when *text* is exactly one; None for anything else, also with a dot behind it.

    For what machines send. Shopify's own libraries take more (`shopify.com`, `_`, paths): a shop that gets our
    client secret is never one of those.
    """
    # Before lower(): it makes plain letters of some that are none, such as the Kelvin sign.
    if not text.isascii():
        return None
    lowered = text.lower()
    return lowered if _SHOP.fullmatch(lowered) else None


def typed_shop(text: str) -> str:
    """Return the domain that a person means: a bare name, the domain, or its https address.

    Raises:   ValueError with a sentence.
    """
    typed = text.strip().removesuffix("/")
    if typed.lower().startswith("https://"):
        typed = typed[len("https://") :]
    shop = exact_shop(typed if "." in typed else typed + SUFFIX)
    if shop is None:
        raise ValueError("write the shop's name or mystore.myshopify.com")
    return shop


def shop_of(address: str) -> str:
    """Return the domain in a store's canonical address, `https://name.myshopify.com`.

    Raises:   ValueError when it is none.
    """
    shop = exact_shop(address.removeprefix("https://")) if address.startswith("https://") else None
    if shop is None:
        raise ValueError("not the address of a Shopify store")
    return shop


def asked_at(template: str, shop: str) -> str:
    """Return the base of a shop's requests, without a slash at the end.

    Args:     template: the setting `SHOPIFY_SHOP_URL`. shop: as `exact_shop` returns it.
    """
    return template.replace("{shop}", shop).replace("{name}", shop.removesuffix(SUFFIX)).rstrip("/")
