"""Compliance webhooks are really carried out: exported, erased, dropped; with a store, without, after a reinstall."""

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.domain.catalog.merge import StoreMerge
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError
from backend.models.inbound import PrivacyRequest
from backend.models.stores import Store
from backend.ports.actor import Actor, system_actor
from plugin_bridge.sandbox.generator import generate_products
from tests.service.inbound.conftest import NewShop
from tests.support.outbox import Outbox
from tests.support.product import Workbench
from tests.support.received import Received

pytestmark = pytest.mark.anyio

BEA, ANN = {"id": 191167, "email": "bea@example.com", "phone": "555-625-1199"}, {"id": 2, "email": "ann@example.com"}
REQUEST = {
    "shop_id": 1,
    "shop_domain": "x.myshopify.com",
    "customer": BEA,
    "orders_requested": [77],
    "data_request": {"id": 9999},
}
REDACT = {"shop_id": 1, "shop_domain": "x.myshopify.com", "customer": BEA, "orders_to_redact": [77]}
SHOP_REDACT = {"shop_id": 1, "shop_domain": "x.myshopify.com"}


async def orders(received: Received, store: Store) -> dict[str, int]:
    """Three orders of Bea, one of them under another name, and one of Ann."""
    documents: dict[str, Mapping[str, Any]] = {
        "by customer": {"id": 1, "customer": BEA},
        "by e-mail": {"id": 3, "email": "BEA@example.com"},
        "by number": {"id": 77, "email": "gift@example.com"},
        "of ann": {"id": 4, "customer": ANN},
    }
    return {name: (await received.come("orders/create", one, store=store)).id for name, one in documents.items()}


async def carry_out(received: Received) -> None:
    """Run the jobs that wait, as workers would."""
    for name in ("privacy.carry_out", "privacy.mail_export_link"):
        for job_id, state, _ in await received.jobs(name):
            if state == "queued":
                await received.bench.container.job_runner().run(job_id)


async def requests(bench: Workbench, address: str) -> list[PrivacyRequest]:
    async with bench.container.begin() as session:
        found = await session.execute(
            text("SELECT id FROM privacy_requests WHERE address = :at ORDER BY id"), {"at": address}
        )
        rows = [await session.get(PrivacyRequest, one) for one in found.scalars()]
    return [row for row in rows if row is not None]


async def audited(bench: Workbench, action: str, subject: str) -> list[dict[str, Any]]:
    rows = await bench.rows(
        "SELECT facts FROM audit_entries WHERE action = :action AND subject = :subject ORDER BY id",
        action=action,
        subject=subject,
    )
    return [facts for (facts,) in rows]


async def fill(bench: Workbench, store: Store, products: int = 3) -> None:
    """Give a store a catalog."""
    async with bench.container.begin() as session:
        merge = StoreMerge(session, organization_id=store.organization_id, store_id=store.id, currency="EUR")
        await merge.merge(list(generate_products(products, 2)))


async def catalog_rows(bench: Workbench, store: Store) -> dict[str, int]:
    tables = ("products", "variants", "stock_levels", "product_links", "listings", "brands", "categories")
    return {
        table: await bench.value(
            f"SELECT count(*) FROM {table} WHERE organization_id = :org", org=store.organization_id
        )
        for table in tables
    }


