"""What would be written to a store: previewed, applied, discarded and taken back in the panel."""

import uuid
from typing import Any

import httpx
import pytest

from backend.models.catalog import FieldChange, Listing
from backend.models.stores import Store
from backend.models.sync import SyncChange, SyncRun
from backend.wiring import Container
from tests.support.panel import NewPerson, Person, add_listing, add_run, add_store, set_role
from tests.support.running_jobs import queued_jobs

pytestmark = pytest.mark.anyio

STEPS = ("apply", "discard", "undo", "run-anyway")


async def press(person: Person, path: str, **typed: str) -> httpx.Response:
    """Send a form of ours."""
    return await person.client.post(path, data={"form_token": await person.token(), **typed})


async def previewed(container: Container, owner: Person, **settings: Any) -> tuple[Store, str]:
    """A store with one changed price, and the address of its preview."""
    store = await add_store(container, owner, settings={"push": "manual", **settings})
    await add_listing(container, owner, store, "Lantern")
    response = await press(owner, f"/panel/stores/{store.id}/preview")
    assert response.status_code == 303
    return store, response.headers["location"]


async def add_change(container: Container, run: SyncRun, **values: Any) -> SyncChange:
    """A change of a run's change set."""
    defaults = {
        "target": "store",
        "action": "update",
        "entity": "variant",
        "product_id": 1,
        "external_id": "v1",
        "label": "Lantern (L-1)",
        "fields": {"price": ["10", "12.5"]},
    }
    change = SyncChange(organization_id=run.organization_id, run_id=run.id, **{**defaults, **values})
    async with container.begin() as session:
        session.add(change)
    return change


async def state_of(container: Container, path: str) -> str:
    async with container.begin() as session:
        return (await session.get_one(SyncRun, uuid.UUID(path.rpartition("/")[2].partition("?")[0]))).state


async def test_a_preview_shows_old_and_new_and_changes_nothing(owner: Person, container: Container) -> None:
    _, path = await previewed(container, owner)
    shown = await owner.see(path)
    assert "Push in A shop" in shown.title
    for part in ("Preview", "1 to change", "Lantern", "price 10 → 12.5", "Planned"):
        assert part in shown.text
    assert not shown.all("//input[@name='reason']")
    assert await queued_jobs(container, "sync.push_store") == []


async def test_applying_a_preview_queues_its_run(owner: Person, container: Container) -> None:
    _, path = await previewed(container, owner)
    response = await owner.send(path, f"{path}/apply")
    assert response.headers["location"] == f"{path}?done=run_applied"
    assert "The changes are being written." in (await owner.see(response.headers["location"])).text
    assert {"run_id": path.rpartition("/")[2]} in await queued_jobs(container, "sync.push_store")
    assert (await press(owner, f"{path}/apply")).status_code == 409


async def test_a_discarded_preview_can_be_done_nothing_with(owner: Person, container: Container) -> None:
    _, path = await previewed(container, owner)
    response = await owner.send(path, f"{path}/discard")
    shown = await owner.see(response.headers["location"])
    assert "The changes are discarded" in shown.text
    assert "Discarded" in shown.text
    assert not shown.all("//form[contains(@action, '/apply')]")


