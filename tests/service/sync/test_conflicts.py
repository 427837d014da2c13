"""Fields that the hub and a store changed both: shown with both sides, decided once or for good."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.sync.conflict_views import ConflictView
from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from tests.support.linked_stores import LinkedStores, ShownStore, article, linked_stores, price_edit, title_edit
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

LONG_AGO, TO_COME = datetime(2024, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def listed(shop: LinkedStores, state: str = "open", *given: Any, **more: Any) -> list[ConflictView]:
    async with shop.bench.container.transaction() as services:
        rows: list[ConflictView] = await getattr(services.conflicts, state)(shop.actor, *given, **more)
        return rows


async def decide(
    shop: LinkedStores, conflict_id: int, choose: str, *, actor: Actor | None = None, for_good: bool = False
) -> int:
    async with shop.bench.container.transaction() as services:
        return await services.conflicts.decide(actor or shop.actor, conflict_id, choose, for_good=for_good)


async def decide_all(shop: LinkedStores, store: ShownStore, group: str | None, choose: str) -> int:
    async with shop.bench.container.transaction() as services:
        return await services.conflicts.decide_all(shop.actor, store.id, group, choose)


async def refused(asked: Any) -> DomainError:
    with pytest.raises(DomainError) as error:
        await asked
    return error.value


async def both_changed(
    shop: LinkedStores, store: ShownStore, number: str = "1", *, at: datetime | None = None, **shown: Any
) -> tuple[int, int]:
    """Have the hub and a store change the price of one article, and its title if the store shows another one."""
    await store.shows(article(number, price="10"))
    ids = await shop.ids(f"S-{number}")
    edits = [price_edit(ids, "12")]
    if "title" in shown:
        edits.append(title_edit(ids, "Hub's"))
    await shop.edit(*edits)
    stamp = {} if at is None else {"modified_at": at}
    await store.shows(article(number, price="11", **shown, **stamp))
    return ids


async def pushes(shop: LinkedStores) -> set[uuid.UUID]:
    query = "SELECT store_id FROM sync_runs WHERE organization_id = :org AND kind = 'push' AND state = 'queued'"
    return {row[0] for row in await shop.bench.rows(query, org=shop.actor.tenant)}


async def written(shop: LinkedStores, store: ShownStore) -> None:
    """Have the store show what the catalog holds, as a push of everything leaves it."""
    query = "UPDATE listings SET shown = NULL, due = NULL WHERE store_id = :id RETURNING 1"
    await shop.bench.rows(query, id=store.id)


async def audited(shop: LinkedStores) -> list[tuple[str, Any]]:
    query = "SELECT action, facts FROM audit_entries WHERE organization_id = :org ORDER BY id"
    return [(row[0], row[1]) for row in await shop.bench.rows(query, org=shop.actor.tenant)]


async def test_both_sides_are_shown_with_time_and_actor(shop: LinkedStores) -> None:
    store = await shop.store()
    user_id = await shop.bench.value(
        "SELECT user_id FROM memberships WHERE organization_id = :org", org=shop.actor.tenant
    )
    shop.actor = Actor(organization_id=shop.actor.tenant, user_id=user_id)
    email = await shop.bench.value("SELECT email FROM users WHERE id = :id", id=user_id)
    ids = await both_changed(shop, store)
    (one,) = await listed(shop)
    assert (one.product_id, one.variant_id, one.field, one.group) == (*ids, "price", "price")
    assert (one.store_id, one.store, one.label, one.sku) == (store.id, "Shop", "Product 1", "S-1")
    assert (one.hub.value, one.hub.actor, one.shown.value, one.shown.at) == ("12", email, "11", None)
    assert one.hub.at is not None
    assert (one.state, one.chosen, one.settled_by, one.reversible) == ("open", None, "", False)
    assert await listed(shop, "settled") == []
    async with shop.bench.container.transaction() as services:
        assert await services.conflicts.count(shop.actor) == 1


async def test_the_hubs_value_is_due_in_the_store(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store)
    assert await store.beside() == ({"price": "11"}, None), "open: neither taken nor due"
    (one,) = await listed(shop)
    assert await decide(shop, one.id, "hub") == 1
    assert await store.beside() == ({"price": "11"}, ["price"])
    assert (await shop.held())["price"] == "12"
    assert await pushes(shop) == {store.id}
    assert await listed(shop) == []
    (settled,) = await listed(shop, "settled", store.id)
    assert (settled.chosen, settled.settled_by, settled.reversible) == ("hub", "operator", False)


async def test_the_stores_value_is_taken_and_due_in_the_others(shop: LinkedStores) -> None:
    store, other = await shop.store(), await shop.store()
    await other.link(*await both_changed(shop, store))
    (one,) = await listed(shop)
    assert await decide(shop, one.id, "store") == 1
    assert (await shop.held())["price"] == "11"
    assert await store.beside() == (None, None)
    assert await other.beside() == ({"price": "12"}, ["price"])
    assert other.id in await pushes(shop)
    assert (await shop.history())[-1] == ({"price": ["12", "11"]}, "conflict")
    assert await shop.conflicts("state", "chosen", "settled_by") == [("settled", "store", "operator")]


async def test_a_field_of_the_product_is_decided_alike(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store, title="Shop's")
    title = next(one for one in await listed(shop) if one.field == "title")
    assert (title.variant_id, title.label, title.hub.value, title.shown.value) == (None, "Hub's", "Hub's", "Shop's")
    await decide(shop, title.id, "hub")
    assert await store.beside("product_links") == ({"title": "Shop's"}, ["title"])
    assert await store.beside() == ({"price": "11"}, None), "the price waits still"


async def test_what_was_decided_once_comes_up_again_when_both_change_again(shop: LinkedStores) -> None:
    store = await shop.store()
    ids = await both_changed(shop, store)
    await decide(shop, (await listed(shop))[0].id, "store")
    await shop.edit(price_edit(ids, "14"))
    await store.shows(article(price="15"))
    (again,) = await listed(shop)
    assert (again.hub.value, again.shown.value) == ("14", "15")


async def test_for_good_a_side_owns_the_group_and_settles_all_of_it(shop: LinkedStores) -> None:
    store, other = await shop.store(), await shop.store(price="newest")
    await both_changed(shop, store, "1", title="Shop's")
    await both_changed(shop, store, "2")
    await both_changed(shop, other, "3")
    one = next(one for one in await listed(shop, "open", store.id) if one.field == "price")
    assert await decide(shop, one.id, "hub", for_good=True) == 2
    async with shop.bench.container.transaction() as services:
        settings = await services.store_settings.read(shop.actor, store.id)
    assert (settings.owners.price, settings.owners.content) == ("hub", "newest")
    assert [await store.beside(external_id=number) for number in ("1", "2")] == [({"price": "11"}, ["price"])] * 2
    left = await listed(shop)
    assert [(one.store_id, one.field) for one in left] == [(other.id, "price"), (store.id, "title")]
    actions = [action for action, _ in await audited(shop)]
    assert actions == ["stores.change_settings", "sync.decide_conflict"]


async def test_for_good_the_store_owns_it_and_the_catalog_takes_all(shop: LinkedStores) -> None:
    store = await shop.store(content="hub")
    first = await both_changed(shop, store, "1")
    await both_changed(shop, store, "2")
    one = (await listed(shop))[0]
    assert await decide(shop, one.id, "store", for_good=True) == 2
    assert [(await shop.held(sku))["price"] for sku in ("S-1", "S-2")] == ["11", "11"]
    assert [await store.beside(external_id=number) for number in ("1", "2")] == [(None, None)] * 2
    async with shop.bench.container.transaction() as services:
        settings = await services.store_settings.read(shop.actor, store.id)
    assert (settings.owners.price, settings.owners.content) == ("store", "hub"), "other settings stay"
    await shop.edit(price_edit(first, "20"))
    assert await store.beside() == ({"price": "11"}, None), "what the store owns is not due there"


async def test_all_of_a_group_or_of_a_store_are_decided_at_once(shop: LinkedStores) -> None:
    store = await shop.store()
    for number in ("1", "2", "3"):
        await both_changed(shop, store, number, title="Shop's")
    assert len(await listed(shop)) == 6
    assert await decide_all(shop, store, "price", "store") == 3
    assert {one.field for one in await listed(shop)} == {"title"}
    assert await decide_all(shop, store, None, "hub") == 3
    assert await decide_all(shop, store, None, "hub") == 0
    assert [(await shop.held(f"S-{number}"))["price"] for number in (1, 2, 3)] == ["11"] * 3
    assert [await store.beside("product_links", str(number)) for number in (1, 2, 3)] == [
        ({"title": "Shop's"}, ["title"])
    ] * 3
    assert [facts for _, facts in await audited(shop)][:2] == [
        {"group": "price", "chosen": "store", "settled": 3},
        {"group": None, "chosen": "hub", "settled": 3},
    ]


async def test_what_the_times_gave_the_store_can_be_turned_round(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store, at=TO_COME)
    assert (await shop.held())["price"] == "11"
    (one,) = await listed(shop, "settled")
    assert (one.chosen, one.settled_by, one.reversible) == ("store", "newest", True)
    await decide(shop, one.id, "hub")
    assert (await shop.held())["price"] == "12"
    assert await store.beside() == ({"price": "11"}, ["price"])
    (turned,) = await listed(shop, "settled")
    assert (turned.chosen, turned.settled_by, turned.reversible) == ("hub", "operator", False)
    assert (await refused(decide(shop, one.id, "store"))).code == "CONFLICT_DECIDED"


@pytest.mark.parametrize("pushed", [False, True])
async def test_what_the_times_gave_the_hub_can_be_turned_round(shop: LinkedStores, pushed: bool) -> None:
    store = await shop.store()
    await both_changed(shop, store, at=LONG_AGO)
    assert await store.beside() == ({"price": "11"}, ["price"])
    if pushed:
        await written(shop, store)
    (one,) = await listed(shop, "settled")
    await decide(shop, one.id, "store")
    assert (await shop.held())["price"] == "11"
    assert await store.beside() == (({"price": "12"}, ["price"]) if pushed else (None, None))


async def test_it_is_too_late_to_turn_round_what_the_hub_changed_since(shop: LinkedStores) -> None:
    store = await shop.store()
    ids = await both_changed(shop, store, at=TO_COME)
    await shop.edit(price_edit(ids, "13"))
    error = await refused(decide(shop, (await listed(shop, "settled"))[0].id, "hub"))
    assert (error.code, error.message) == ("CONFLICT_OUTDATED", "The catalog's price has changed since: it is '13' now")
    assert (await shop.held())["price"] == "13"


async def test_it_is_too_late_to_turn_round_what_the_store_changed_since(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store, at=LONG_AGO)
    await shop.bench.rows(
        'UPDATE listings SET shown = \'{"price": "15"}\' WHERE store_id = :id RETURNING 1', id=store.id
    )
    error = await refused(decide(shop, (await listed(shop, "settled"))[0].id, "store"))
    assert (error.code, error.message) == ("CONFLICT_OUTDATED", "The store's price has changed since: it is '15' now")


async def test_what_the_times_decided_can_be_made_the_rule(shop: LinkedStores) -> None:
    store = await shop.store()
    ids = await both_changed(shop, store, at=TO_COME)
    (one,) = await listed(shop, "settled")
    assert (await refused(decide(shop, one.id, "store"))).code == "CONFLICT_DECIDED"
    await shop.edit(price_edit(ids, "13"))
    assert await decide(shop, one.id, "store", for_good=True) == 0
    assert (await shop.held())["price"] == "13", "only who owns it is decided"
    async with shop.bench.container.transaction() as services:
        assert (await services.store_settings.read(shop.actor, store.id)).owners.price == "store"


async def test_of_two_who_decide_at_once_the_second_is_told(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store)
    (one,) = await listed(shop)
    done = await asyncio.gather(
        *(decide(shop, one.id, choose) for choose in ("hub", "store", "hub")), return_exceptions=True
    )
    assert sorted(getattr(result, "code", str(result)) for result in done) == [
        "1",
        "CONFLICT_DECIDED",
        "CONFLICT_DECIDED",
    ]
    assert len(await audited(shop)) == 1


async def test_what_left_the_store_is_not_asked_any_more(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store)
    (one,) = await listed(shop)
    await shop.bench.rows("UPDATE listings SET gone_at = now() WHERE store_id = :id RETURNING 1", id=store.id)
    assert await listed(shop) == []
    assert (await refused(decide(shop, one.id, "hub"))).code == "CONFLICT_OUTDATED"
    assert await decide_all(shop, store, None, "store") == 0


async def test_pages_are_newest_first_and_of_one_store_when_asked(shop: LinkedStores) -> None:
    store, other = await shop.store(), await shop.store()
    for number in ("1", "2", "3"):
        await both_changed(shop, store, number)
    await both_changed(shop, other, "4")
    whole = await listed(shop)
    assert [one.sku for one in whole] == ["S-4", "S-3", "S-2", "S-1"]
    first = await listed(shop, "open", store.id, limit=2)
    rest = await listed(shop, "open", store.id, below=first[-1].id)
    assert [one.sku for one in [*first, *rest]] == ["S-3", "S-2", "S-1"]


@pytest.mark.parametrize("role", ["plugin", "unproven"])
async def test_tokens_of_plugins_neither_see_nor_decide(shop: LinkedStores, role: str) -> None:
    store = await shop.store()
    await both_changed(shop, store)
    (one,) = await listed(shop)
    actor = Actor(organization_id=shop.actor.tenant, role=role)
    assert (await refused(decide(shop, one.id, "hub", actor=actor))).code == "INSUFFICIENT_ROLE"
    shop.actor = actor
    assert (await refused(listed(shop))).code == "INSUFFICIENT_ROLE"


async def test_staff_decides_once_and_managers_for_good(shop: LinkedStores) -> None:
    store = await shop.store()
    await both_changed(shop, store)
    (one,) = await listed(shop)
    staff = Actor(organization_id=shop.actor.tenant, role="staff")
    assert (await refused(decide(shop, one.id, "hub", actor=staff, for_good=True))).code == "INSUFFICIENT_ROLE"
    assert await decide(shop, one.id, "hub", actor=staff) == 1


async def test_strangers_neither_see_nor_decide(shop: LinkedStores, bench: Workbench) -> None:
    store = await shop.store()
    await both_changed(shop, store)
    (one,) = await listed(shop)
    stranger = LinkedStores(bench, await bench.organization())
    assert await listed(stranger) == []
    for asked in (
        decide(stranger, one.id, "hub"),
        decide_all(stranger, store, None, "hub"),
        listed(stranger, "open", store.id),
        decide(shop, 2**70, "hub"),
        decide(shop, -1, "hub"),
    ):
        assert (await refused(asked)).code == "NOT_FOUND"


async def test_what_is_no_choice_and_no_group_is_refused(shop: LinkedStores) -> None:
    store = await shop.store()
    assert (await refused(decide(shop, 1, "newest"))).code == "CHOICE_INVALID"
    assert (await refused(decide_all(shop, store, "colour", "hub"))).code == "GROUP_INVALID"
