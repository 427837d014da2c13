"""What each topic does once its webhook is worked off."""

import asyncio
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from backend.domain.inbound.exports import names
from backend.domain.inbound.topics import TOPICS
from backend.kit.clock import utc_now
from backend.models.stores import Store
from backend.ports.actor import system_actor
from tests.service.inbound.conftest import NewShop
from tests.support.product import Workbench
from tests.support.received import Received

pytestmark = pytest.mark.anyio
HINTS = ("products/create", "products/update", "inventory_levels/update")


async def runs(bench: Workbench, store: Store) -> list[tuple[Any, ...]]:
    return await bench.rows(
        "SELECT id, mode, state, follow_up FROM sync_runs WHERE store_id = :id ORDER BY created_at", id=store.id
    )


async def running(bench: Workbench, store: Store, cursor: str | None = None) -> uuid.UUID:
    """A run that a worker has begun."""
    async with bench.container.transaction() as services:
        run = await services.sync.request_pull(system_actor(store.organization_id), store.id)
        run.state, run.started_at, run.cursor = "running", utc_now(), cursor
    return run.id


@pytest.mark.parametrize("topic", HINTS)
async def test_a_change_in_the_catalog_asks_for_what_changed(
    bench: Workbench, received: Received, new_shop: NewShop, topic: str
) -> None:
    store = await new_shop()
    row = await received.come(topic, {"id": 1}, store=store)
    assert (row.state, row.note, bytes(row.body)) == ("done", "", b"")
    assert (row.organization_id, row.store_id) == (store.organization_id, store.id)
    assert row.finished_at is not None
    assert [(mode, state) for _, mode, state, _ in await runs(bench, store)] == [("delta", "queued")]
    (job,) = await received.jobs("sync.pull_store", store)
    assert job[2] == {"run_id": str((await runs(bench, store))[0][0])}


