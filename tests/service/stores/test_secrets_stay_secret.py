"""A store's keys are nowhere: not in the database, logs, exceptions, traces or addresses, whatever goes wrong."""

import logging
import traceback

import pytest

from backend.api.plugin.stores import ConnectIn
from backend.domain.stores.connecting import ConnectRequest
from backend.kit.errors import DomainError
from backend.kit.log import set_up_logging
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import KEY, SECRET, Workbench

pytestmark = pytest.mark.anyio

FAULTS = ("server_error", "html", "truncated_json", "unauthorized", "rate_limited", "redirect")


def shows_a_secret(text: str) -> bool:
    return SECRET in text or KEY in text


async def test_nothing_that_is_stored_holds_a_key(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    await bench.connect(actor, store)
    store.fault("unauthorized", rate=1)
    await bench.work_off()
    tables = await bench.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 15
    for (table,) in tables:
        for (row,) in await bench.rows(f'SELECT cast(t AS text) FROM "{table}" t'):
            assert not shows_a_secret(row), table


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_log_line_and_no_trace_holds_a_key(
    bench: Workbench, capfd: pytest.CaptureFixture[str], fault: str
) -> None:
    set_up_logging("debug")
    for name in ("httpx", "httpcore", "sqlalchemy.engine", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    await bench.connect(actor, store)
    store.fault(fault, rate=1, location=f"http://127.0.0.1:1/?consumer_secret={SECRET}")
    await bench.work_off()
    request = ConnectRequest(platform="woocommerce", url=store.url, credentials=store.credentials)
    with pytest.raises(DomainError) as refused:
        await bench.container.store_connecting.connect_as(actor, request)
    told = "".join(traceback.format_exception(refused.value))
    out = capfd.readouterr()
    assert "sync.pull_store" in out.err, "the log was captured"
    for text in (told, repr(refused.value.facts), out.err, out.out):
        assert not shows_a_secret(text)
    set_up_logging("error")


async def test_keys_over_plain_http_travel_as_signatures_only(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    await bench.connect(actor, store)
    await bench.work_off()
    for request in store.app.shop.journal.requests:
        assert SECRET not in repr(request)
    assert len(store.app.shop.journal.requests) > 3


def test_values_that_hold_secrets_do_not_print_them() -> None:
    request = ConnectRequest(
        platform="woocommerce", url="https://shop.example.com", credentials={"consumer_secret": SECRET}
    )
    body = ConnectIn(
        store_url="https://shop.example.com", consumer_key=KEY, consumer_secret=SECRET, email="a@b.example"
    )
    for held in (request, body):
        assert not shows_a_secret(f"{held!r} {held!s}")
