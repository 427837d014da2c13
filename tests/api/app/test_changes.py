"""Runs of a shop in its admin: previewed, applied, let through and taken back, by its own script alone."""

from typing import Any

import httpx
import pytest

from backend.models.catalog import Listing
from backend.models.inbound import AuditEntry
from backend.models.sync import SyncChange, SyncRun
from backend.wiring import Container
from tests.support.admin import Merchant, NewMerchant
from tests.support.panel import add_listing, add_run, add_store
from tests.support.running_jobs import queued_jobs

pytestmark = pytest.mark.anyio

STEPS = ("apply", "discard", "undo", "run-anyway")
HOSTILE = "<script>alert('x')</script>\"'>"


async def press(merchant: Merchant, path: str, **typed: str) -> httpx.Response:
    """Ask as the page's script does when somebody presses a button."""
    return await merchant.client.post(path, data=typed, headers={"Authorization": f"Bearer {merchant.token()}"})


async def previewed(merchant: Merchant, container: Container, **values: Any) -> str:
    """One changed price in the shop's preview; return the address of its run."""
    await add_listing(container, merchant.person, merchant.store, "Lantern", **values)
    answer = await press(merchant, "/app/preview")
    assert answer.status_code == 200, answer.text
    page: str = answer.json()["page"]
    assert f"?shop={merchant.shop}" in page
    return page.partition("?")[0]


async def pushed(merchant: Merchant, container: Container, **values: Any) -> tuple[SyncRun, Listing]:
    """A push that wrote one price."""
    listing = await add_listing(container, merchant.person, merchant.store, "Lantern", due=None)
    run = await add_run(container, merchant.store, **{"kind": "push", "mode": "changes", "stats": {}, **values})
    change = SyncChange(
        organization_id=run.organization_id,
        run_id=run.id,
        target="store",
        action="update",
        entity="variant",
        product_id=int(listing.external_product_id),
        variant_id=listing.variant_id,
        external_product_id=listing.external_product_id,
        external_id=listing.external_id,
        label="Lantern",
        fields={"price": ["9", "10"]},
        state="applied" if run.state == "completed" else "planned",
    )
    async with container.begin() as session:
        session.add(change)
    return run, listing


async def run_at(container: Container, path: str) -> SyncRun:
    async with container.begin() as session:
        return await session.get_one(SyncRun, path.rpartition("/")[2])


async def test_a_preview_is_shown_and_applied(merchant: Merchant, container: Container) -> None:
    assert (await merchant.see()).all("//button[@data-post='/app/preview']")
    path = await previewed(merchant, container)
    shown = await merchant.see(path)
    for part in ("Push", "Preview", "1 to change", "Lantern", "price 10 → 12.5"):
        assert part in shown.text
    assert not shown.all("//input[@id='reason']")
    assert not shown.all("//form")
    (button,) = shown.all("//button[text()='Apply the changes']")
    answer = await press(merchant, button.get("data-post"))
    assert answer.json()["page"].startswith(path)
    assert (await run_at(container, path)).state == "queued"
    assert {"run_id": path.rpartition("/")[2]} in await queued_jobs(container, "sync.push_store")
    assert (await merchant.see(path)).all("//*[@id='live' and @data-live]")


async def test_a_preview_is_discarded(merchant: Merchant, container: Container) -> None:
    path = await previewed(merchant, container)
    assert (await press(merchant, f"{path}/discard")).status_code == 200
    shown = await merchant.see(path)
    assert "Discarded" in shown.text
    assert not shown.all("//button[@data-post]")
    refused = await press(merchant, f"{path}/apply")
    assert (refused.status_code, refused.json()["code"]) == (409, "RUN_NOT_PLANNED")


async def test_what_guards_hold_wants_a_reason_that_is_kept(merchant: Merchant, container: Container) -> None:
    run, _ = await pushed(merchant, container, state="held", error_code="push_unlists", error_message="12 would go.")
    first = await merchant.see()
    assert "Changes for this shop wait for you 12 would go." in first.text
    assert any(str(run.id) in link for link in first.links)
    shown = await merchant.see(f"/app/runs/{run.id}")
    assert shown.all("//input[@id='reason' and @required]")
    assert shown.all("//button[text()='Apply anyway' and @data-field='reason']")
    refused = await press(merchant, f"/app/runs/{run.id}/apply", reason="no")
    assert (refused.status_code, refused.json()["code"]) == (400, "REASON_INVALID")
    assert (await press(merchant, f"/app/runs/{run.id}/apply", reason="We close down")).status_code == 200
    again = await run_at(container, f"/{run.id}")
    assert (again.state, again.unguarded_reason) == ("queued", "We close down")
    async with container.begin() as session:
        entries = (await session.execute(AuditEntry.__table__.select())).mappings().all()
    kept = [one for one in entries if one["organization_id"] == merchant.person.organization_id]
    assert [(one["actor"], one["action"]) for one in kept] == [("shopify", "sync.run_anyway")]


async def test_a_held_sync_is_let_through(merchant: Merchant, container: Container) -> None:
    run = await add_run(container, merchant.store, state="held", error_code="source_shrank", error_message="It shrank")
    assert (await merchant.see(f"/app/runs/{run.id}")).all("//button[contains(@data-post, '/run-anyway')]")
    answer = await press(merchant, f"/app/runs/{run.id}/run-anyway", reason="Half the shop closed")
    let = await run_at(container, answer.json()["page"].partition("?")[0])
    assert (let.kind, let.mode, let.unguarded_reason) == ("pull", "full", "Half the shop closed")


