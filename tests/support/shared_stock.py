"""One article in stores of one organization, each of which shows and sells what a test says."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from backend.domain.catalog.merge import Merged, StoreMerge
from backend.domain.orders.shown_order import ShownLine, ShownOrder
from backend.domain.orders.taking import OrderTaking, TakenDone
from backend.domain.stock.ledger import Adjustment, StockDone, StockLedger
from backend.domain.stock.shown import StockShown
from backend.kit.clock import utc_now
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from tests.support.linked_shops import Shop, product, variant
from tests.support.product import Workbench

SKU = "CUP-1"
NUMBER = "7"
"""What every store calls it."""


class Article:
    """The article, in the stores it was put into: the first is its home."""

    def __init__(self, bench: Workbench, actor: Actor) -> None:
        self.bench, self.actor = bench, actor
        self.shops: list[Shop] = []

    @classmethod
    async def sold_in(cls, bench: Workbench, *pieces: int | None, **settings: Any) -> "Article":
        """Put an article into as many stores; each shows so many pieces.

        Args:     settings: of all stores.
        """
        made = cls(bench, await bench.organization())
        for place, shown in enumerate(pieces):
            made.shops.append(await Shop.opened(bench, made.actor, f"store{place}", **settings))
            await made.show(place, shown)
        async with bench.container.begin() as session:
            await session.execute(
                text("UPDATE listings SET created_at = created_at - interval '1 hour' WHERE organization_id = :org"),
                {"org": made.actor.tenant},
            )
        return made

    def store_id(self, place: int) -> uuid.UUID:
        """Return the id of the store at a place."""
        return self.shops[place].store_id

    async def show(
        self,
        place: int,
        pieces: int | None,
        *,
        run_id: uuid.UUID | None = None,
        modified_at: datetime | None = None,
        title: str = "Cup",
    ) -> Merged:
        """Merge what a store shows of it."""
        shop = self.shops[place]
        sold = variant(
            NUMBER, NUMBER, SKU, stock=pieces, modified_at=modified_at, image_url=f"https://example.com/{title}"
        )
        async with self.bench.container.begin() as session:
            merge = StoreMerge(
                session,
                organization_id=self.actor.tenant,
                store_id=shop.store_id,
                currency=shop.currency,
                run_id=run_id,
            )
            return await merge.merge([product(NUMBER, sold, title=title)])

    async def tell(self, place: int, pieces: int) -> frozenset[uuid.UUID]:
        """Book what a store answered when it was written to."""
        async with self.bench.container.begin() as session:
            shown = StockShown(session, self.actor.tenant, self.store_id(place))
            return await shown.tell({NUMBER: pieces})

    async def order(
        self,
        place: int,
        quantity: int,
        *,
        order_id: str = "100",
        created_at: datetime | None = None,
        modified_at: datetime | None = None,
        **values: Any,
    ) -> TakenDone:
        """Take a version of an order in."""
        created_at = created_at or utc_now()
        line = ShownLine(line_id="1", external_variant_id=values.pop("external_id", NUMBER), quantity=quantity)
        told = ShownOrder(
            order_id=order_id,
            number=f"#{order_id}",
            created_at=created_at,
            modified_at=modified_at or created_at,
            lines=(line,),
            **values,
        )
        async with self.bench.container.begin() as session:
            return await OrderTaking(session).take_order(self.actor, self.store_id(place), told)

    async def adjust(self, **values: Any) -> StockDone:
        """Adjust it by hand."""
        wanted = Adjustment(**{"variant_id": await self.variant_id(), "reason": "correction", **values})
        async with self.bench.container.begin() as session:
            return await StockLedger(session).adjust(self.actor, [wanted])

    async def pushed(self, place: int) -> None:
        """Have a store take the hub's number over, as a push does."""
        async with self.bench.container.begin() as session:
            await session.execute(
                text(
                    "UPDATE listings SET shown = NULL, due = NULL, updated_at = now()"
                    " WHERE organization_id = :org AND store_id = :store"
                ),
                {"org": self.actor.tenant, "store": self.store_id(place)},
            )

    async def run(self, place: int) -> uuid.UUID:
        """Return a run of a store that has just begun."""
        run = SyncRun(
            id=uuid.uuid4(),
            organization_id=self.actor.tenant,
            store_id=self.store_id(place),
            kind="pull",
            mode="full",
            state="running",
            started_at=utc_now() - timedelta(seconds=1),
        )
        async with self.bench.container.begin() as session:
            session.add(run)
        return run.id

    async def variant_id(self) -> int:
        """Return the one variant's id."""
        return int(await self._value("SELECT id FROM variants WHERE organization_id = :org"))

    async def hub(self) -> int | None:
        """Return the hub's number."""
        found: int | None = await self._value("SELECT sum(on_hand)::int FROM stock_levels WHERE organization_id = :org")
        return found

    async def shown(self) -> list[tuple[int | None, bool]]:
        """Return what each store shows, as we believe, and whether it is to be written to."""
        rows = await self.bench.rows(
            "SELECT store_id, CASE WHEN shown ? 'stock' THEN cast(shown ->> 'stock' AS int) ELSE :hub END,"
            " coalesce('stock' = ANY(due), false) FROM listings WHERE organization_id = :org",
            org=self.actor.tenant,
            hub=await self.hub(),
        )
        found = {row[0]: (row[1], row[2]) for row in rows}
        return [found[shop.store_id] for shop in self.shops]

    async def entries(self) -> list[tuple[Any, ...]]:
        """Return the ledger: reason, difference, balance, and how much of it orders explain."""
        return await self.bench.rows(
            "SELECT reason, delta, balance, explained FROM stock_adjustments WHERE organization_id = :org ORDER BY id",
            org=self.actor.tenant,
        )

    async def oversells(self) -> list[tuple[Any, ...]]:
        """Return the cases: order, missing, state."""
        return await self.bench.rows(
            "SELECT order_id, missing, state FROM oversells WHERE organization_id = :org ORDER BY id",
            org=self.actor.tenant,
        )

    async def _value(self, statement: str) -> Any:
        return await self.bench.value(statement, org=self.actor.tenant)
