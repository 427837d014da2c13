"""The history of a product in the panel, and going back to what it was."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.models.catalog import FieldChange, Product
from backend.models.stores import Store
from backend.wiring import Container
from tests.support.panel import NewPerson, Person, add_product, add_store

pytestmark = pytest.mark.anyio

THEN = datetime.now(UTC) - timedelta(days=2)


async def renamed(container: Container, owner: Person, times: int = 1) -> tuple[Store, Product]:
    """A product that was called otherwise; the last change a day ago."""
    store = await add_store(container, owner, name="Lampenladen")
    product = await add_product(container, owner, "Lantern", store=store, created_at=THEN - timedelta(days=90))
    async with container.begin() as session:
        for number in range(times):
            last = number == times - 1
            session.add(
                FieldChange(
                    organization_id=owner.organization_id,
                    product_id=product.id,
                    changes={"title": [f"Lamp {number}", "Lantern" if last else f"Lamp {number + 1}"]},
                    changed_at=datetime.now(UTC) - timedelta(days=1, minutes=times - number),
                    origin="person",
                    actor=str(owner.user_id),
                    reason="Names of spring" if last else "",
                )
            )
    return store, product


async def test_a_product_that_never_changed_says_so(owner: Person, container: Container) -> None:
    product = await add_product(container, owner, "Lantern")
    path = f"/panel/products/{product.id}/history"
    assert path in (await owner.see(f"/panel/products/{product.id}")).links
    assert "Nothing has changed" in (await owner.see(path)).text


async def test_the_history_says_what_when_and_who(owner: Person, container: Container) -> None:
    _, product = await renamed(container, owner)
    shown = await owner.see(f"/panel/products/{product.id}/history")
    for part in ("title Lamp 0 → Lantern", owner.email, "Names of spring", "1 day ago"):
        assert part in shown.text


async def test_a_long_history_comes_in_pages(owner: Person, container: Container) -> None:
    _, product = await renamed(container, owner, 53)
    first = await owner.see(f"/panel/products/{product.id}/history")
    assert len(first.all("//tbody/tr")) == 50
    (more,) = [one for one in first.links if "below=" in one]
    assert len((await owner.see(more)).all("//tbody/tr")) == 3


async def test_going_back_shows_a_plan_first(owner: Person, container: Container) -> None:
    _, product = await renamed(container, owner)
    path = f"/panel/products/{product.id}/history"
    response = await owner.send(path, f"/panel/products/{product.id}/restore", at=f"{THEN:%Y-%m-%dT%H:%M}")
    assert response.status_code == 303
    shown = await owner.see(response.headers["location"])
    for part in ("Restore in Lampenladen", "Preview", "Lantern → Lamp 0"):
        assert part in shown.text
    async with container.begin() as session:
        kept = await session.get_one(Product, (owner.organization_id, product.id))
    assert kept.title == "Lantern"


async def test_a_whole_store_goes_back_by_a_plan(owner: Person, container: Container) -> None:
    store, _ = await renamed(container, owner)
    path = f"/panel/stores/{store.id}"
    response = await owner.send(path, f"{path}/restore", at=f"{THEN:%Y-%m-%dT%H:%M}")
    assert "Lantern → Lamp 0" in (await owner.see(response.headers["location"])).text


@pytest.mark.parametrize("at", ["", "yesterday", "0001-01-01T00:00+23:59", "9999-12-31T23:59", "2026-13-01", "\x00"])
async def test_times_that_are_none_are_refused(at: str, owner: Person, container: Container) -> None:
    store, product = await renamed(container, owner)
    for path in (f"/panel/products/{product.id}/restore", f"/panel/stores/{store.id}/restore"):
        response = await owner.client.post(path, data={"form_token": await owner.token(), "at": at})
        assert response.status_code == 400


async def test_a_product_of_another_organization_is_404(
    owner: Person, new_owner: NewPerson, container: Container
) -> None:
    _, product = await renamed(container, await new_owner())
    await owner.see(f"/panel/products/{product.id}/history", 404)
    for step in ("restore", "cut", "listings"):
        typed = {"form_token": await owner.token(), "at": "2026-01-01T00:00", "store": "x", "wanted": "listed"}
        response = await owner.client.post(f"/panel/products/{product.id}/{step}", data=typed)
        assert response.status_code == 404, step


@pytest.mark.parametrize("below", ["x", "1-", "-", "1-2-3", "9" * 50 + "-1"])
async def test_a_place_in_the_history_that_is_none_is_refused(below: str, owner: Person, container: Container) -> None:
    _, product = await renamed(container, owner)
    await owner.see(f"/panel/products/{product.id}/history?below={below}", 400)
