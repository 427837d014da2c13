"""Received webhooks in a test: kept as the surface keeps them, worked off as a worker does."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from backend.domain.inbound.repository import Kept
from backend.models.inbound import ReceivedWebhook
from backend.models.stores import Store
from backend.ports.inbound_webhooks import InboundWebhook
from tests.support.product import Workbench

JOB = "inbound.process_webhook"


class Received:
    """Keeps webhooks and works them off."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def keep(
        self,
        topic: str,
        document: Any,
        *,
        store: Store | None = None,
        address: str = "",
        triggered_at: datetime | None = None,
        key: str = "",
        body: bytes | None = None,
    ) -> int:
        """Keep one delivery, not worked off yet; return its id."""
        key = key or uuid.uuid4().hex
        webhook = InboundWebhook(
            platform=store.platform if store else "shopify",
            address=store.url if store else address,
            topic=topic,
            delivery_key=key,
            triggered_at=triggered_at,
            body=msgspec.json.encode(document) if body is None else body,
        )
        by_id = store.id if store and store.platform == "woocommerce" else None
        await self.bench.container.webhook_intake.keep(Kept(webhook, by_id))
        return int(
            await self.bench.value(
                "SELECT id FROM received_webhooks WHERE address = :at AND delivery_key = :key",
                at=webhook.address,
                key=key,
            )
        )

    async def process(self, *ids: int) -> None:
        """Run the jobs of these deliveries, once each."""
        for webhook_id in ids:
            (job_id,) = (
                await self.bench.rows(
                    "SELECT id FROM jobs WHERE name = :name AND cast(payload ->> 'webhook_id' AS bigint) = :id"
                    " ORDER BY id DESC LIMIT 1",
                    name=JOB,
                    id=webhook_id,
                )
            )[0]
            await self.bench.container.job_runner().run(job_id)

    async def come(self, topic: str, document: Any, **how: Any) -> ReceivedWebhook:
        """Keep and work off one delivery; return it as it is then."""
        webhook_id = await self.keep(topic, document, **how)
        await self.process(webhook_id)
        return await self.row(webhook_id)

    async def row(self, webhook_id: int) -> ReceivedWebhook:
        """Return a delivery as it is now."""
        async with self.bench.container.begin() as session:
            query = select(ReceivedWebhook).where(ReceivedWebhook.id == webhook_id)
            return (await session.execute(query)).scalar_one()

    async def store(self, store: Store) -> Store | None:
        """Return a store as it is now."""
        async with self.bench.container.begin() as session:
            return await session.get(Store, store.id)

    async def jobs(self, name: str, store: Store | None = None) -> list[tuple[Any, ...]]:
        """Return (id, state, payload) of the jobs of one name, of one store's organization or of all."""
        where = "" if store is None else " AND organization_id = :org"
        values = {} if store is None else {"org": store.organization_id}
        return await self.bench.rows(
            f"SELECT id, state, payload FROM jobs WHERE name = :name{where} ORDER BY id", name=name, **values
        )