async def test_hundreds_of_hints_cost_one_pull(bench: Workbench, received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    ids = [await received.keep(HINTS[n % 3], {"id": n}, store=store) for n in range(150)]
    for start in range(0, 150, 10):
        await asyncio.gather(*(received.process(one) for one in ids[start : start + 10]))
    assert len(await runs(bench, store)) == 1
    assert len(await received.jobs("sync.pull_store", store)) == 1
    assert {(await received.row(one)).state for one in ids} == {"done"}


async def test_the_pull_waits_a_little_for_more_to_change(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    await received.come("products/update", {"id": 1}, store=store)
    waits_s = await bench.value(
        "SELECT extract(epoch FROM run_at - now()) FROM jobs WHERE name = 'sync.pull_store' AND organization_id = :org",
        org=store.organization_id,
    )
    assert 0 < waits_s <= 3


async def test_a_hint_during_a_run_is_followed_by_one_more_run(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    run_id = await running(bench, store)
    for n in range(3):
        await received.come("products/update", {"id": n}, store=store)
    assert [(state, follow_up) for _, _, state, follow_up in await runs(bench, store)] == [("running", True)]
    await bench.container.follow_ups.follow(run_id)
    assert len(await runs(bench, store)) == 1, "the run has not ended"
    await bench.container.run_trouble.give_up(run_id, "internal_error", "for this test")
    for _ in range(2):
        await bench.container.follow_ups.follow(run_id)
    assert [(state, follow_up) for _, _, state, follow_up in await runs(bench, store)] == [
        ("failed", False),
        ("queued", False),
    ]


async def test_a_removed_product_is_asked_for_once_however_often_it_is_told(
    received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    for _ in range(3):
        row = await received.come("products/delete", {"id": 788032119674292922}, store=store)
        assert row.state == "done"
    (job,) = await received.jobs("sync.check_removed", store)
    assert job[2] == {"store_id": str(store.id), "external_id": "788032119674292922"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"id": true}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "broken", "list", "null", "no-number", "no-text", "deep"],
)
async def test_a_body_that_says_nothing_is_ignored(received: Received, new_shop: NewShop, body: bytes) -> None:
    store = await new_shop()
    row = await received.come("products/delete", None, store=store, body=body)
    assert row.state == "ignored"
    assert row.note


async def test_an_order_is_kept_as_it_came(received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    for topic in ("orders/create", "orders/updated"):
        row = await received.come(topic, {"id": 5, "email": "bea@example.com"}, store=store)
        assert row.state == "done"
        assert json.loads(bytes(row.body)) == {"id": 5, "email": "bea@example.com"}


async def test_a_finished_export_wakes_the_run_that_waits_for_it(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store, operation = await new_shop(), "gid://shopify/BulkOperation/720918"
    run_id = await running(bench, store, f'{{"operation":"{operation}"}}')
    await bench.rows(
        "UPDATE jobs SET run_at = now() + interval '1 hour' WHERE unique_key = :key RETURNING id",
        key=f"sync.pull:{run_id}",
    )
    row = await received.come("bulk_operations/finish", {"admin_graphql_api_id": operation}, store=store)
    assert row.state == "done"
    assert await bench.value("SELECT run_at <= now() FROM jobs WHERE unique_key = :key", key=f"sync.pull:{run_id}")


async def test_an_export_nobody_waits_for_wakes_nobody(bench: Workbench, received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    await running(bench, store, '{"operation":"gid://shopify/BulkOperation/1"}')
    body = {"admin_graphql_api_id": "gid://shopify/BulkOperation/11"}
    row = await received.come("bulk_operations/finish", body, store=store)
    assert (row.state, row.note) == ("ignored", "no run waits for this operation")


def test_a_cursor_names_an_operation_by_id_or_by_number() -> None:
    gid = "gid://shopify/BulkOperation/720"
    assert names('{"ops":["gid://shopify/BulkOperation/720"]}', gid)
    assert names("bulk:719,720", gid)
    assert not names("bulk:7200,1720", gid)
    assert not names("", gid)


async def test_an_uninstalled_store_is_disconnected_and_loses_its_credentials(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    run_id = await running(bench, store)
    row = await received.come("app/uninstalled", {"id": 1}, store=store, triggered_at=utc_now())
    assert row.state == "done"
    now = await received.store(store)
    assert now is not None
    assert (now.state, now.disconnected_at is not None) == ("disconnected", True)
    assert str(now.state_reason).startswith("app_uninstalled: ")
    assert await bench.rows("SELECT 1 FROM store_credentials WHERE store_id = :id", id=store.id) == []
    assert await bench.value("SELECT state FROM sync_runs WHERE id = :id", id=run_id) == "failed"
    assert (
        await bench.value(
            "SELECT count(*) FROM audit_entries WHERE action = 'stores.uninstall' AND subject = :id", id=str(store.id)
        )
        == 1
    )
    events = await bench.rows(
        "SELECT type FROM events WHERE organization_id = :org ORDER BY id", org=store.organization_id
    )
    assert [kind for (kind,) in events] == ["sync.failed", "store.disconnected"]


async def test_a_late_uninstall_does_not_touch_the_installation_that_came_after_it(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop(connected_at=utc_now())
    row = await received.come("app/uninstalled", {}, store=store, triggered_at=utc_now() - timedelta(hours=2))
    assert (row.state, row.note) == ("ignored", "it tells of an earlier installation")
    now = await received.store(store)
    assert now is not None
    assert now.state == "active"
    assert await bench.rows("SELECT 1 FROM store_credentials WHERE store_id = :id", id=store.id) != []


async def test_a_late_uninstall_of_a_shop_that_has_opened_us_since_asks_for_new_tokens_only(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    # Installed again in the admin: its tokens died, but no connect came between, as the store still was active.
    store = await new_shop(facts={"opened_at": utc_now().isoformat()})
    row = await received.come("app/uninstalled", {}, store=store, triggered_at=utc_now() - timedelta(minutes=2))
    assert (row.state, row.note) == ("done", "it was installed again since")
    now = await received.store(store)
    assert now is not None
    assert (now.state, now.disconnected_at) == ("needs_reauth", None)
    assert str(now.state_reason).endswith("open it in the shop's admin")
    assert await bench.rows("SELECT 1 FROM store_credentials WHERE store_id = :id", id=store.id) != []


async def test_an_uninstall_after_the_last_visit_disconnects(received: Received, new_shop: NewShop) -> None:
    store = await new_shop(facts={"opened_at": (utc_now() - timedelta(minutes=2)).isoformat()})
    await received.come("app/uninstalled", {}, store=store, triggered_at=utc_now())
    now = await received.store(store)
    assert now is not None
    assert now.state == "disconnected"


async def test_hints_of_an_uninstalled_store_are_ignored(received: Received, new_shop: NewShop) -> None:
    store = await new_shop(state="disconnected")
    row = await received.come("products/update", {"id": 1}, store=store)
    assert (row.state, row.note, bytes(row.body)) == ("ignored", "no store is connected under this address", b"")


async def test_a_webhook_of_a_shop_nobody_knows_is_ignored_and_forgotten(received: Received) -> None:
    row = await received.come("orders/create", {"email": "bea@example.com"}, address="https://nobody.myshopify.com")
    assert (row.state, bytes(row.body)) == ("ignored", b"")


async def test_a_store_whose_key_was_refused_is_not_asked(received: Received, new_shop: NewShop) -> None:
    store = await new_shop(state="needs_reauth")
    row = await received.come("products/update", {"id": 1}, store=store)
    assert (row.state, row.note) == ("ignored", "the store is needs reauth")


async def test_granted_scopes_are_noted_and_an_older_change_does_not_undo_a_newer(
    received: Received, new_shop: NewShop
) -> None:
    store, now = await new_shop(), utc_now()
    body = {"previous": [], "current": ["read_products", "read_inventory"]}
    await received.come("app/scopes_update", body, store=store, triggered_at=now)
    late = await received.come(
        "app/scopes_update", {"current": ["read_products"]}, store=store, triggered_at=now - timedelta(minutes=1)
    )
    assert late.state == "ignored"
    kept = await received.store(store)
    assert kept is not None
    assert kept.facts["scopes"] == "read_inventory,read_products"


async def test_a_topic_nobody_listens_to_is_ignored(received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    row = await received.come("themes/publish", {}, store=store)
    assert (row.state, row.note) == ("ignored", "nothing listens to this topic")


@pytest.mark.parametrize("topic", sorted(TOPICS["shopify"]))
async def test_working_a_webhook_off_twice_changes_nothing(
    bench: Workbench, received: Received, new_shop: NewShop, topic: str
) -> None:
    store = await new_shop()
    body = {"id": 1, "admin_graphql_api_id": "gid://shopify/BulkOperation/1", "current": ["read_products"]}
    webhook_id = await received.keep(topic, body, store=store, triggered_at=utc_now())
    await bench.container.webhook_processing.process(webhook_id)
    first = await received.row(webhook_id)
    counted = (
        "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM sync_runs), (SELECT count(*) FROM audit_entries)"
    )
    before = await bench.rows(counted)
    await bench.container.webhook_processing.process(webhook_id)
    again = await received.row(webhook_id)
    assert (first.state, first.finished_at) == (again.state, again.finished_at)
    assert first.state in ("done", "ignored")
    assert await bench.rows(counted) == before


async def test_two_workers_work_one_webhook_off_once(bench: Workbench, received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    webhook_id = await received.keep("app/uninstalled", {}, store=store, triggered_at=utc_now())
    await asyncio.gather(*(bench.container.webhook_processing.process(webhook_id) for _ in range(4)))
    assert await bench.value("SELECT count(*) FROM audit_entries WHERE subject = :id", id=str(store.id)) == 1
