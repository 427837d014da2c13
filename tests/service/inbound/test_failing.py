"""A webhook that cannot be worked off is closed as failed, listed, and retried by the operator; old ones go."""

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.domain.inbound.handling import Handled, Handling, Topic
from backend.domain.inbound.processing import WebhookProcessing
from backend.kit.clock import utc_now
from tests.service.inbound.conftest import NewShop
from tests.support.product import Workbench
from tests.support.received import JOB, Received

pytestmark = pytest.mark.anyio


async def break_down(_: Handling) -> Handled:
    raise ValueError("this handler is broken")


async def failed(bench: Workbench, received: Received, new_shop: NewShop) -> int:
    """A webhook whose handler broke on every try."""
    working = bench.container.webhook_processing
    broken = {"shopify": {"products/update": Topic(handler=break_down)}}
    bench.container.webhook_processing = WebhookProcessing(bench.container.begin, broken, bench.container.job_recorder)
    webhook_id = await received.keep("products/update", {"id": 1}, store=await new_shop())
    for _ in range(6):
        await bench.rows(
            "UPDATE jobs SET run_at = now() WHERE name = :name AND state = 'queued' RETURNING id", name=JOB
        )
        await received.process(webhook_id)
    bench.container.webhook_processing = working
    return webhook_id


async def test_after_the_last_try_it_is_failed_with_its_reason_and_keeps_its_body(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    row = await received.row(await failed(bench, received, new_shop))
    assert (row.state, row.note) == ("failed", "ValueError: this handler is broken")
    assert json.loads(bytes(row.body)) == {"id": 1}
    assert [state for _, state, _ in await received.jobs(JOB)] == ["failed"]


async def test_a_failed_webhook_is_worked_off_when_it_is_retried(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    webhook_id = await failed(bench, received, new_shop)
    async with bench.container.transaction() as services:
        assert await services.webhook_log.retry([webhook_id, webhook_id + 1_000]) == [webhook_id]
    await received.process(webhook_id)
    assert (await received.row(webhook_id)).state == "done"
    async with bench.container.transaction() as services:
        assert await services.webhook_log.retry([webhook_id]) == []


async def test_the_operator_lists_and_retries_by_the_command_line(
    bench: Workbench, received: Received, new_shop: NewShop, database_url: str, redis_url: str
) -> None:
    webhook_id = await failed(bench, received, new_shop)

    def storeloom(*arguments: str) -> Any:
        environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "STORELOOM_SECRET_KEYS": "a key only for these tests",
            "PATH": "/usr/bin:/bin",
        }
        command = [sys.executable, "-m", "backend.cli", "webhooks", *arguments, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    code, listed = storeloom("list", "--state", "failed")
    assert code == 0
    (shown,) = [one for one in listed if one["id"] == webhook_id]
    assert (shown["topic"], shown["note"]) == ("products/update", "ValueError: this handler is broken")
    assert "body" not in shown
    assert storeloom("retry", str(webhook_id)) == (0, {"retried": [webhook_id]})
    assert (await received.row(webhook_id)).state == "received"
    assert storeloom("retry", str(webhook_id))[0] == 1
    assert storeloom("retry")[0] != 0


async def test_webhooks_that_are_worked_off_are_forgotten_after_a_month_and_no_others(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    old_done = (await received.come("products/update", {}, store=store)).id
    new_done = (await received.come("products/update", {}, store=store)).id
    old_waiting = await received.keep("products/update", {}, store=store)
    async with bench.container.begin() as session:
        await session.execute(
            text("UPDATE received_webhooks SET received_at = :old WHERE id = ANY(:ids)"),
            {"old": utc_now() - timedelta(days=31), "ids": [old_done, old_waiting]},
        )
    while await bench.container.webhook_retention.forget_old():
        pass
    left = await bench.rows("SELECT id FROM received_webhooks WHERE address = :at ORDER BY id", at=store.url)
    assert [one for (one,) in left] == [new_done, old_waiting]
