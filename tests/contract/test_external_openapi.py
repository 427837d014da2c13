"""The external API answers as its own document says, whatever is sent to it."""

import asyncio
from collections.abc import Iterator
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

from backend.api.external_v1.surface import EXTERNAL
from backend.wiring import Container
from tests.support.external_api import open_shop
from tests.support.served_app import served_app, settings_on
from tests.support.servers import DATABASES, Servers

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


@pytest.fixture(scope="module")
def api(database_url: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The served application's document, with a key and a product of a shop that has a little of everything."""
    folder = tmp_path_factory.mktemp("data")
    chosen = settings_on(database_url, servers.redis_url(DATABASES - 2))
    shop = asyncio.run(open_shop(Container(chosen, folder)))
    with served_app(chosen, folder) as base_url:
        schema = schemathesis.openapi.from_url(f"{base_url}/docs/external/openapi.json")
        schema.shop = shop
        yield schema


OPERATIONS = [
    (method, f"{EXTERNAL.prefix}{path.replace(':str', '')}")
    for handler in EXTERNAL.handlers
    if isinstance(handler, HTTPRouteHandler)
    for method in sorted(handler.http_methods)
    for path in sorted(handler.paths)
]


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("known", [True, False], ids=["known", "any"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_follow_the_document(
    api: Any, method: str, path: str, known: bool, mode: schemathesis.GenerationMode
) -> None:
    operation = api[path][method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answers_follow_it(case: schemathesis.Case) -> None:
        if known and "product_id" in (case.path_parameters or {}):
            case.path_parameters["product_id"] = api.shop.product
        response = case.call(headers={"Authorization": f"Bearer {api.shop.key}"})
        case.validate_response(response, checks=CHECKS)

    answers_follow_it()


def test_every_operation_tells_of_credentials_refusals_and_limits(api: Any) -> None:
    for path, item in api.raw_schema["paths"].items():
        for method, operation in item.items():
            assert operation["security"] == [{"bearer": []}], (method, path)
            assert {"200", "400", "401", "403", "429"} <= set(operation["responses"]), (method, path)
            for status, answer in operation["responses"].items():
                assert "X-RateLimit-Remaining" in answer["headers"], (method, path, status)
    assert len(OPERATIONS) == 7
