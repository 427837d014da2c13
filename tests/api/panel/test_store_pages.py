"""The page of one store, its listings and its settings."""

import pytest

from backend.domain.stores.settings import settings_of
from backend.models.catalog import Listing
from backend.models.stores import Store
from backend.models.sync import ListingRequest
from backend.wiring import Container
from tests.support.panel import NewPerson, Person, add_listing, add_product, add_run, add_store, set_role

pytestmark = pytest.mark.anyio

REFUSED = {"state": "error", "error_code": "price_invalid", "error_message": "Must be below the regular price"}
HOSTILE = "<script>alert('x')</script>\"'>"


async def test_a_store_shows_its_listings_in_numbers_and_runs_of_all_kinds(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name="Lampenladen")
    await add_listing(container, owner, store, "Lantern")
    await add_listing(container, owner, store, "Mug", **REFUSED)
    await add_run(container, store)
    for kind in ("push", "stock", "undo", "restore"):
        await add_run(container, store, kind=kind, mode="changes", stats={})
    shown = await owner.see(f"/panel/stores/{store.id}")
    figures = [one.text_content().strip() for one in shown.all("//*[@class='figure']")]
    assert figures == ["2", "1", "1", "0"]
    for part in ("Full sync", "Push", "Stock push", "Undo", "Restore", "Completed", "written by itself"):
        assert part in shown.text
    assert shown.all("//form[contains(@action, '/preview')]")


