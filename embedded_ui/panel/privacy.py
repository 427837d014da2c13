"""Requests about customers' data: the list, and the files that answer them."""

import uuid
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.privacy.exports import PrivacyExports
from backend.domain.privacy.requests import PrivacyService
from backend.ports.actor import Actor
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell

KINDS = {
    "data_request": "A customer asked for their data",
    "customer_redact": "A customer's data is to be erased",
    "shop_redact": "The shop is to be erased",
}
STATES = {"open": "in progress", "done": "done", "dropped": "dropped: the shop is installed again"}


@get("/privacy", opt=MANAGER)
async def show_privacy(
    shell: NamedDependency[Shell], actor: NamedDependency[Actor], privacy: NamedDependency[PrivacyService]
) -> Response[Any]:
    """Show the newest requests."""
    requests = await privacy.requests(actor)
    return shell.page(
        "privacy", requests=requests, kinds=KINDS, states=STATES, live=any(one.state == "open" for one in requests)
    )


@get("/privacy/{request_id:uuid}/export", opt=MANAGER)
async def fetch_export(
    actor: NamedDependency[Actor], privacy_exports: NamedDependency[PrivacyExports], request_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Hand a file out."""
    headers = {"Content-Disposition": f'attachment; filename="customer-data-{request_id}.json"'}
    return Response(await privacy_exports.fetch(actor, request_id), media_type="application/json", headers=headers)