async def test_a_store_that_shows_everything_has_nothing_to_be_written(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    path = (await press(owner, f"/panel/stores/{store.id}/preview")).headers["location"]
    shown = await owner.see(path)
    assert "Nothing is to be written" in shown.text
    assert not shown.all("//form[contains(@action, '/apply')]")


async def test_what_guards_hold_is_applied_with_a_reason_alone(owner: Person, container: Container) -> None:
    guards = {"price_move": 0.01, "price_move_share": 0.0, "free": 0}
    _, path = await previewed(container, owner, guards=guards)
    shown = await owner.see(path)
    assert "push_prices_move" in shown.text
    assert shown.all("//input[@name='reason' and @required]")
    assert (await owner.send(path, f"{path}/apply", reason="")).status_code == 400
    assert await state_of(container, path) == "planned"
    applied = await owner.send(path, f"{path}/apply", reason="Everything got dearer")
    shown = await owner.see(applied.headers["location"])
    assert "Guards were off for this run: Everything got dearer" in shown.text


async def test_a_held_push_waits_on_every_page_of_its_store(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    values = {"kind": "push", "mode": "changes", "error_code": "push_unlists", "error_message": "12 of 20 would go."}
    run = await add_run(container, store, state="held", stats={}, **values)
    await add_change(container, run)
    for page in ("/panel", f"/panel/stores/{store.id}"):
        shown = await owner.see(page)
        assert "Changes for this store wait for you. 12 of 20 would go." in shown.text
        assert f"/panel/runs/{run.id}" in shown.links
    assert "1 store needs a look" in (await owner.see("/panel")).text
    assert (await press(owner, f"/panel/runs/{run.id}/run-anyway", reason="Really so")).status_code == 303
    assert await state_of(container, f"/{run.id}") == "queued"


async def test_discarding_a_held_push_leaves_the_store_as_it_is(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    listing = await add_listing(container, owner, store, "Lantern")
    run = await add_run(container, store, state="held", kind="push", mode="changes", error_code="push_unlists")
    values = {"external_id": listing.external_id, "variant_id": listing.variant_id}
    await add_change(container, run, external_product_id=listing.external_product_id, **values)
    assert "waits until the catalog changes again" in (await owner.see(f"/panel/runs/{run.id}")).text
    await owner.send(f"/panel/runs/{run.id}", f"/panel/runs/{run.id}/discard")
    async with container.begin() as session:
        after = await session.get_one(Listing, (owner.organization_id, store.id, listing.external_id))
    assert (after.due, after.shown) == (None, {"price": "10"})


async def test_an_undo_says_what_is_taken_back_and_what_stays(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    listings = [await add_listing(container, owner, store, title, due=None) for title in ("Lantern", "Mug")]
    run = await add_run(container, store, kind="push", mode="changes", stats={})
    for listing, new in zip(listings, ("10", "11"), strict=True):
        await add_change(
            container,
            run,
            external_id=listing.external_id,
            external_product_id=listing.external_product_id,
            variant_id=listing.variant_id,
            label=f"Of {listing.external_id}",
            fields={"price": ["9", new]},
            state="applied",
        )
    response = await owner.send(f"/panel/runs/{run.id}", f"/panel/runs/{run.id}/undo")
    path = response.headers["location"]
    shown = await owner.see(path)
    for part in ("Undo in A shop", f"Of {listings[0].external_id} price 10 → 9", "What stays as it is"):
        assert part in shown.text
    assert f"Of {listings[1].external_id}: changed since: the store shows '10' (price)" in shown.text
    assert f"/panel/runs/{run.id}" in shown.links
    assert (await owner.send(path, f"{path}/apply")).status_code == 303
    assert await state_of(container, path) == "queued"
    assert (await press(owner, f"/panel/runs/{run.id}/undo")).status_code == 409


async def test_a_run_with_nothing_in_it_cannot_be_undone(owner: Person, container: Container) -> None:
    run = await add_run(container, await add_store(container, owner))
    refused = await press(owner, f"/panel/runs/{run.id}/undo")
    assert refused.status_code == 409
    assert "it changed nothing" in refused.text
    assert not (await owner.see(f"/panel/runs/{run.id}")).all("//form[contains(@action, '/undo')]")


async def test_a_long_change_set_comes_in_pages_and_by_what_became_of_it(owner: Person, container: Container) -> None:
    run = await add_run(container, await add_store(container, owner), kind="push", mode="changes", stats={})
    for number in range(60):
        outcome = {"state": "failed", "code": "price_invalid", "message": "No"} if number < 3 else {"state": "applied"}
        await add_change(container, run, label=f"Item {number}", **outcome)
    first = await owner.see(f"/panel/runs/{run.id}")
    assert len(first.all("//section[.//h2='Changes']//tbody/tr")) == 50
    (more,) = [one for one in first.links if "after=" in one]
    assert len((await owner.see(more)).all("//section[.//h2='Changes']//tbody/tr")) == 10
    assert "All 60" in first.text
    refused = await owner.see(f"/panel/runs/{run.id}?only=failed")
    assert len(refused.all("//section[.//h2='Changes']//tbody/tr")) == 3
    assert "Refused" in refused.text


async def test_a_pull_shows_what_it_changed_in_the_catalog(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    run = await add_run(container, store)
    listing = await add_listing(container, owner, store, "Lantern", due=None)
    async with container.begin() as session:
        session.add(
            FieldChange(
                organization_id=owner.organization_id,
                product_id=int(listing.external_product_id),
                variant_id=listing.variant_id,
                changes={"price": ["11", "12.5"]},
                origin="store",
                store_id=store.id,
                run_id=run.id,
            )
        )
    shown = await owner.see(f"/panel/runs/{run.id}")
    assert "price 11 → 12.5" in shown.text
    assert shown.all("//form[contains(@action, '/undo')]")


@pytest.mark.parametrize("query", ["only=nonsense", "after=-1", "after=99999999999999999999", "below=x", "only=%00"])
async def test_addresses_that_make_no_sense_show_the_first_page(
    query: str, owner: Person, container: Container
) -> None:
    _, path = await previewed(container, owner)
    assert "Lantern" in (await owner.see(f"{path}?{query}")).text


async def test_staff_may_look_and_preview_and_not_apply(owner: Person, container: Container) -> None:
    store, path = await previewed(container, owner)
    await set_role(container, owner, "staff")
    shown = await owner.see(path)
    assert "An owner or an admin can apply it." in shown.text
    assert not shown.all("//main//form")
    for step in ("apply", "discard", "run-anyway"):
        refused = await press(owner, f"{path}/{step}", reason="Let me do it")
        assert refused.status_code == 403
        assert "Only an owner or an admin" in refused.text
    assert (await press(owner, f"/panel/stores/{store.id}/preview")).status_code == 303


async def test_runs_and_stores_of_another_organization_are_404(
    owner: Person, new_owner: NewPerson, container: Container
) -> None:
    other = await new_owner()
    store, path = await previewed(container, other)
    for step in STEPS:
        assert (await press(owner, f"{path}/{step}", reason="It is mine now")).status_code == 404
    assert (await press(owner, f"/panel/stores/{store.id}/preview")).status_code == 404
    assert await state_of(container, path) == "planned"


async def test_a_store_that_rests_is_not_previewed(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, state="needs_reauth", state_reason="key_revoked: no")
    assert (await press(owner, f"/panel/stores/{store.id}/preview")).status_code == 409
    shown = await owner.see(f"/panel/stores/{store.id}")
    assert not shown.all("//form[contains(@action, '/preview')]")
