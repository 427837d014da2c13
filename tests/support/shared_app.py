"""One application for many tests: building it takes longer than most of them; what it is wired to is the test's own."""

from typing import Any, cast

import msgspec
from litestar import Litestar

from backend.app import create_app, lend
from backend.settings import Database, Redis, Settings
from backend.wiring import Container


class _Part:
    """A part of whichever container is lent at the time of a call."""

    def __init__(self, lent: "_Lent", name: str) -> None:
        self._lent, self._name = lent, name

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._lent.container, self._name), name)

    def __call__(self, *args: Any) -> Any:
        return getattr(self._lent.container, self._name)(*args)


class _Lent:
    """Stands in for a container while the application is built and afterwards."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.building = True
        self.settings = container.settings

    def __getattr__(self, name: str) -> Any:
        # What is taken now is kept for good: it must find the container of later tests.
        return _Part(self, name) if self.building else getattr(self.container, name)


_built: dict[bytes, tuple[Litestar, _Lent]] = {}


def application(container: Container) -> Litestar:
    """Return the application on this container; the one before with the same settings is no longer usable."""
    settings = container.settings
    key = msgspec.json.encode(_without_addresses(settings))
    if key not in _built:
        lent = _Lent(container)
        _built[key] = create_app(container=cast(Container, lent)), lent
        lent.building = False
    app, lent = _built[key]
    lent.container = container
    app.state.settings = settings
    app.state.authenticator = container.authenticator
    lend(app, container)
    return app


def _without_addresses(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, database=Database(url=""), redis=Redis(url=""))
