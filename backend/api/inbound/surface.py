"""Inbound webhooks as a surface."""

from typing import Any

from litestar import Response

from backend.api.inbound.webhooks import receive_webhook
from backend.api.shared.errors import Refusal
from backend.api.shared.surface import Surface


def render_error(refusal: Refusal) -> Response[Any]:
    """Refuse without a word: platforms read the status only, and nobody else needs to know more."""
    headers = {name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"}
    return Response(b"", status_code=refusal.status, headers=headers)


# No limit per address: a platform's deliveries come from few addresses, and a refused one is lost or late.
INBOUND = Surface(
    name="inbound",
    prefix="/hooks",
    title="Webhooks from platforms",
    handlers=(receive_webhook,),
    render_error=render_error,
)