async def test_a_data_request_gathers_everything_that_names_the_customer_and_tells_the_owner(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    bench.container.mailer = outbox = Outbox()
    store = await new_shop()
    await orders(received, store)
    row = await received.come("customers/data_request", REQUEST, store=store, triggered_at=utc_now())
    assert row.state == "done"
    await carry_out(received)
    (request,) = await requests(bench, store.url)
    assert (request.kind, request.state, request.external_id) == ("data_request", "done", "9999")
    assert (request.organization_id, request.store_id) == (store.organization_id, store.id)
    assert request.due_at - row.received_at == timedelta(days=30)
    actor = system_actor(store.organization_id)
    export = json.loads(await bench.container.privacy_exports.fetch(actor, request.id))
    assert [message["content"]["id"] for message in export["messages"]] == [1, 3, 77]
    assert (export["shop"], export["customer_id"]) == (store.url, "191167")
    (mail,) = outbox.mails
    assert "http://panel.test/panel/privacy" in mail.body
    assert "bea" not in mail.body.lower()
    events = await bench.rows("SELECT type FROM events WHERE organization_id = :org", org=store.organization_id)
    assert ("privacy.export_ready",) in events


async def test_whom_a_request_names_is_kept_nowhere_but_in_the_export(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    row = await received.come("customers/data_request", REQUEST, store=store)
    assert bytes(row.body), "the job still needs it"
    await carry_out(received)
    assert bytes((await received.row(row.id)).body) == b""
    told = await bench.rows(
        "SELECT cast(facts AS text) FROM privacy_requests UNION SELECT cast(facts AS text) FROM audit_entries"
    )
    told += await bench.rows("SELECT cast(payload AS text) FROM jobs UNION SELECT cast(payload AS text) FROM events")
    assert not [one for (one,) in told if "bea@example" in one or "625-1199" in one]
    assert await audited(bench, "privacy.data_request", str(store.id)) != []


async def test_an_export_is_for_managers_of_that_organization_and_each_fetch_is_on_record(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    await received.come("customers/data_request", REQUEST, store=store)
    await carry_out(received)
    (request,) = await requests(bench, store.url)
    exports = bench.container.privacy_exports
    for stranger in (await bench.organization(), Actor(organization_id=store.organization_id, role="staff")):
        with pytest.raises(DomainError):
            await exports.fetch(stranger, request.id)
    assert await audited(bench, "privacy.fetch_export", str(request.id)) == []
    await exports.fetch(system_actor(store.organization_id), request.id)
    assert len(await audited(bench, "privacy.fetch_export", str(request.id))) == 1


async def test_a_data_request_says_nothing_of_other_organizations(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    before = await new_shop(state="active")
    await received.come("orders/create", {"id": 500, "customer": BEA}, store=before)
    async with bench.container.begin() as session:
        await session.execute(text("UPDATE stores SET state = 'disconnected' WHERE id = :id"), {"id": before.id})
    now = await new_shop(url=before.url)
    await received.come("orders/create", {"id": 600, "customer": BEA}, store=now)
    await received.come("customers/data_request", REQUEST, store=now)
    await carry_out(received)
    found = {one.organization_id: one for one in await requests(bench, now.url)}
    for store, number in ((before, 500), (now, 600)):
        request = found[store.organization_id]
        export = json.loads(
            await bench.container.privacy_exports.fetch(system_actor(store.organization_id), request.id)
        )
        assert [message["content"]["id"] for message in export["messages"]] == [number]


async def test_redacting_a_customer_empties_what_names_them_and_nothing_else(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    kept = await orders(received, store)
    await received.come("customers/data_request", REQUEST, store=store)
    await carry_out(received)
    row = await received.come("customers/redact", REDACT, store=store)
    await carry_out(received)
    emptied = {name for name, one in kept.items() if not bytes((await received.row(one)).body)}
    assert emptied == {"by customer", "by e-mail", "by number"}
    exported, redacted = await requests(bench, store.url)
    assert (redacted.kind, redacted.state, redacted.facts["emptied"]) == ("customer_redact", "done", 3)
    assert exported.export_key is None, "the export held what was to be erased"
    with pytest.raises(KeyError):
        await bench.container.blobs.read(f"privacy/{exported.id}.json")
    assert bytes((await received.row(row.id)).body) == b""
    (facts,) = await audited(bench, "privacy.customer_redact", str(store.id))
    assert (facts["emptied"], facts["exports_removed"]) == (3, 1)


async def test_redacting_twice_is_harmless(bench: Workbench, received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    await orders(received, store)
    await received.come("customers/redact", REDACT, store=store)
    await carry_out(received)
    (request,) = await requests(bench, store.url)
    await bench.container.privacy_work.carry_out(request.id)
    assert len(await audited(bench, "privacy.customer_redact", str(store.id))) == 1


async def test_redacting_a_shop_erases_everything_it_brought_and_its_row(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    await fill(bench, store)
    await orders(received, store)
    async with bench.container.transaction() as services:
        run = await services.sync.request_pull(system_actor(store.organization_id), store.id)
    await received.come("app/uninstalled", {}, store=store, triggered_at=utc_now())
    row = await received.come("shop/redact", SHOP_REDACT, store=store, triggered_at=utc_now())
    await carry_out(received)
    assert await received.store(store) is None
    assert set((await catalog_rows(bench, store)).values()) == {0}
    for table in ("sync_runs", "store_credentials", "locations"):
        assert await bench.value(f"SELECT count(*) FROM {table} WHERE store_id = :id", id=store.id) == 0
    assert await bench.rows("SELECT 1 FROM sync_issues WHERE run_id = :id", id=run.id) == []
    left = await bench.rows("SELECT id, body FROM received_webhooks WHERE address = :at", at=store.url)
    assert [(one, bytes(body)) for one, body in left] == [(row.id, b"")]
    assert (
        await bench.rows(
            "SELECT 1 FROM events WHERE organization_id = :org AND payload ->> 'store_id' = :id",
            org=store.organization_id,
            id=str(store.id),
        )
        == []
    )
    (request,) = await requests(bench, store.url)
    assert (request.state, request.facts["products"], request.facts["webhooks"]) == ("done", 3, 5)
    assert len(await audited(bench, "privacy.shop_redact", str(store.id))) == 1


async def test_redacting_the_only_shop_of_nobody_takes_its_name_off_the_organization(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    """An organization that was opened for a shop is called after it."""
    names = {}
    for kept in (False, True):
        async with bench.container.transaction() as services:
            opened = await services.accounts.open_without_login("Quiet Cups")
        store = await new_shop(organization_id=opened.id)
        if kept:
            await new_shop(organization_id=opened.id)
        await received.come("app/uninstalled", {}, store=store, triggered_at=utc_now())
        await received.come("shop/redact", SHOP_REDACT, store=store, triggered_at=utc_now())
        await carry_out(received)
        assert await received.store(store) is None
        names[kept] = await bench.value("SELECT name FROM organizations WHERE id = :org", org=opened.id)
    assert names == {False: "Erased shop", True: "Quiet Cups"}


async def test_redacting_a_shop_leaves_what_another_store_holds(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop(state="disconnected")
    await fill(bench, store, 4)
    other = uuid.uuid4()
    async with bench.container.begin() as session:
        for statement in (
            "INSERT INTO product_links (organization_id, store_id, external_id, product_id, seen_hash)"
            " SELECT organization_id, :other, external_id, product_id, seen_hash FROM product_links"
            " WHERE store_id = :id ORDER BY external_id LIMIT 1",
            "INSERT INTO listings (organization_id, store_id, external_id, external_product_id, variant_id, seen_hash)"
            " SELECT l.organization_id, :other, l.external_id, l.external_product_id, l.variant_id, l.seen_hash"
            " FROM listings l JOIN product_links p ON p.store_id = :other AND p.external_id = l.external_product_id"
            " WHERE l.store_id = :id ORDER BY l.external_id LIMIT 1",
        ):
            await session.execute(text(statement), {"id": store.id, "other": other})
    await received.come("shop/redact", SHOP_REDACT, store=store, triggered_at=utc_now())
    await carry_out(received)
    left = await catalog_rows(bench, store)
    assert (left["products"], left["product_links"], left["listings"]) == (1, 1, 1)
    # Of the two variants of that product the other store sells one; the erased store alone sold its sister.
    assert left["variants"] == 1


@pytest.mark.parametrize("how", ["active", "later"])
async def test_a_shop_that_is_installed_again_is_not_erased(
    bench: Workbench, received: Received, new_shop: NewShop, how: str
) -> None:
    uninstalled_at = utc_now() - timedelta(days=2)
    values = {
        # Installed again on the day after: before the request came, and in use.
        "active": {"connected_at": uninstalled_at + timedelta(days=1)},
        # Installed again after the request was sent, which came late; its key was refused meanwhile.
        "later": {"connected_at": utc_now() - timedelta(minutes=1), "state": "needs_reauth"},
    }
    store = await new_shop(**values[how])
    await fill(bench, store)
    before = await catalog_rows(bench, store)
    sent_at = utc_now() - (timedelta(hours=1) if how == "later" else timedelta())
    await received.come("shop/redact", SHOP_REDACT, store=store, triggered_at=sent_at)
    await carry_out(received)
    (request,) = await requests(bench, store.url)
    assert (request.state, request.facts["reason"]) == ("dropped", "installed_again")
    assert await received.store(store) is not None
    assert await catalog_rows(bench, store) == before
    assert await bench.rows("SELECT 1 FROM store_credentials WHERE store_id = :id", id=store.id) != []
    (facts,) = await audited(bench, "privacy.shop_redact", str(store.id))
    assert facts["state"] == "dropped"


async def test_an_erasure_that_was_interrupted_goes_on(
    bench: Workbench, received: Received, new_shop: NewShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await new_shop(state="disconnected")
    await fill(bench, store, 5)
    await received.come("shop/redact", SHOP_REDACT, store=store, triggered_at=utc_now())
    (request,) = await requests(bench, store.url)
    from backend.domain.catalog.erasure import CatalogErasure

    whole, steps = CatalogErasure.erase_batch, 0

    async def two_at_a_time(self: CatalogErasure, most: int = 2) -> int:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise ConnectionResetError
        return await whole(self, 2)

    monkeypatch.setattr(CatalogErasure, "erase_batch", two_at_a_time)
    with pytest.raises(ConnectionResetError):
        await bench.container.privacy_work.carry_out(request.id)
    assert (await catalog_rows(bench, store))["products"] == 3
    await bench.container.privacy_work.carry_out(request.id)
    assert set((await catalog_rows(bench, store)).values()) == {0}
    (request,) = await requests(bench, store.url)
    assert request.state == "done"


@pytest.mark.parametrize(
    ("topic", "body"),
    [("customers/data_request", REQUEST), ("customers/redact", REDACT), ("shop/redact", SHOP_REDACT)],
    ids=["data_request", "customer_redact", "shop_redact"],
)
async def test_without_a_store_there_is_nothing_to_do_and_an_entry_that_says_so(
    bench: Workbench, received: Received, topic: str, body: dict[str, Any]
) -> None:
    address = f"https://gone-{uuid.uuid4().hex[:8]}.myshopify.com"
    row = await received.come(topic, body, address=address)
    assert (row.state, row.note, bytes(row.body)) == ("done", "nothing is held", b"")
    assert await requests(bench, address) == []
    kind = {"customers/data_request": "data_request", "customers/redact": "customer_redact"}.get(topic, "shop_redact")
    (facts,) = await audited(bench, f"privacy.receive_{kind}", address)
    assert facts["stores"] == 0


async def test_an_uninstalled_shop_without_credentials_is_answered_all_the_same(
    bench: Workbench, received: Received, new_shop: NewShop
) -> None:
    store = await new_shop()
    await orders(received, store)
    await received.come("app/uninstalled", {}, store=store, triggered_at=utc_now())
    await received.come("customers/data_request", REQUEST, store=store, triggered_at=utc_now())
    await carry_out(received)
    (request,) = await requests(bench, store.url)
    assert (request.state, request.facts["found"]) == ("done", 3)


async def test_exports_are_removed_after_a_month(bench: Workbench, received: Received, new_shop: NewShop) -> None:
    store = await new_shop()
    await received.come("customers/data_request", REQUEST, store=store)
    await carry_out(received)
    (request,) = await requests(bench, store.url)
    await bench.container.privacy_exports.remove_old()
    assert (await requests(bench, store.url))[0].export_key is not None
    async with bench.container.begin() as session:
        await session.execute(
            text("UPDATE privacy_requests SET done_at = :then WHERE id = :id"),
            {"then": utc_now() - timedelta(days=31), "id": request.id},
        )
    assert await bench.container.privacy_exports.remove_old() == 1
    assert (await requests(bench, store.url))[0].export_key is None
    with pytest.raises(KeyError):
        await bench.container.blobs.read(f"privacy/{request.id}.json")
