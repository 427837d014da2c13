"""What a merge takes from a store, what it leaves, what it notes, and what becomes due elsewhere."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from backend.domain.catalog.erasure import CatalogErasure
from backend.domain.catalog.known_rows import MergeCounts
from backend.domain.events.types import ProductCreated, ProductDeleted, ProductUpdated
from backend.kit.ids import uuid7
from backend.models.sync import SyncRun
from backend.ports.store_platform import PlatformImage
from tests.support.linked_stores import LinkedStores, ShownStore, article, linked_stores, price_edit, title_edit
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
LATER = datetime.now(UTC) + timedelta(days=1)
EARLIER = LATER - timedelta(days=30)


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def two_stores(shop: LinkedStores, **owners: str) -> tuple[ShownStore, ShownStore]:
    """Return two stores that show the same article; the first is its home."""
    first, second = await shop.store(), await shop.store(**owners)
    await first.shows(article())
    await second.link(*await shop.ids())
    await second.shows(article())
    return first, second


async def told(shop: LinkedStores, kind: str, shape: type[Any]) -> list[Any]:
    rows = await shop.bench.rows(
        "SELECT payload FROM events WHERE organization_id = :org AND type = :kind ORDER BY id",
        org=shop.actor.tenant,
        kind=kind,
    )
    return [msgspec.convert({"event": kind, **row[0]}, shape) for row in rows]


async def run_of(store: ShownStore) -> SyncRun:
    run = SyncRun(
        id=uuid7(),
        organization_id=store.actor.tenant,
        store_id=store.id,
        mode="full",
        state="running",
        started_at=datetime.now(UTC),
    )
    async with store.bench.container.begin() as session:
        session.add(run)
    return run


async def test_a_change_in_the_only_store_is_taken_and_kept_in_the_history(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(sale_price=Decimal("9.50"), tags=("b", "a"), brand="Halm"))
    changed = article(price="12.500", sale_price=None, tags=("a", "c"), brand="HALM", title="New", weight_g=5)
    await store.shows(changed)
    assert await shop.history() == [
        ({"title": ["Product 1", "New"], "tags": [["a", "b"], ["a", "c"]]}, "store"),
        ({"price": ["10", "12.5"], "sale_price": ["9.5", None], "weight_g": [None, 5]}, "store"),
    ]
    assert await store.beside() == (None, None)


async def test_what_only_changes_its_order_or_spelling_is_no_change(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(price="10", tags=("b", "a"), brand="Halm"))
    await store.shows(article(price="10.00", tags=("a", "b"), brand="HALM"))
    assert await shop.history() == []


async def test_images_and_zero_are_spelled_alike_everywhere(shop: LinkedStores) -> None:
    store = await shop.store()
    image = PlatformImage(url="https://x.test/1.jpg", alt="A")
    await store.shows(article())
    await store.shows(article(price="0.00", images=(image,)))
    assert await shop.history() == [
        ({"images": [[], [{"url": "https://x.test/1.jpg", "alt": "A"}]]}, "store"),
        ({"price": ["10", "0"]}, "store"),
    ]


async def test_new_rows_are_no_history_but_a_list_of_the_run(shop: LinkedStores) -> None:
    store = await shop.store()
    run = await run_of(store)
    await store.shows(article("1"), article("2"), run_id=run.id)
    rows = await shop.bench.rows("SELECT kind, cardinality(ids) FROM sync_created WHERE run_id = :run", run=run.id)
    assert (sorted(rows), await shop.history()) == ([("product", 2), ("variant", 2)], [])


async def test_a_change_in_one_store_is_due_in_the_others(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    merged = await first.shows(article(price="12", title="New"))
    assert merged.due_stores == {second.id}
    assert await second.beside() == ({"price": "10"}, ["price"])
    assert await second.beside("product_links") == ({"title": "Product 1"}, ["title"])
    assert await first.beside() == (None, None)


async def test_the_latest_change_wins_whoever_made_it(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    merged = await second.shows(article(price="9"))
    assert (await shop.held())["price"] == "9"
    assert merged.due_stores == {first.id}
    assert await first.beside() == ({"price": "10"}, ["price"])


async def test_what_a_store_takes_over_by_itself_is_not_due_any_more(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    await first.shows(article(price="12"))
    await second.shows(article(price="12"))
    assert await second.beside() == (None, None)
    assert await shop.conflicts("state") == []


async def test_a_change_beside_an_edit_leaves_the_edit_due(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    await shop.edit(price_edit(await shop.ids(), "12"))
    await store.shows(article(barcode="42"))
    held = await shop.held()
    assert (held["price"], held["barcode"]) == ("12", "42")
    assert await store.beside() == ({"price": "10"}, ["price"])


async def test_what_the_hub_owns_is_not_taken_and_due(shop: LinkedStores) -> None:
    store = await shop.store(price="hub")
    await store.shows(article())
    merged = await store.shows(article(price="9", barcode="42"))
    held = await shop.held()
    assert (held["price"], held["barcode"]) == ("10", "42")
    assert merged.due_stores == {store.id}
    assert await store.beside() == ({"price": "9"}, ["price"])


async def test_a_store_that_owns_a_field_without_being_home_keeps_it_to_itself(shop: LinkedStores) -> None:
    first, second = await two_stores(shop, price="store")
    await second.shows(article(price="9"))
    assert (await shop.held())["price"] == "10"
    assert await second.beside() == ({"price": "9"}, None)
    await first.shows(article(price="12"))
    assert await second.beside() == ({"price": "9"}, None)


async def test_unsynced_fields_come_from_the_home_store_alone(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    urls = "SELECT p.url, v.image_url FROM products p JOIN variants v ON v.product_id = p.id"
    await first.shows(article(handle="home", url="https://home.test/1", image_url="https://home.test/1.jpg"))
    merged = await second.shows(article(url="https://away.test/1", image_url="https://away.test/1.jpg"))
    assert (merged.products_updated, merged.variants_updated, merged.changed) == (0, 0, False)
    rows = await shop.bench.rows(f"{urls} WHERE p.organization_id = :org", org=shop.actor.tenant)
    assert rows == [("https://home.test/1", "https://home.test/1.jpg")]
    links = "SELECT url FROM product_links WHERE store_id = :store"
    assert await shop.bench.value(links, store=second.id) == "https://away.test/1", "its own page is still known"


async def test_prices_in_another_currency_are_neither_taken_nor_due(shop: LinkedStores) -> None:
    first, second = await shop.store("EUR"), await shop.store("USD")
    await first.shows(article())
    await second.link(*await shop.ids())
    merged = await second.shows(article(price="11"))
    assert (await shop.held())["price"] == "10"
    assert (await second.beside(), merged.due_stores) == (({"price": "11"}, None), frozenset())
    assert (
        await shop.bench.value("SELECT currency FROM variants WHERE organization_id = :o", o=shop.actor.tenant) == "EUR"
    )


@pytest.mark.parametrize(
    ("modified_at", "chosen", "held", "beside"),
    [
        (LATER, "store", "11", (None, None)),
        (EARLIER, "hub", "12", ({"price": "11"}, ["price"])),
    ],
    ids=["store-later", "hub-later"],
)
async def test_when_both_changed_the_later_one_wins_and_both_sides_are_kept(
    shop: LinkedStores, modified_at: datetime, chosen: str, held: str, beside: Any
) -> None:
    store = await shop.store()
    await store.shows(article())
    await shop.edit(price_edit(await shop.ids(), "12"))
    await store.shows(article(price="11", modified_at=modified_at))
    assert (await shop.held())["price"] == held
    assert await store.beside() == beside
    columns = ("state", "chosen", "settled_by", "hub_value", "store_value", "store_at")
    assert await shop.conflicts(*columns) == [
        ("settled", chosen, "newest", {"value": "12"}, {"value": "11"}, modified_at)
    ]


async def open_conflict(shop: LinkedStores) -> ShownStore:
    """Return a store that changed a price, as the hub did, nobody knows when."""
    store = await shop.store()
    await store.shows(article())
    await shop.edit(price_edit(await shop.ids(), "12"))
    await store.shows(article(price="11"))
    return store


async def test_when_nobody_is_newer_neither_side_is_written(shop: LinkedStores) -> None:
    store = await open_conflict(shop)
    assert await shop.conflicts("state", "chosen", "field") == [("open", None, "price")]
    assert (await shop.held())["price"] == "12"
    assert await store.beside() == ({"price": "11"}, None)


async def test_an_open_conflict_follows_both_sides(shop: LinkedStores) -> None:
    store = await open_conflict(shop)
    await store.shows(article(price="11.50", modified_at=LATER))
    assert (await shop.edit(price_edit(await shop.ids(), "13"))).due_stores == frozenset()
    assert await shop.conflicts("state", "hub_value", "store_value", "store_at") == [
        ("open", {"value": "13"}, {"value": "11.5"}, LATER)
    ]
    assert await store.beside() == ({"price": "11.5"}, None)


async def test_an_open_conflict_ends_when_the_store_comes_to_the_hub(shop: LinkedStores) -> None:
    store = await open_conflict(shop)
    await store.shows(article(price="12"))
    assert await shop.conflicts("state", "chosen", "settled_by") == [("settled", "hub", "agreed")]
    assert await store.beside() == (None, None)


async def test_an_open_conflict_ends_when_the_hub_comes_to_the_store(shop: LinkedStores) -> None:
    store = await open_conflict(shop)
    await shop.edit(price_edit(await shop.ids(), "11"))
    assert await shop.conflicts("state", "chosen", "settled_by") == [("settled", "store", "agreed")]
    assert await store.beside() == (None, None)


async def test_an_open_conflict_ends_when_one_side_owns_the_field(shop: LinkedStores) -> None:
    store = await open_conflict(shop)
    await store.owned(price="hub")
    await store.shows(article(price="11", barcode="42"))
    assert await shop.conflicts("state", "chosen", "settled_by") == [("settled", "hub", "owner")]
    assert await store.beside() == ({"price": "11"}, ["price"])


async def test_an_open_conflict_ends_when_the_store_drops_the_article(shop: LinkedStores) -> None:
    store = await open_conflict(shop)
    async with shop.bench.container.begin() as session:
        assert await CatalogErasure(session, shop.actor.tenant, store.id).mark_product_gone("1")
    assert await shop.conflicts("state", "settled_by") == [("settled", "gone")]
    assert await store.beside() == (None, None)


async def test_what_was_read_before_a_write_is_judged_anew_later(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    ids = await shop.ids()
    run = await run_of(store)
    await shop.edit(price_edit(ids, "12"))
    written = "UPDATE listings SET shown = NULL, due = NULL, updated_at = now() WHERE store_id = :store RETURNING 1"
    await shop.bench.rows(written, store=store.id)
    await store.shows(article(barcode="42"), run_id=run.id)
    held = await shop.held()
    assert (held["price"], held["barcode"]) == ("12", "42"), "the page is older than our write"
    await store.shows(article(barcode="42"), run_id=(await run_of_next(store, run)).id)
    assert (await shop.held())["price"] == "10", "it still shows so: somebody changed it there"


async def run_of_next(store: ShownStore, run: SyncRun) -> SyncRun:
    ended = "UPDATE sync_runs SET state = 'completed' WHERE id = :run RETURNING 1"
    await store.bench.rows(ended, run=run.id)
    return await run_of(store)


async def test_a_linked_article_keeps_what_differs_and_nothing_is_due(shop: LinkedStores) -> None:
    first, second = await shop.store(), await shop.store()
    await first.shows(article(price="10", stock=3))
    merged = await second.shows(article(price="11", stock=5, title="Product 1"))
    assert (merged.products_added, merged.variants_added) == (0, 0)
    assert (await shop.held())["price"] == "10"
    assert await second.beside() == ({"price": "11", "stock": 5}, None)
    assert (await second.beside("product_links"))[1] is None


async def test_a_linked_article_is_due_where_the_hub_owns_it(shop: LinkedStores) -> None:
    first, second = await shop.store(), await shop.store(price="hub")
    await first.shows(article(price="10"))
    merged = await second.shows(article(price="11"))
    assert merged.due_stores == {second.id}
    assert await second.beside() == ({"price": "11"}, ["price"])


async def test_an_article_that_comes_back_takes_up_where_the_store_is_now(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    async with shop.bench.container.begin() as session:
        await CatalogErasure(session, shop.actor.tenant, second.id).mark_product_gone("1")
    await first.shows(article(price="12"))
    assert await second.beside() == (None, None), "it does not show it"
    await second.shows(article(price="11"))
    assert (await shop.held())["price"] == "12"
    assert await second.beside() == ({"price": "11"}, None)


async def test_leaving_and_coming_back_are_history_and_events(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    async with shop.bench.container.begin() as session:
        await CatalogErasure(session, shop.actor.tenant, store.id).mark_product_gone("1")
    await store.shows(article(price="12"))
    assert await shop.history() == [
        ({"deleted": [False, True]}, "store"),
        ({"deleted": [False, True]}, "store"),
        ({"deleted": [True, False]}, "store"),
        ({"deleted": [True, False], "price": ["10", "12"]}, "store"),
    ]
    assert [event.title for event in await told(shop, "product.deleted", ProductDeleted)] == ["Product 1"]


async def test_auc_15_a_new_product_is_told_with_its_margin(shop: LinkedStores) -> None:
    image = PlatformImage(url="https://x.test/1.jpg")
    await (await shop.store()).shows(article(price="1250", cost=Decimal(1087), images=(image,)))
    event = (await told(shop, "product.created", ProductCreated))[0]
    ids = await shop.ids()
    assert event == ProductCreated(
        product_id=str(ids[0]),
        sku="S-1",
        title="Product 1",
        currency="EUR",
        price="1250",
        cost="1087",
        margin="163",
        images=[{"url": "https://x.test/1.jpg", "alt": ""}],
    )


async def test_g21_changes_are_told_with_old_and_new(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    await store.shows(article(price="12", title="New"))
    events = await told(shop, "product.updated", ProductUpdated)
    assert [(one.variant_id is None, one.title, one.sku, one.changes) for one in events] == [
        (True, "New", "", {"title": ["Product 1", "New"]}),
        (False, "New", "S-1", {"price": ["10", "12"]}),
    ]


async def test_what_is_about_to_happen_is_counted_before_it_is_written(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(*(article(str(n), price="10", stock=3) for n in range(4)))
    asked: list[MergeCounts] = []

    def refuse(counts: MergeCounts) -> None:
        asked.append(counts)
        raise RuntimeError("held")

    changed = (
        article("0", stock=0),
        article("1", price="16"),
        article("2", price="4", stock=0),
        article("3", price="14"),
    )
    with pytest.raises(RuntimeError, match="held"):
        await store.shows(*changed, check=refuse)
    assert asked == [MergeCounts(zeroed=2, moved=2)]
    assert (await shop.held("S-1"))["price"] == "10"
    merged = await store.shows(*changed, check=asked.append)
    assert (merged.zeroed, merged.moved) == (2, 2)


async def test_what_is_empty_already_is_not_counted_again(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(stock=0))
    assert (await store.shows(article(stock=0, price="11"))).zeroed == 0


async def test_the_same_again_changes_nothing(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    await shop.edit(title_edit(await shop.ids(), "Hub"))
    for store in (first, second):
        await store.shows(article(price="11"))
        before = (await shop.history(), await first.beside(), await second.beside(), await shop.conflicts("id"))
        assert not (await store.shows(article(price="11"))).changed
        assert (await shop.history(), await first.beside(), await second.beside(), await shop.conflicts("id")) == before


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_after_anything_that_happens_each_store_shows_what_is_noted_of_it(shop: LinkedStores, seed: int) -> None:
    chance = random.Random(seed)
    owners = [{}, {"price": chance.choice(["hub", "store"])}, {"content": chance.choice(["hub", "store"])}]
    stores = [await shop.store(**each) for each in owners]
    showing = [{"price": "10", "title": "A"} for _ in stores]
    for store, shown in zip(stores, showing, strict=True):
        await store.shows(article(**shown))
    ids = await shop.ids()
    for turn in range(15):
        price, title = chance.choice(["10", "11", "12"]), chance.choice(["A", "B", "C"])
        at = chance.choice([None, LATER + timedelta(minutes=turn), EARLIER])
        number = chance.randrange(4)
        if number == len(stores):
            await shop.edit(price_edit(ids, price), title_edit(ids, title))
        else:
            showing[number] = {"price": price, "title": title}
            await stores[number].shows(article(price=price, title=title, modified_at=at))
        held = await shop.held()
        open_fields = await shop.conflicts("store_id", "field", "state")
        for store, shown in zip(stores, showing, strict=True):
            for table, name in (("listings", "price"), ("product_links", "title")):
                beside, due = await store.beside(table)
                assert beside == ({name: shown[name]} if held[name] != shown[name] else None)
                assert set(due or ()) <= set(beside or ())
                assert not (due and (store.id, name, "open") in open_fields)


async def test_edits_and_stores_at_once_lose_nothing(shop: LinkedStores) -> None:
    first, second = await two_stores(shop)
    ids = await shop.ids()

    async def edits() -> None:
        for number in range(8):
            await shop.edit(price_edit(ids, str(20 + number)))

    async def changes(store: ShownStore, field: str) -> None:
        for number in range(8):
            await store.shows(article(**{field: str(number)}))

    await asyncio.wait_for(asyncio.gather(edits(), changes(first, "barcode"), changes(second, "title")), 60)
    held = await shop.held()
    assert (held["price"], held["title"]) == ("27", "7")
    for store in (first, second):
        shown, due = await store.beside()
        assert (shown["price"], "price" in due) == ("10", True)
