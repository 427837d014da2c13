"""What an e-mail address and a name must look like: pure."""

import re
from urllib.parse import urlsplit

from backend.kit.errors import invalid
from backend.kit.text import storable

MAX_EMAIL = 254
MAX_NAME = 120
# One @, no blanks, quotes or control characters, a domain of two or more labels or a literal host name.
_EMAIL = re.compile(r"[^\s@\"(),:;<>\[\\\]\x00-\x1f\x7f]{1,64}@[^\s@\"(),:;<>\[\\\]\x00-\x1f\x7f]{1,253}")


def email_key(text: str) -> str:
    """Return the spelling under which an e-mail is stored and compared: trimmed and lower case.

    Raises:   invalid EMAIL_INVALID.
    """
    trimmed = text.strip()
    local, _, domain = trimmed.rpartition("@")
    # ASCII only: a mail server without SMTPUTF8 could never deliver the links that this account needs.
    plain = trimmed.isascii() and len(trimmed) <= MAX_EMAIL and _EMAIL.fullmatch(trimmed)
    outer = (domain.startswith((".", "-")), domain.endswith((".", "-")), local.startswith("."), local.endswith("."))
    if not plain or any(outer) or ".." in trimmed:
        raise invalid("EMAIL_INVALID", "email: this is not an e-mail address", field="email")
    return trimmed.lower()


def organization_name(text: str) -> str:
    """Return a name fit to be stored; raise invalid NAME_INVALID when nothing is left of it."""
    name = storable(text).strip()[:MAX_NAME]
    if not name:
        raise invalid("NAME_INVALID", "name: this must hold a name", field="name")
    return name


def name_of_host(store_url: str) -> str:
    """Return what an organization is called after its store's host: `https://www.shop.example/x` -> `shop.example`."""
    host = urlsplit(store_url).hostname or store_url
    return organization_name(host.removeprefix("www."))
