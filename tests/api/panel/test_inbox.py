"""What people decide in the panel: conflicts, links, oversells."""

from typing import Any

import pytest

from backend.models.catalog import LinkSuggestion
from backend.models.stock import Oversell
from backend.models.stores import Store
from backend.models.sync import SyncConflict
from backend.wiring import Container
from tests.support.panel import NewPerson, Person, add_listing, add_product, add_store, set_role

pytestmark = pytest.mark.anyio

PAGES = ("/panel/inbox", "/panel/inbox?settled=yes", "/panel/inbox/links", "/panel/inbox/oversells")


async def add(container: Container, row: Any) -> Any:
    async with container.begin() as session:
        session.add(row)
    return row


async def contested(container: Container, owner: Person, store: Store) -> SyncConflict:
    """A price that is 12.50 in the catalog and was made 10 in the store at the same time."""
    listing = await add_listing(container, owner, store, "Lantern", due=None)
    return await add(
        container,
        SyncConflict(
            organization_id=owner.organization_id,
            store_id=store.id,
            product_id=int(listing.external_product_id),
            variant_id=listing.variant_id,
            external_id=listing.external_id,
            field="price",
            hub_value={"value": "12.5"},
            hub_actor=str(owner.user_id),
            store_value={"value": "10"},
        ),
    )


async def suggested(container: Container, owner: Person, store: Store) -> LinkSuggestion:
    """A store's product that may be another one."""
    own = await add_product(container, owner, "Lantern of the store", store=store)
    other = await add_product(container, owner, "Lantern of the catalog")
    return await add(
        container,
        LinkSuggestion(
            organization_id=owner.organization_id,
            store_id=store.id,
            external_id=str(own.id),
            product_id=own.id,
            candidate_id=other.id,
            reason="barcode_only",
        ),
    )


async def oversold(container: Container, owner: Person, store: Store) -> Oversell:
    """An order that two people wanted the last piece with."""
    listing = await add_listing(container, owner, store, "Vase", due=None)
    return await add(
        container,
        Oversell(
            organization_id=owner.organization_id,
            store_id=store.id,
            order_id="4711",
            order_number="#1001",
            line_id="1",
            variant_id=listing.variant_id,
            missing=2,
        ),
    )


async def press(person: Person, path: str, **typed: str) -> int:
    return (await person.client.post(path, data={"form_token": await person.token(), **typed})).status_code


async def test_an_empty_inbox_says_so(owner: Person) -> None:
    for page, says in zip(
        PAGES, ("No conflicts.", "Nothing was decided yet.", "Nothing to decide.", "No open cases."), strict=True
    ):
        assert says in (await owner.see(page)).text
    assert "/panel/inbox" in (await owner.see("/panel")).links


async def test_a_conflict_shows_both_sides_and_is_decided(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name="Lampenladen")
    row = await contested(container, owner, store)
    shown = await owner.see("/panel/inbox")
    assert "Lantern price" in shown.text
    assert "Lampenladen" in shown.text
    catalog, shop = (" ".join(one.text_content().split()) for one in shown.all("//article//dd"))
    assert catalog == f"12.5 nobody knows when by {owner.email}"
    assert shop == "10 nobody knows when"
    response = await owner.send("/panel/inbox", f"/panel/inbox/conflicts/{row.id}", choose="hub")
    assert response.headers["location"] == "/panel/inbox?done=conflict_settled"
    assert "No conflicts." in (await owner.see("/panel/inbox")).text
    decided = (await owner.see("/panel/inbox?settled=yes")).text
    assert f"The catalog's value counts: decided by {owner.email}" in decided
    assert await press(owner, f"/panel/inbox/conflicts/{row.id}", choose="store") == 409