async def test_an_empty_store_says_so(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    assert "Nothing was read or written yet." in (await owner.see(f"/panel/stores/{store.id}")).text
    assert "The store shows nothing yet." in (await owner.see(f"/panel/stores/{store.id}/listings")).text


async def test_refused_listings_come_with_advice_and_are_written_again(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    await add_listing(container, owner, store, "Lantern")
    mug = await add_listing(container, owner, store, "Mug", **REFUSED)
    path = f"/panel/stores/{store.id}/listings"
    shown = await owner.see(f"{path}?only=error")
    assert "Lantern" not in shown.text
    for part in ("Mug", "Refused", "price_invalid Must be below the regular price", "Correct the price"):
        assert part in shown.text
    response = await owner.send(path, f"{path}/retry", external_id=mug.external_id)
    assert response.headers["location"] == f"{path}?done=listings_retried"
    assert "The store took everything." in (await owner.see(f"{path}?only=error")).text
    async with container.begin() as session:
        again = await session.get_one(Listing, (owner.organization_id, store.id, mug.external_id))
    assert (again.state, again.error_code) == ("pending", None)


async def test_a_listing_without_an_error_cannot_be_retried(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    listing = await add_listing(container, owner, store, "Lantern")
    typed = {"form_token": await owner.token(), "external_id": listing.external_id}
    response = await owner.client.post(f"/panel/stores/{store.id}/listings/retry", data=typed)
    assert response.status_code == 404


async def test_many_listings_come_in_pages(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    for number in range(52):
        await add_listing(container, owner, store, f"Lamp {number}")
    path = f"/panel/stores/{store.id}/listings"
    first = await owner.see(f"{path}?only=pending")
    assert len(first.all("//tbody/tr")) == 50
    (more,) = [one for one in first.links if "after=" in one]
    assert len((await owner.see(more)).all("//tbody/tr")) == 2


@pytest.mark.parametrize("query", ["only=nonsense", "after=%00%ff", "only=error&after=" + "9" * 5_000])
async def test_listings_at_addresses_that_make_no_sense(query: str, owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    await add_listing(container, owner, store, "Lantern")
    await owner.see(f"/panel/stores/{store.id}/listings?{query}")


async def settings_now(container: Container, store: Store) -> object:
    async with container.begin() as session:
        return settings_of((await session.get_one(Store, store.id)).settings)


async def test_settings_are_changed_by_their_form(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    path = f"/panel/stores/{store.id}/settings"
    shown = await owner.see(path)
    assert shown.fields(path)["guards.shrink_share"] == "30"
    assert shown.fields(path)["owners.price"] == "newest"
    typed = {"owners.price": "hub", "guards.zero_share": "12.5", "guards.free": "0", "push": "manual"}
    response = await owner.send(path, **typed)
    assert response.headers["location"] == f"/panel/stores/{store.id}?done=settings_changed"
    wanted = {"owners": {"price": "hub"}, "guards": {"zero_share": 0.125, "free": 0}, "push": "manual"}
    assert await settings_now(container, store) == settings_of(wanted)
    assert "waits until somebody applies a preview" in (await owner.see(f"/panel/stores/{store.id}")).text


async def test_saving_what_is_shown_changes_nothing(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, settings={"guards": {"price_move": 2.0, "unlist_share": 0.07}})
    before = await settings_now(container, store)
    await owner.send(f"/panel/stores/{store.id}/settings")
    assert await settings_now(container, store) == before


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("owners.price", "nobody"),
        ("guards.shrink_share", "101"),
        ("guards.shrink_share", "-1"),
        ("guards.zero_share", "many"),
        ("guards.zero_share", "1e3"),
        ("guards.price_move", "0"),
        ("guards.free", "9999999"),
        ("guards.free", ""),
        ("push", "never"),
    ],
)
async def test_wrong_settings_are_said_beside_their_field(
    field: str, typed: str, owner: Person, container: Container
) -> None:
    store = await add_store(container, owner)
    response = await owner.send(f"/panel/stores/{store.id}/settings", **{field: typed})
    assert response.status_code == 400
    assert f'id="{field}-wrong"' in response.text
    assert await settings_now(container, store) == settings_of({})


async def test_staff_see_settings_and_cannot_change_them(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    await set_role(container, owner, "staff")
    shown = await owner.see(f"/panel/stores/{store.id}/settings")
    assert shown.all("//fieldset[@disabled]")
    assert "Save" not in shown.text
    typed = {"form_token": await owner.token(), "push": "manual"}
    assert (await owner.client.post(f"/panel/stores/{store.id}/settings", data=typed)).status_code == 403


async def test_pages_of_a_store_of_another_organization_are_404(
    owner: Person, new_owner: NewPerson, container: Container
) -> None:
    store = await add_store(container, await new_owner())
    for page in ("", "/listings", "/settings"):
        await owner.see(f"/panel/stores/{store.id}{page}", 404)
    for action in ("listings/retry", "settings", "restore"):
        typed = {
            "form_token": await owner.token(),
            "push": "manual",
            "at": "2026-01-01T00:00",
            "guards.free": "1",
            **{
                f"guards.{one}": "1"
                for one in ("shrink_share", "unlist_share", "zero_share", "price_move", "price_move_share")
            },
            **{f"owners.{one}": "hub" for one in ("content", "price", "stock", "images", "status")},
        }
        response = await owner.client.post(f"/panel/stores/{store.id}/{action}", data=typed)
        assert response.status_code == 404, action


async def test_a_product_is_asked_to_be_sold_in_a_store(owner: Person, container: Container) -> None:
    shown_in, other = await add_store(container, owner, name="Old"), await add_store(container, owner, name="New")
    product = await add_product(container, owner, "Lantern", store=shown_in)
    path = f"/panel/products/{product.id}"
    shown = await owner.see(path)
    assert "Take off sale in Old" in shown.text
    assert "Sell in New" in shown.text
    typed = {"form_token": await owner.token(), "store": str(other.id), "wanted": "listed"}
    response = await owner.client.post(f"{path}/listings", data=typed)
    assert response.headers["location"] == f"{path}?done=listing_asked"
    async with container.begin() as session:
        asked = await session.get_one(ListingRequest, (owner.organization_id, other.id, product.id))
    assert (asked.wanted, asked.actor) == ("listed", str(owner.user_id))


@pytest.mark.parametrize(
    ("product", "typed", "status"),
    [
        ("7", {"store": "nonsense", "wanted": "listed"}, 404),
        ("7", {}, 404),
        ("99999999999999999999999", {"wanted": "listed"}, 404),
        ("7", {"wanted": "listed"}, 404),
        ("7", {"wanted": "burned"}, 400),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    product: str, typed: dict[str, str], status: int, owner: Person, container: Container
) -> None:
    store = await add_store(container, owner)
    sent = {"form_token": await owner.token(), **({"store": str(store.id)} if typed else {}), **typed}
    assert (await owner.client.post(f"/panel/products/{product}/listings", data=sent)).status_code == status


async def test_texts_of_a_store_are_shown_and_not_run(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name=HOSTILE)
    await add_listing(container, owner, store, HOSTILE, **{**REFUSED, "error_message": HOSTILE})
    for page in ("", "/listings", "/settings"):
        shown = await owner.see(f"/panel/stores/{store.id}{page}")
        assert HOSTILE in shown.tree.text_content()
        assert "<script>alert" not in shown.source
