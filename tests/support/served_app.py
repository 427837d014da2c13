"""The whole application on a socket, for clients that are programs of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.app import create_app
from backend.settings import Database, Redis, Secrets, Settings
from backend.wiring import Container
from plugin_bridge.sandbox.serving import served


def settings_on(database_url: str, redis_url: str) -> Settings:
    """Return settings of an application on these servers."""
    return Settings(
        database=Database(url=database_url, pool_size=5),
        redis=Redis(url=redis_url),
        secrets=Secrets(keys=("a test key of enough characters",)),
    )


@contextmanager
def served_app(settings: Settings, folder: Path) -> Iterator[str]:
    """Serve the application for the length of a with block; yields its base URL."""
    with served(lambda _: create_app(container=Container(settings, folder))) as url:
        yield url
