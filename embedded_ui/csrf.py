"""What proves that a form was sent from our own page: a token made of a cookie that other sites cannot read."""

import hashlib
import hmac
import re
import secrets
from typing import Any

from litestar import Request

from backend.kit.crypto import same
from backend.kit.errors import forbidden
from embedded_ui.session import SESSION, Connection

FIELD = "form_token"
VISIT = "storeloom_visit"
"""Cookie of visitors who are not logged in: a random text their forms are bound to."""
_VISIT_SHAPE = re.compile(r"[\w-]{20,100}", re.ASCII)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})


def bound_to(connection: Connection) -> str:
    """Return the secret of this browser that its forms are bound to: the login, or the visit; empty when none."""
    session = connection.cookies.get(SESSION)
    if session:
        return session
    visit = connection.cookies.get(VISIT, "")
    return visit if _VISIT_SHAPE.fullmatch(visit) else ""


def new_visit() -> str:
    """Return a random text for the cookie `VISIT`."""
    return secrets.token_urlsafe(24)


def form_token(secret: str) -> str:
    """Return the text that forms carry; it does not give the secret away."""
    return hmac.new(secret.encode(), b"storeloom form", hashlib.sha256).hexdigest()


async def check_form(request: Request[Any, Any, Any]) -> None:
    """Let a request through that changes nothing or was sent from our own form; raise forbidden FORM_OUTDATED."""
    if request.method in _SAFE:
        return
    secret = bound_to(request)
    foreign = request.headers.get("sec-fetch-site", "none") not in _OWN_SITE
    given = (await request.form()).get(FIELD) if secret and not foreign else None
    if not isinstance(given, str) or not same(given, form_token(secret)):
        raise forbidden(
            "FORM_OUTDATED",
            "This form is out of date, or cookies are blocked. Go back, reload the page and try again",
        )