async def test_deciding_for_good_changes_who_owns_the_group(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    row = await contested(container, owner, store)
    assert await press(owner, f"/panel/inbox/conflicts/{row.id}", choose="hub", for_good="yes") == 303
    async with container.begin() as session:
        assert (await session.get_one(Store, store.id)).settings["owners"] == {"price": "hub"}


async def test_a_link_is_confirmed(owner: Person, container: Container) -> None:
    row = await suggested(container, owner, await add_store(container, owner, name="Lampenladen"))
    shown = await owner.see("/panel/inbox/links")
    for part in ("Lampenladen", "Only the barcode is the same.", "Lantern of the store", "Lantern of the catalog"):
        assert part in shown.text
    response = await owner.send("/panel/inbox/links", f"/panel/inbox/links/{row.id}", same="yes")
    assert response.headers["location"] == "/panel/inbox/links?done=link_confirmed"
    async with container.begin() as session:
        assert (await session.get_one(LinkSuggestion, (owner.organization_id, row.id))).state == "confirmed"


async def test_a_link_is_rejected_once(owner: Person, container: Container) -> None:
    row = await suggested(container, owner, await add_store(container, owner))
    assert await press(owner, f"/panel/inbox/links/{row.id}", same="no") == 303
    assert await press(owner, f"/panel/inbox/links/{row.id}", same="no") == 409
    assert "Nothing to decide." in (await owner.see("/panel/inbox/links")).text


async def test_a_wrong_link_is_cut_on_the_page_of_its_product(owner: Person, container: Container) -> None:
    row = await suggested(container, owner, await add_store(container, owner, name="First"))
    second = await add_store(container, owner, name="Second")
    other = await add_product(container, owner, "Of the second", store=second)
    again = LinkSuggestion(
        organization_id=owner.organization_id,
        store_id=second.id,
        external_id=str(other.id),
        product_id=other.id,
        candidate_id=row.product_id,
        reason="partly",
    )
    await add(container, again)
    await press(owner, f"/panel/inbox/links/{again.id}", same="yes")
    path = f"/panel/products/{row.product_id}"
    assert "This is another article" in (await owner.see(path)).text
    typed = {"form_token": await owner.token(), "store": str(second.id), "external_id": str(other.id)}
    response = await owner.client.post(f"{path}/cut", data=typed)
    assert response.headers["location"].endswith("?done=link_cut")
    assert "This is another article" not in (await owner.see(path)).text


async def test_an_oversell_names_its_order_and_is_closed(owner: Person, container: Container) -> None:
    row = await oversold(container, owner, await add_store(container, owner, name="Lampenladen"))
    shown = await owner.see("/panel/inbox/oversells")
    for part in ("Order #1001", "Lampenladen", "Vase-1", "2"):
        assert part in shown.text
    response = await owner.send("/panel/inbox/oversells", f"/panel/inbox/oversells/{row.id}", note="Refunded")
    assert response.headers["location"] == "/panel/inbox/oversells?done=oversell_settled"
    async with container.begin() as session:
        settled = await session.get_one(Oversell, (owner.organization_id, row.id))
    assert (settled.state, settled.note, settled.settled_by) == ("settled", "Refunded", str(owner.user_id))


async def test_cases_of_another_organization_are_404_and_not_shown(
    owner: Person, new_owner: NewPerson, container: Container
) -> None:
    other = await new_owner()
    store = await add_store(container, other, name="Of somebody else")
    conflict = await contested(container, other, store)
    link = await suggested(container, other, store)
    case = await oversold(container, other, store)
    for page in PAGES:
        assert "Of somebody else" not in (await owner.see(page)).text
    assert await press(owner, f"/panel/inbox/conflicts/{conflict.id}", choose="hub") == 404
    assert await press(owner, f"/panel/inbox/links/{link.id}", same="yes") == 404
    assert await press(owner, f"/panel/inbox/oversells/{case.id}") == 404


@pytest.mark.parametrize("kind", ["conflicts", "links", "oversells"])
@pytest.mark.parametrize("number", ["0", "9223372036854775808", "99999999999999999999999999"])
async def test_numbers_that_nobody_has_are_404(kind: str, number: str, owner: Person) -> None:
    assert await press(owner, f"/panel/inbox/{kind}/{number}", choose="hub", same="yes") == 404


async def test_a_choice_that_is_none_is_refused(owner: Person, container: Container) -> None:
    row = await contested(container, owner, await add_store(container, owner))
    assert await press(owner, f"/panel/inbox/conflicts/{row.id}", choose="mine") == 400


async def test_staff_decide_once_and_not_for_good(owner: Person, container: Container) -> None:
    row = await contested(container, owner, await add_store(container, owner))
    await set_role(container, owner, "staff")
    assert not (await owner.see("/panel/inbox")).all("//input[@name='for_good']")
    assert await press(owner, f"/panel/inbox/conflicts/{row.id}", choose="hub", for_good="yes") == 403
    assert await press(owner, f"/panel/inbox/conflicts/{row.id}", choose="hub") == 303