async def test_a_push_is_taken_back_by_a_plan(merchant: Merchant, container: Container) -> None:
    run, _ = await pushed(merchant, container)
    assert (await merchant.see(f"/app/runs/{run.id}")).all("//button[contains(@data-post, '/undo')]")
    path = (await press(merchant, f"/app/runs/{run.id}/undo")).json()["page"].partition("?")[0]
    shown = await merchant.see(path)
    assert "price 10 → 9" in shown.text
    assert "What stays as it is" in shown.text
    assert (await press(merchant, f"{path}/apply")).status_code == 200
    assert (await run_at(container, path)).state == "queued"


async def test_all_runs_are_listed_and_the_last_sync_is_one_that_reads(
    merchant: Merchant, container: Container
) -> None:
    assert "Nothing was read or written yet." in (await merchant.see("/app/runs")).text
    pulled = await add_run(container, merchant.store)
    await pushed(merchant, container)
    shown = await merchant.see("/app/runs")
    assert "Full sync" in shown.text
    assert "Push" in shown.text
    first = await merchant.see()
    assert first.all("//*[@id='live']/@data-shows") == [f"{pulled.id} completed"]
    assert any(link.startswith("/app/runs?shop=") for link in first.all("//s-app-nav/s-link/@href"))


async def test_filters_and_pages_keep_what_links_carry(merchant: Merchant, container: Container) -> None:
    run, listing = await pushed(merchant, container)
    async with container.begin() as session:
        for number in range(60):
            session.add(
                SyncChange(
                    organization_id=run.organization_id,
                    run_id=run.id,
                    target="store",
                    action="update",
                    entity="variant",
                    product_id=int(listing.external_product_id),
                    external_id=f"x{number}",
                    state="failed",
                    code="rejected",
                )
            )
    shown = await merchant.see(f"/app/runs/{run.id}")
    more = [one for one in shown.links if "after=" in one or "only=" in one]
    assert len(more) == 3
    assert all(one.startswith(f"/app/runs/{run.id}?shop={merchant.shop}&host=") for one in more)
    assert (await merchant.client.get(more[0])).status_code == 302


@pytest.mark.parametrize("step", STEPS)
async def test_runs_of_another_shop_are_404(
    step: str, merchant: Merchant, new_merchant: NewMerchant, container: Container
) -> None:
    stranger = await new_merchant(name="Of somebody else")
    foreign, _ = await pushed(stranger, container)
    sister, _ = await pushed(
        Merchant(merchant.client, merchant.person, await add_store(container, merchant.person), merchant.fake),
        container,
    )
    for run in (foreign, sister):
        answer = await press(merchant, f"/app/runs/{run.id}/{step}", reason="It is mine now")
        assert answer.status_code == 404
        await merchant.see(f"/app/runs/{run.id}", 404)


@pytest.mark.parametrize("path", ["/app/preview", *(f"/app/runs/{{run}}/{step}" for step in STEPS)])
async def test_nothing_is_done_without_an_id_token_in_the_header(
    path: str, merchant: Merchant, container: Container
) -> None:
    run, _ = await pushed(merchant, container, state="held", error_code="push_unlists")
    path = path.format(run=run.id)
    for sent in (
        await merchant.client.post(path, data={"reason": "Let me in"}),
        await merchant.client.post(path, params=merchant.query(), data={"reason": "Let me in"}),
        await merchant.client.post(path, headers={"Authorization": "Bearer nonsense"}),
    ):
        assert sent.status_code == 401
        assert sent.headers["x-shopify-retry-invalid-session-request"] == "1"
    assert (await run_at(container, f"/{run.id}")).state == "held"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"reason=%ff%00", "application/x-www-form-urlencoded"),
        (b'{"reason": "x"}', "application/json"),
        (b"no parts", "multipart/form-data; boundary=x"),
        (b"no parts", "multipart/form-data"),
        (b"\xff\x00", "text/plain"),
    ],
)
async def test_a_body_that_is_no_form_gives_no_reason(
    content: bytes, kind: str, merchant: Merchant, container: Container
) -> None:
    run, _ = await pushed(merchant, container, state="held", error_code="push_unlists")
    headers = {"Authorization": f"Bearer {merchant.token()}", "content-type": kind}
    answer = await merchant.client.post(f"/app/runs/{run.id}/apply", content=content, headers=headers)
    assert answer.status_code == 400


async def test_texts_of_changes_are_shown_and_not_run(merchant: Merchant, container: Container) -> None:
    run, _ = await pushed(merchant, container)
    async with container.begin() as session:
        session.add(
            SyncChange(
                organization_id=run.organization_id,
                run_id=run.id,
                target="store",
                action="update",
                entity="product",
                product_id=1,
                label=HOSTILE,
                fields={"title": [HOSTILE, HOSTILE]},
                state="failed",
                code="rejected",
                message=HOSTILE,
            )
        )
    shown = await merchant.see(f"/app/runs/{run.id}")
    assert shown.tree.text_content().count(HOSTILE) == 4
    assert "<script>alert" not in shown.source
