"""People decide which products are the same article, and cut what was linked wrongly."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from backend.domain.sync.link_review import LinkReview
from backend.kit.errors import DomainError
from backend.ports.actor import Actor, system_actor
from backend.ports.store_platform import PlatformImage
from tests.support.linked_shops import Shop, product, simple, variant
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

EAN, OTHER_EAN, THIRD_EAN = "4006381333931", "5901234123457", "9780201379624"


class Desk:
    """A person at the review queue of an organization."""

    def __init__(self, bench: Workbench, actor: Actor) -> None:
        self.bench = bench
        self.actor = msgspec.structs.replace(actor, role="staff", user_id=uuid.uuid4())

    @asynccontextmanager
    async def review(self) -> AsyncIterator[LinkReview]:
        async with self.bench.container.begin() as session:
            yield LinkReview(session)

    async def open(self, **more: Any) -> list[Any]:
        async with self.review() as review:
            return list(await review.open(self.actor, **more))

    async def confirm(self, suggestion_id: int | None = None) -> int:
        number = (await self.open())[0].id if suggestion_id is None else suggestion_id
        async with self.review() as review:
            return await review.confirm(self.actor, number)

    async def reject(self, suggestion_id: int) -> None:
        async with self.review() as review:
            await review.reject(self.actor, suggestion_id)

    async def events(self, name: str) -> list[str]:
        rows = await self.bench.rows(
            "SELECT payload ->> 'product_id' FROM events WHERE organization_id = :org AND type = :name ORDER BY id",
            org=self.actor.tenant,
            name=name,
        )
        return [row[0] for row in rows]

    async def suggest(self, shop: Shop, external_id: str, other: Shop, candidate: str) -> None:
        await self.bench.rows(
            "INSERT INTO link_suggestions (organization_id, store_id, external_id, product_id, candidate_id, reason)"
            " VALUES (:org, :store, :external_id, :product, :candidate, 'barcode_only') RETURNING id",
            org=self.actor.tenant,
            store=shop.store_id,
            external_id=external_id,
            product=await shop.product_id(external_id),
            candidate=await other.product_id(candidate),
        )

    async def cut(self, shop: Shop, external_id: str, reason: str = "") -> int:
        async with self.review() as review:
            return await review.cut(self.actor, shop.store_id, external_id, reason)


@pytest.fixture
async def desk(bench: Workbench) -> Desk:
    return Desk(bench, await bench.organization())


@pytest.fixture
async def first(bench: Workbench, desk: Desk) -> Shop:
    return await Shop.opened(bench, desk.actor, "first")


@pytest.fixture
async def second(bench: Workbench, desk: Desk) -> Shop:
    return await Shop.opened(bench, desk.actor, "second")


async def refused(work: Any) -> str:
    with pytest.raises(DomainError) as refusal:
        await work
    return refusal.value.code


async def test_the_queue_shows_both_sides_newest_first(desk: Desk, first: Shop, second: Shop) -> None:
    image = PlatformImage(url="https://pictures.example/1.jpg")
    await first.shows(
        simple("1", "A", EAN, price=Decimal("5.00"), images=(image,)), simple("2", "B", OTHER_EAN, title="Lamp")
    )
    await second.shows(simple("7", "X", EAN, title="Chair"))
    await second.shows(simple("8", "Y", OTHER_EAN))
    newest, oldest = await desk.open()
    assert (newest.external_id, newest.candidate.title) == ("8", "Lamp")
    assert (oldest.reason, oldest.store, oldest.external_id) == ("barcode_only", "second", "7")
    assert (oldest.product.title, oldest.product.sku, oldest.product.stores) == ("Chair", "X", ("second",))
    side = oldest.candidate
    assert (side.title, side.sku, side.barcode, side.image_url) == ("Product 1", "A", EAN, image.url)
    assert (side.price, side.currency, side.variants, side.stores) == (Decimal("5"), "EUR", 1, ("first",))
    assert [row.id for row in await desk.open(below=newest.id)] == [oldest.id]
    assert [row.id for row in await desk.open(limit=1)] == [newest.id]


async def test_confirming_gives_the_store_the_other_product_and_keeps_what_it_shows(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN, stock=5, price=Decimal("10.00")))
    await second.shows(simple("7", "X", EAN, stock=2, price=Decimal("10.00"), title="Other"))
    wanted = await first.product_id("1")
    assert await desk.confirm() == wanted == await second.product_id("7")
    assert await second.listed() == {"7": "A"}
    assert (await second.beside("7"), await second.due("7")) == ({"title": "Other"}, None)
    assert await second.beside("7", "listings") == {"sku": "X", "stock": 2}
    assert await second.due("7", "listings") is None
    assert await first.pieces("A") == 5
    assert (await first.count("products"), await first.count("variants")) == (1, 1)
    assert [row[4] for row in await second.suggestions()] == ["confirmed"]
    assert await desk.open() == []


async def test_the_emptied_product_is_a_tombstone_whose_history_tells_where_it_went(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    was, now = await second.product_id("7"), await first.product_id("1")
    await desk.confirm()
    assert await desk.bench.value("SELECT deleted_at IS NOT NULL FROM products WHERE id = :id", id=was)
    told = await desk.bench.rows(
        "SELECT product_id, changes, origin, store_id, actor FROM field_changes"
        " WHERE organization_id = :org ORDER BY product_id, variant_id NULLS FIRST",
        org=desk.actor.tenant,
    )
    who = ("person", second.store_id, str(desk.actor.user_id))
    assert told == [
        (now, {"link": [was, now]}, *who),
        (was, {"link": [was, now], "deleted": [False, True]}, *who),
        (was, {"deleted": [False, True]}, *who),
    ]
    assert await desk.events("product.deleted") == [str(was)]


async def test_what_a_store_shows_that_was_beside_its_own_product_is_beside_the_other_one(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN, stock=4, price=Decimal("10.00")))
    await second.shows(simple("7", "A2", EAN, stock=4, price=Decimal("10.00")))
    await second.shows_beside("7", "listings", {"price": "12.5", "sku": "A", "stock": 1}, due=["price"])
    await second.shows_beside("7", "product_links", {"title": "Product 1"}, due=["title"])
    await desk.confirm()
    assert await second.beside("7", "listings") == {"price": "12.5", "stock": 1}
    assert (await second.beside("7"), await second.due("7")) == (None, None)


async def test_amounts_in_two_currencies_are_not_compared(bench: Workbench, desk: Desk, first: Shop) -> None:
    abroad = await Shop.opened(bench, desk.actor, "abroad", currency="PLN")
    await first.shows(simple("1", "A", EAN, price=Decimal("10.00")))
    await abroad.shows(simple("7", "A2", EAN, price=Decimal("43.00")))
    await desk.confirm()
    assert await abroad.beside("7", "listings") == {"sku": "A2"}


async def test_variants_go_to_those_they_match_and_the_others_move_along(desk: Desk, first: Shop, second: Shop) -> None:
    sizes = [{"size": size} for size in "SML"]
    await first.shows(
        product(
            "1",
            variant("1s", "1", "A-S", EAN, options=sizes[0]),
            variant("1m", "1", "A-M", "", options=sizes[1]),
        )
    )
    await second.shows(
        product(
            "7",
            variant("7s", "7", "X-S", EAN, options=sizes[0]),
            variant("7m", "7", "X-M", "", options=sizes[1]),
            variant("7l", "7", "X-L", "", options=sizes[2], stock=9),
        )
    )
    large = await desk.bench.value("SELECT variant_id FROM listings WHERE external_id = '7l'")
    await desk.confirm()
    assert await second.listed() == {"7l": "X-L", "7m": "A-M", "7s": "A-S"}
    assert await first.count("variants") == 3
    assert await second.pieces("X-L") == 9
    assert await desk.bench.rows(
        "SELECT id, product_id FROM variants WHERE id = :id AND deleted_at IS NULL", id=large
    ) == [(large, await first.product_id("1"))]


async def test_a_product_that_another_store_shows_too_stays_with_that_one(
    bench: Workbench, desk: Desk, first: Shop, second: Shop
) -> None:
    third = await Shop.opened(bench, desk.actor, "third")
    await second.shows(product("7", variant("7a", "7", "X", EAN), variant("7b", "7", "Z", stock=6)))
    await third.shows(product("9", variant("9a", "9", "X"), variant("9b", "9", "Z", stock=6)))
    await first.shows(simple("1", "A", EAN, title="Wanted"))
    (asked,) = await desk.open()
    assert (asked.store, asked.candidate.stores) == ("first", ("second", "third"))
    await desk.suggest(second, "7", first, "1")
    await desk.confirm((await desk.open())[0].id)
    assert await third.listed() == {"9a": "X", "9b": "Z"}
    assert await second.listed() == {"7a": "A", "7b": "Z"}
    assert await second.product_id("7") == await first.product_id("1") != await third.product_id("9")
    assert (await first.count("products"), await first.count("variants")) == (2, 4)


async def test_other_suggestions_of_the_product_are_obsolete_and_those_of_the_emptied_one_follow(
    bench: Workbench, desk: Desk, first: Shop, second: Shop
) -> None:
    third = await Shop.opened(bench, desk.actor, "third")
    await first.shows(simple("1", "A", EAN, title="Wanted"), simple("2", "B", OTHER_EAN))
    await second.shows(product("7", variant("7a", "7", "X", EAN), variant("7b", "7", "Y", OTHER_EAN)))
    await second.shows(simple("8", "V", EAN))
    await third.shows(simple("9", "Y2", OTHER_EAN))
    wanted = next(row for row in await desk.open() if (row.external_id, row.candidate.title) == ("7", "Wanted"))
    await desk.confirm(wanted.id)
    states = {(row[0], row[2]): row[4] for row in await second.suggestions()}
    assert states == {("7", "Wanted"): "confirmed", ("7", "Product 2"): "obsolete", ("8", "Wanted"): "obsolete"}
    assert {(row[2], row[4]) for row in await third.suggestions()} == {("Product 2", "open"), ("Wanted", "open")}


async def test_rejecting_keeps_both_and_is_never_asked_again(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(product("7", variant("7a", "7", "X", EAN)))
    await desk.reject((await desk.open())[0].id)
    await second.shows(product("7", variant("7a", "7", "X", EAN), variant("7b", "7", "A")))
    assert [row[3:] for row in await second.suggestions()] == [("barcode_only", "rejected")]
    assert await desk.open() == []
    assert await first.count("products") == 2


async def test_what_was_decided_cannot_be_decided_again(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    (asked,) = await desk.open()
    await desk.confirm(asked.id)
    assert await refused(desk.confirm(asked.id)) == "SUGGESTION_DECIDED"
    assert await refused(desk.reject(asked.id)) == "SUGGESTION_DECIDED"


async def test_of_two_who_decide_at_once_one_does(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    (asked,) = await desk.open()
    ends = await asyncio.gather(*(desk.confirm(asked.id) for _ in range(4)), return_exceptions=True)
    codes = [end.code for end in ends if isinstance(end, DomainError)]
    assert codes == ["SUGGESTION_DECIDED"] * 3
    assert [end for end in ends if not isinstance(end, DomainError)] == [await first.product_id("1")]


async def test_a_candidate_that_is_gone_is_not_shown_and_cannot_be_confirmed(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    (asked,) = await desk.open()
    await first.drops("1")
    assert await desk.open() == []
    assert await refused(desk.confirm(asked.id)) == "SUGGESTION_OUTDATED"


async def test_a_store_never_shows_one_product_twice(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    (asked,) = await desk.open()
    await second.shows(simple("8", "A", EAN))
    assert await second.product_id("8") == await first.product_id("1")
    assert await refused(desk.confirm(asked.id)) == "PRODUCT_LINKED"


async def test_what_others_have_to_decide_cannot_be_seen_or_touched(
    bench: Workbench, desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    (asked,) = await desk.open()
    stranger = Desk(bench, await bench.organization())
    assert await stranger.open() == []
    assert await refused(stranger.confirm(asked.id)) == "NOT_FOUND"
    assert await refused(stranger.reject(asked.id)) == "NOT_FOUND"
    assert await refused(stranger.cut(second, "7")) == "NOT_FOUND"


async def test_what_is_not_there_cannot_be_decided(desk: Desk, second: Shop) -> None:
    assert await refused(desk.confirm(2**70)) == "NOT_FOUND"
    assert await refused(desk.reject(-1)) == "NOT_FOUND"
    assert await refused(desk.cut(second, "nothing")) == "NOT_FOUND"


@pytest.mark.parametrize("role", ["plugin", "unproven"])
async def test_a_shops_own_token_decides_nothing(bench: Workbench, first: Shop, second: Shop, role: str) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    machine = Desk(bench, first.actor)
    (asked,) = await machine.open()
    machine.actor = msgspec.structs.replace(machine.actor, role=role)
    for work in (machine.open(), machine.confirm(asked.id), machine.reject(asked.id), machine.cut(second, "7")):
        assert await refused(work) == "INSUFFICIENT_ROLE"


async def test_a_cut_product_is_as_its_store_shows_it_and_the_other_keeps_what_it_had(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN, stock=5, price=Decimal("10.00"), brand="Acme", tags=("x",)))
    await second.shows(simple("7", "A", EAN, stock=5, price=Decimal("10.00"), brand="Acme", tags=("x",)))
    await second.shows_beside(
        "7", "product_links", {"title": "Mine", "brand": "Own", "tags": ["b", "c"]}, due=["title"]
    )
    await second.shows_beside("7", "listings", {"price": "12.5", "barcode": "", "stock": 2}, due=["price", "stock"])
    was = await first.product_id("1")
    made = await desk.cut(second, "7", "Not the same chair")
    assert await second.product_id("7") == made != was == await first.product_id("1")
    held = "SELECT p.title, b.name, p.tags, v.sku, v.barcode, v.price, k.on_hand, p.deleted_at FROM products p"
    held += " JOIN brands b ON b.id = p.brand_id JOIN variants v ON v.product_id = p.id"
    held += " JOIN stock_levels k ON k.variant_id = v.id WHERE p.id = :id AND v.deleted_at IS NULL"
    assert await desk.bench.rows(held, id=made) == [("Mine", "Own", ["b", "c"], "A", "", Decimal("12.5"), 2, None)]
    assert await desk.bench.rows(held, id=was) == [("Product 1", "Acme", ["x"], "A", EAN, Decimal("10"), 5, None)]
    for table in ("product_links", "listings"):
        assert (await second.beside("7", table), await second.due("7", table)) == (None, None)


async def test_a_cut_is_in_the_history_of_both_and_in_the_audit_trail(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A"))
    await second.shows(simple("7", "A"))
    was = await first.product_id("1")
    made = await desk.cut(second, "7", "Not the same chair")
    who = ({"link": [was, made]}, "person", str(desk.actor.user_id), "Not the same chair")
    assert await desk.bench.rows(
        "SELECT product_id, changes, origin, actor, reason FROM field_changes WHERE organization_id = :org ORDER BY 1",
        org=desk.actor.tenant,
    ) == [(was, *who), (made, *who)]
    assert (await desk.events("product.created"))[-1] == str(made)
    assert await desk.bench.rows(
        "SELECT action, subject, facts ->> 'product_id' FROM audit_entries WHERE organization_id = :org",
        org=desk.actor.tenant,
    ) == [("sync.cut_link", str(second.store_id), str(made))]


async def test_a_cut_product_is_not_suggested_to_be_what_it_was(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A"), variant("1b", "1", "B")))
    await second.shows(product("7", variant("7a", "7", "A")))
    await desk.cut(second, "7")
    await second.shows(product("7", variant("7a", "7", "A"), variant("7b", "7", "B")))
    assert await second.product_id("7") != await first.product_id("1")
    assert [row[4] for row in await second.suggestions()] == ["rejected"]
    assert await desk.open() == []


async def test_variants_that_only_the_cut_product_had_leave_with_it(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(product("7", variant("7a", "7", "A"), variant("7x", "7", "")))
    was = await first.product_id("1")
    made = await desk.cut(second, "7")
    live = "SELECT count(*) FROM variants WHERE product_id = :id AND deleted_at IS NULL"
    assert (await desk.bench.value(live, id=was), await desk.bench.value(live, id=made)) == (1, 2)


async def test_what_the_store_showed_once_belongs_to_the_cut_product_as_well(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(product("1", variant("1a", "1", "A"), variant("1b", "1", "B")))
    await second.shows(product("7", variant("7a", "7", "A"), variant("7b", "7", "B")))
    await desk.bench.rows("UPDATE listings SET gone_at = now() WHERE external_id = '7b' RETURNING 1")
    was = await first.product_id("1")
    await desk.cut(second, "7")
    assert await desk.bench.rows(
        "SELECT v.sku FROM listings l JOIN variants v ON v.id = l.variant_id WHERE v.product_id = :id ORDER BY 1",
        id=was,
    ) == [("A",), ("B",)]


async def test_a_product_that_is_in_one_store_alone_cannot_be_cut(desk: Desk, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A"))
    await second.shows(simple("7", "B"))
    assert await refused(desk.cut(second, "7")) == "PRODUCT_NOT_SHARED"


async def test_a_cut_after_a_confirmation_gives_the_store_back_what_it_shows(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN, stock=5))
    await second.shows(simple("7", "X", OTHER_EAN, stock=2, title="Mine"))
    await desk.suggest(second, "7", first, "1")
    await desk.confirm()
    made = await desk.cut(second, "7")
    assert await desk.bench.rows(
        "SELECT p.title, v.sku, v.barcode, k.on_hand FROM products p JOIN variants v ON v.product_id = p.id"
        " JOIN stock_levels k ON k.variant_id = v.id WHERE p.id = :id",
        id=made,
    ) == [("Mine", "X", OTHER_EAN, 2)]
    assert await first.pieces("A") == 5


async def test_what_a_store_changes_after_a_confirmation_is_taken_and_due_in_the_other(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", EAN, price=Decimal("10.00")))
    await second.shows(simple("7", "X", EAN, price=Decimal("11.00")))
    await desk.confirm()
    await second.shows(simple("7", "X", EAN, price=Decimal("12.00")))
    assert await desk.bench.rows(
        "SELECT price FROM variants WHERE sku = 'A' AND organization_id = :org", org=desk.actor.tenant
    ) == [(Decimal("12"),)]
    assert await first.due("1", "listings") == ["price"]
    assert await second.due("7", "listings") is None


async def test_what_a_store_changes_after_a_cut_is_its_own_products_alone(
    desk: Desk, first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A", stock=5))
    await second.shows(simple("7", "A", stock=5))
    made = await desk.cut(second, "7")
    await second.shows(simple("7", "A", stock=4, title="New title"))
    assert await desk.bench.rows(
        "SELECT p.title, k.on_hand FROM products p JOIN variants v ON v.product_id = p.id"
        " JOIN stock_levels k ON k.variant_id = v.id WHERE p.organization_id = :org ORDER BY p.id",
        org=desk.actor.tenant,
    ) == [("Product 1", 5), ("New title", 4)]
    assert await second.product_id("7") == made
    assert (await first.due("1"), await first.due("1", "listings")) == (None, None)


async def test_the_operator_may_decide_as_well(bench: Workbench, first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "X", EAN))
    operator = Desk(bench, first.actor)
    operator.actor = system_actor(first.actor.tenant)
    await operator.confirm()
    assert (
        await bench.value("SELECT actor FROM audit_entries WHERE organization_id = :org", org=first.actor.tenant)
        == "operator"
    )
