"""A surface for API keys and one for monitoring tokens that hold next to nothing, in front of real parts."""

from typing import Any, Protocol

from litestar import Litestar, Response, get, post
from litestar.di import NamedDependency

from backend.api.shared.errors import Refusal
from backend.api.shared.keys import READ, WRITE, by_key, by_monitoring_token, hourly, key_noter, permit
from backend.api.shared.mount import mount
from backend.api.shared.surface import Surface
from backend.domain.access.key_auth import KeyAuthenticator
from backend.domain.access.key_usage import KeyUsage
from backend.domain.access.monitoring_tokens import MonitoringAuthenticator
from backend.ports.actor import Actor
from backend.ports.rate_limiter import RateLimiter
from backend.settings import Settings


@get("/who", opt=READ)
async def tell_key(actor: NamedDependency[Actor]) -> dict[str, str]:
    return {"organization": str(actor.tenant), "permission": actor.permission}


@post("/things", opt=WRITE, status_code=200)
async def write_thing() -> dict[str, str]:
    return {"thing": "written"}


@get("/who")
async def tell_token(actor: NamedDependency[Actor]) -> dict[str, str]:
    return {"organization": str(actor.tenant), "email": actor.email}


def render(refusal: Refusal) -> Response[Any]:
    body = {"error": refusal.message, "code": refusal.code}
    return Response(body, status_code=refusal.status, headers=dict(refusal.headers))


class Parts(Protocol):
    """What the application stands on; a container is one."""

    settings: Settings

    @property
    def limiter(self) -> RateLimiter: ...

    @property
    def key_usage(self) -> KeyUsage: ...

    @property
    def key_authenticator(self) -> KeyAuthenticator: ...

    @property
    def monitoring_authenticator(self) -> MonitoringAuthenticator: ...


def keyed_app(parts: Parts) -> Litestar:
    """Return the application."""
    shared: dict[str, Any] = {"render_error": render, "rate_headers": True}
    keyed = Surface(
        name="keyed",
        prefix="/keyed",
        title="Keyed",
        handlers=(tell_key, write_thing),
        authenticate=by_key("external_api"),
        permit=permit,
        caller_windows=hourly("keyed"),
        **shared,
    )
    watched = Surface(
        name="watched",
        prefix="/watched",
        title="Watched",
        handlers=(tell_token,),
        authenticate=by_monitoring_token("monitoring_api"),
        caller_windows=hourly("watched"),
        **shared,
    )
    app = mount(
        [keyed, watched],
        settings=parts.settings,
        limiter=parts.limiter,
        authenticator=None,
        dependencies={},
        note_answer=key_noter(parts.key_usage),
    )
    app.state.key_authenticator = parts.key_authenticator
    app.state.monitoring_authenticator = parts.monitoring_authenticator
    return app
