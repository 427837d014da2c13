"""create_app(): settings -> wiring -> mount the surfaces and the pages. Nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.di import NamedDependency, Provide
from sqlalchemy import text

from backend.api import SURFACES
from backend.api.operations import health_routes, metrics_route
from backend.api.shared.keys import key_noter
from backend.api.shared.mount import mount
from backend.kit.log import set_up_logging
from backend.settings import Settings, load_settings
from backend.wiring import Container, Services, flow_names, service_names
from embedded_ui.app.surface import APP
from embedded_ui.surface import PANEL, doors
from embedded_ui.templating import TEMPLATES


def create_app(
    settings: Settings | None = None, data_dir: Path | None = None, container: Container | None = None
) -> Litestar:
    """Build the web application; without settings they are read from the environment.

    Args:     container: wired already, for tests that replace a part.
    """
    settings = settings or (container.settings if container else load_settings())
    set_up_logging(settings.log_level)
    container = container or Container(settings, data_dir)

    async def is_ready() -> None:
        async with container.begin() as session:
            await session.execute(text("SELECT 1"))
        await container.redis.ping()

    app = mount(
        (*SURFACES, PANEL, APP),
        settings=settings,
        limiter=container.limiter,
        authenticator=container.authenticator,
        dependencies=_dependencies(container),
        extra_handlers=[
            *health_routes(is_ready),
            metrics_route(settings.web.metrics_token, lambda: container.limiter.verdicts),
            *doors(),
        ],
        template_config=TEMPLATES,
        on_shutdown=[container.aclose],
        note_answer=key_noter(container.key_usage),
    )
    lend(app, container)
    return app


def lend(app: Litestar, container: Container) -> None:
    """Put what surfaces ask before a handler is called where they look for it: in `app.state`."""
    app.state.key_authenticator = container.key_authenticator
    app.state.monitoring_authenticator = container.monitoring_authenticator
    app.state.published_feeds = container.published_feeds
    app.state.webhook_intake = container.webhook_intake
    app.state.embedded_entry = container.embedded_entry


class _Named(Provide):
    """A dependency that equals itself alone: Litestar compares all with all, for every handler there is."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _dependencies(container: Container) -> dict[str, Provide]:
    async def provide_services() -> AsyncIterator[Services]:
        async with container.transaction() as services:
            yield services

    def service(name: str) -> Provide:
        def provide(services: NamedDependency[Services]) -> Any:
            return getattr(services, name)

        return _Named(provide, sync_to_thread=False)

    def flow(name: str) -> Provide:
        def provide() -> Any:
            return getattr(container, name)

        return _Named(provide, sync_to_thread=False)

    return {
        "services": _Named(provide_services),
        **{name: service(name) for name in service_names()},
        **{name: flow(name) for name in flow_names()},
    }
