"""The price monitoring API answers as its own document says, whatever is sent to it."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
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

from backend.api.price_v2.surface import PRICE
from backend.ports.actor import system_actor
from backend.settings import Settings
from backend.wiring import Container
from tests.support.served_app import served_app, settings_on
from tests.support.servers import DATABASES, Servers

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)
NO_LIMIT = """
[enterprise]
developer_write = true
webhooks = true
external_api = true
monitoring_api = true
sandbox = true
"""


class Watched(NamedTuple):
    """An account that has one of everything, by the names of the paths' parameters."""

    headers: dict[str, str]
    known: dict[str, dict[str, str]]


async def open_account(container: Container) -> Watched:
    async with container.transaction() as services:
        made = await services.accounts.create_organization("Documented", "owner@example.com", "enterprise")
        actor = system_actor(made.organization.id)
        pair = await services.monitoring_tokens.create(actor)
        told = {"name": "Lamp", "brand": "Acme", "category": "Light", "cost": "5", "barcode": "96385074"}
        product = await services.monitored_products.add(actor, told)
        url = await services.tracked_urls.add(actor, product, "https://rival.example.com/lamp")
    async with container.transaction() as services:
        row = (await services.monitored_products.product(actor, product)).row
    await container.aclose()
    known = {"product_id": {"": str(product)}, "url_id": {"": str(url)}}
    known["name_id"] = {"brand": str(row.brand_id), "category": str(row.category_id)}
    return Watched({"apikey": pair.apikey, "apitoken": pair.apitoken}, known)


@pytest.fixture(scope="module")
def api(database_url: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The served application's document, with a token."""
    folder = tmp_path_factory.mktemp("data")
    plans = folder / "plans.toml"
    plans.write_text(NO_LIMIT)
    chosen = _with_plans(settings_on(database_url, servers.redis_url(DATABASES - 3)), str(plans))
    account = asyncio.run(open_account(Container(chosen, folder)))
    with served_app(chosen, folder) as base_url:
        schema = schemathesis.openapi.from_url(f"{base_url}/docs/price/openapi.json")
        schema.account = account
        yield schema


def _with_plans(chosen: Settings, path: str) -> Settings:
    accounts = msgspec.structs.replace(chosen.accounts, plans_file=path)
    return msgspec.structs.replace(chosen, accounts=accounts)


OPERATIONS = [
    (method, f"{PRICE.prefix}{path.replace(':str', '')}")
    for handler in PRICE.handlers
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
    ids = {} if "/delete/" in path else api.account.known

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answers_follow_it(case: schemathesis.Case) -> None:
        for name in set(case.path_parameters or {}) & set(ids) if known else ():
            values = ids[name]
            case.path_parameters[name] = next(one for kind, one in values.items() if kind in path)
        response = case.call(headers=api.account.headers)
        case.validate_response(response, checks=CHECKS)

    answers_follow_it()
