"""Global ids: `gid://shopify/Product/7`."""

import re

_GID = re.compile(r"gid://shopify/(?P<kind>[A-Za-z]+)/(?P<number>[0-9]{1,18})(?:\?.*)?")


def gid(kind: str, number: int | str) -> str:
    """Return the global id of a thing."""
    return f"gid://shopify/{kind}/{number}"


def number_of(text: str, kind: str) -> int | None:
    """Return the number in a global id, None when it is not of that kind."""
    found = _GID.fullmatch(text)
    return int(found["number"]) if found and found["kind"] == kind else None


def split(text: str) -> tuple[str, str] | None:
    """Return kind and rest of any global id, None for what is none."""
    kind, slash, rest = text.removeprefix("gid://shopify/").partition("/")
    return (kind, rest) if slash and text.startswith("gid://shopify/") and kind.isalpha() and rest else None
