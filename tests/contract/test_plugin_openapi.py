"""The plugin API answers as its own document says, whatever is sent to it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar.handlers import HTTPRouteHandler
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.api.plugin.surface import PLUGIN
from backend.app import create_app
from backend.settings import Database, Redis, Secrets, Settings, Web
from backend.wiring import Container
from plugin_bridge.sandbox.serving import serve_in_thread
from tests.support.fake_stores import FakePlatforms
from tests.support.outbox import Outbox
from tests.support.servers import DATABASES, Servers

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)
SHOP = "https://shop.example.com"


def _settings(database_url: str, redis_url: str) -> Settings:
    return Settings(
        database=Database(url=database_url, pool_size=5),
        redis=Redis(url=redis_url),
        secrets=Secrets(keys=("a test key of enough characters",)),
        web=Web(public_per_minute=10**6, organization_per_minute=10**6),
    )


async def _owner_tokens(chosen: Settings, folder: Path) -> tuple[str, str]:
    container = Container(chosen, folder)
    async with container.transaction() as services:
        await services.accounts.create_organization("Documented", "owner@example.com", "enterprise")
    async with container.transaction() as services:
        tokens = (
            await services.access.token_for("owner@example.com"),
            await services.access.token_for("owner@example.com"),
        )
    await container.aclose()
    return tokens


@pytest.fixture(scope="module")
def api(database_url: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The served application, its document, and two tokens: one is for logging out."""
    chosen, folder = _settings(database_url, servers.redis_url(DATABASES - 1)), tmp_path_factory.mktemp("data")
    tokens = asyncio.run(_owner_tokens(chosen, folder))

    def make(_: str) -> Any:
        container = Container(chosen, folder)
        internet = FakePlatforms()
        internet.open_shop(SHOP, "a")
        container.platforms = internet
        container.mailer = Outbox()
        return create_app(container=container)

    base_url, stop = serve_in_thread(make)
    try:
        schema = schemathesis.openapi.from_url(f"{base_url}/docs/plugin/openapi.json")
        schema.tokens = tokens
        yield schema
    finally:
        stop()


OPERATIONS = [
    (method, f"{PLUGIN.prefix}{path}")
    for handler in PLUGIN.handlers
    if isinstance(handler, HTTPRouteHandler)
    for method in handler.http_methods
    for path in handler.paths
]


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_follow_the_document(api: Any, method: str, path: str, mode: schemathesis.GenerationMode) -> None:
    token = api.tokens[1 if path.endswith("/logout") else 0]
    operation = api[path][method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answers_follow_it(case: schemathesis.Case) -> None:
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(response, checks=CHECKS)

    answers_follow_it()
