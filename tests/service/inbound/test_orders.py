"""Order webhooks: stock is taken in the transaction that works them off, and the other store's push is on its way."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.domain.inbound.orders import summary
from backend.domain.orders.taking import TakenDone
from backend.kit.clock import utc_now
from backend.models.inbound import ReceivedWebhook
from backend.models.stores import Store
from tests.support.product import Workbench
from tests.support.received import Received
from tests.support.shared_stock import NUMBER, Article

pytestmark = pytest.mark.anyio


class Scene:
    """An article in two stores whose webhooks come in."""

    def __init__(self, bench: Workbench, received: Received, article: Article) -> None:
        self.bench, self.received, self.article = bench, received, article
        self.created_at = utc_now()

    async def store(self, place: int) -> Store:
        async with self.bench.container.begin() as session:
            found = await session.get(Store, self.article.store_id(place))
        assert found is not None
        return found

    def body(self, status: str = "processing", quantity: int = 1, later_s: float = 0, **values: Any) -> dict[str, Any]:
        modified_at = self.created_at + timedelta(seconds=later_s)
        return {
            "id": 338,
            "number": "338",
            "status": status,
            "date_created_gmt": self.created_at.isoformat(),
            "date_modified_gmt": modified_at.isoformat(),
            "line_items": [{"id": 3, "product_id": int(NUMBER), "variation_id": 0, "quantity": quantity}],
            **values,
        }

    async def come(self, topic: str, body: dict[str, Any], place: int = 0) -> ReceivedWebhook:
        return await self.received.come(topic, body, store=await self.store(place))

    async def pushes(self) -> list[tuple[Any, ...]]:
        """Stores for which a push of pieces is on its way, the queue it waits in and whether it is due at once."""
        return await self.bench.rows(
            "SELECT r.store_id, j.queue, j.run_at <= now() FROM sync_runs r JOIN jobs j"
            " ON j.payload ->> 'run_id' = cast(r.id AS text)"
            " WHERE r.organization_id = :org AND r.kind = 'stock' ORDER BY r.created_at",
            org=self.article.actor.tenant,
        )


@pytest.fixture
async def scene(bench: Workbench, received: Received) -> Scene:
    return Scene(bench, received, await Article.sold_in(bench, 5, 5))


async def test_an_order_takes_stock_and_has_the_other_store_written_to_at_once(scene: Scene) -> None:
    row = await scene.come("order.created", scene.body(quantity=2))
    assert (row.state, row.note) == ("done", "2 taken")
    assert await scene.article.hub() == 3
    assert await scene.pushes() == [(scene.article.store_id(1), "fast", True)]


async def test_the_job_of_an_order_is_due_at_once_in_the_queue_of_short_ones(scene: Scene) -> None:
    webhook_id = await scene.received.keep("order.created", scene.body(), store=await scene.store(0))
    job = "SELECT queue, run_at <= now() FROM jobs WHERE cast(payload ->> 'webhook_id' AS bigint) = :id"
    assert await scene.bench.rows(job, id=webhook_id) == [("fast", True)]


async def test_the_body_is_kept_for_whoever_asks_for_a_customers_data(scene: Scene) -> None:
    row = await scene.come("order.created", scene.body(billing={"email": "bea@example.com"}))
    assert b"bea@example.com" in bytes(row.body)


async def test_a_pending_order_takes_nothing_until_it_is_paid(scene: Scene) -> None:
    row = await scene.come("order.created", scene.body("pending"))
    assert (row.note, await scene.article.hub()) == ("nothing to take", 5)
    await scene.come("order.updated", scene.body("processing", later_s=5))
    assert await scene.article.hub() == 4


async def test_versions_in_the_wrong_order_leave_the_last_one(scene: Scene) -> None:
    await scene.come("order.updated", scene.body("cancelled", later_s=9))
    late = await scene.come("order.updated", scene.body("processing", later_s=5))
    assert late.note == "a later version of the order is known"
    assert await scene.article.hub() == 5


async def test_a_cancelled_order_gives_back(scene: Scene) -> None:
    await scene.come("order.created", scene.body(quantity=2))
    row = await scene.come("order.updated", scene.body("cancelled", later_s=5))
    assert row.note == "2 given back"
    assert await scene.article.hub() == 5


async def test_the_same_body_under_two_topics_takes_once(scene: Scene) -> None:
    for topic in ("order.created", "order.updated", "order.restored"):
        await scene.come(topic, scene.body())
    assert await scene.article.hub() == 4


async def test_a_deleted_order_says_nothing_of_stock(scene: Scene) -> None:
    await scene.come("order.created", scene.body())
    row = await scene.come("order.deleted", {"id": 338})
    assert (row.state, row.note) == ("done", "kept; it says nothing of stock")
    assert await scene.article.hub() == 4


async def test_what_is_not_in_the_catalog_is_named_beside_the_webhook(scene: Scene) -> None:
    line = {"id": 4, "product_id": 999, "variation_id": 0, "quantity": 1}
    row = await scene.come("order.created", scene.body(line_items=[line]))
    assert (row.state, row.note) == ("done", "not in the catalog: 999")


async def test_an_order_that_cannot_be_read_is_kept(scene: Scene) -> None:
    row = await scene.come("order.created", {"id": 338, "billing": {"email": "bea@example.com"}})
    assert (row.state, row.note) == ("done", "kept; it has no date_created_gmt")
    assert row.body


async def test_orders_of_both_stores_for_the_last_piece_end_in_a_case(scene: Scene) -> None:
    await scene.article.adjust(count=1)
    rows = await asyncio.gather(
        *(scene.come("order.created", {**scene.body(), "id": place + 1}, place) for place in (0, 1))
    )
    assert sorted(row.note for row in rows) == ["1 missing: more was sold than there is", "1 taken"]
    assert (await scene.article.hub(), len(await scene.article.oversells())) == (0, 1)


async def test_a_shopify_order_takes_stock_and_gives_back(scene: Scene) -> None:
    async with scene.bench.container.begin() as session:
        await session.execute(
            text("UPDATE stores SET platform = 'shopify' WHERE id = :id"), {"id": scene.article.store_id(0)}
        )
    line = {"id": 3, "product_id": 1, "variant_id": int(NUMBER), "quantity": 2, "current_quantity": 2}
    body = {
        "id": 5,
        "name": "#1001",
        "created_at": scene.created_at.isoformat(),
        "updated_at": scene.created_at.isoformat(),
        "line_items": [line],
    }
    for topic in ("orders/create", "orders/paid"):
        await scene.come(topic, body)
    assert await scene.article.hub() == 3
    later = (scene.created_at + timedelta(seconds=5)).isoformat()
    cancelled = {**body, "updated_at": later, "cancelled_at": later, "line_items": [{**line, "current_quantity": 0}]}
    for topic in ("orders/cancelled", "orders/updated"):
        await scene.come(topic, cancelled)
    assert await scene.article.hub() == 5


@pytest.mark.parametrize(
    ("done", "note"),
    [
        (TakenDone(taken=1, missing=2), "1 taken; 2 missing: more was sold than there is"),
        (TakenDone(taken=-1, unknown=("7",)), "1 given back; not in the catalog: 7"),
        (TakenDone(unknown=tuple(map(str, range(12)))), "not in the catalog: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."),
    ],
    ids=["missing", "unknown", "many-unknown"],
)
def test_what_became_of_an_order_is_said_in_one_line(done: TakenDone, note: str) -> None:
    assert summary(done) == note
