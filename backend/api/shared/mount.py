"""Building the Litestar app from the surfaces."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Litestar, Request
from litestar.di import Provide
from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler

from backend.api.docs import documentation, openapi_config
from backend.api.shared.bodies import PatientRequest
from backend.api.shared.client_ip import check_proxies
from backend.api.shared.dispatcher import dispatcher
from backend.api.shared.gate import gate
from backend.api.shared.rate_headers import NoteAnswer, with_rate_headers
from backend.api.shared.surface import Surface
from backend.ports.actor import Actor
from backend.ports.rate_limiter import RateLimiter
from backend.settings import Settings


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Hand the handler who calls, as the gate found it."""
    actor: Actor = request.scope["user"]
    return actor


def provide_settings(request: Request[Any, Any, Any]) -> Settings:
    """Hand the handler the settings of this process."""
    settings: Settings = request.app.state.settings
    return settings


def mount(
    surfaces: Sequence[Surface],
    *,
    settings: Settings,
    limiter: RateLimiter,
    authenticator: Any,
    dependencies: Mapping[str, Provide],
    extra_handlers: Sequence[ControllerRouterHandler] = (),
    template_config: TemplateConfig[Any] | None = None,
    on_shutdown: Sequence[Callable[[], Any]] = (),
    note_answer: NoteAnswer | None = None,
) -> Litestar:
    """Return the app: every surface behind its gate, one dispatcher of errors, the documents under `/docs`.

    Args:     authenticator: what the surfaces' `authenticate` finds in `app.state.authenticator`.
              dependencies: services by the handlers' parameter names.
              extra_handlers: routes outside the surfaces (pages, health). template_config: how pages are rendered.
              note_answer: told of each answer of surfaces with `rate_headers`.
    """
    check_proxies(settings.web.trusted_proxies)
    app = Litestar(
        route_handlers=[
            *(surface.router(gate(surface, limiter, settings.web)) for surface in surfaces),
            documentation([surface for surface in surfaces if surface.documented]),
            *extra_handlers,
        ],
        dependencies={
            **dependencies,
            "actor": Provide(provide_actor, sync_to_thread=False),
            "settings": Provide(provide_settings, sync_to_thread=False),
        },
        exception_handlers={Exception: dispatcher(surfaces)},
        openapi_config=openapi_config(),
        template_config=template_config,
        request_class=PatientRequest,
        request_max_body_size=settings.web.max_body_bytes,
        on_shutdown=list(on_shutdown),
        logging_config=None,
    )
    app.asgi_handler = with_rate_headers(app.asgi_handler, surfaces, limiter, settings.web, note_answer)
    app.state.settings = settings
    app.state.authenticator = authenticator
    return app
