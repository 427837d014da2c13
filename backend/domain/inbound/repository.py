"""Every query on received webhooks."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, Uuid, bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.rules import HELD_STATES
from backend.kit.transaction import LoneStatements
from backend.models.inbound import ReceivedWebhook
from backend.models.stores import Store
from backend.ports.inbound_webhooks import InboundWebhook
from backend.ports.job_queue import JobSpec

# Rows and the jobs that work them off in one statement: neither can be there without the other, and a group of any
# size costs one round trip. A delivery that was kept before, or comes twice in the group, makes neither.
_KEEP = text("""
WITH came AS (
    SELECT * FROM unnest(:platforms, :addresses, :topics, :keys, :events, :moments, :bodies, :stores)
        AS came(platform, address, topic, delivery_key, event_id, triggered_at, body, store_id)
), kept AS (
    INSERT INTO received_webhooks (platform, address, topic, delivery_key, event_id, triggered_at, body, store_id)
    SELECT * FROM came
    ON CONFLICT (platform, address, delivery_key) DO NOTHING
    RETURNING id
)
INSERT INTO jobs (name, queue, payload, max_attempts, run_at)
SELECT :name, :queue, jsonb_build_object('webhook_id', kept.id), :attempts, now() FROM kept
RETURNING id
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("platforms", "addresses", "topics", "keys", "events")),
    bindparam("moments", type_=ARRAY(DateTime(timezone=True))),
    bindparam("bodies", type_=ARRAY(LargeBinary)),
    bindparam("stores", type_=ARRAY(Uuid)),
    bindparam("name", type_=Text),
    bindparam("queue", type_=Text),
)


class Kept(NamedTuple):
    """A genuine delivery on its way into the database."""

    webhook: InboundWebhook
    store_id: uuid.UUID | None
    """When the delivery itself named its store."""


class WebhookKeeping:
    """Writes what came in: the one statement of the hot path, which is a transaction of its own."""

    def __init__(self, statements: LoneStatements) -> None:
        self._statements = statements

    async def keep(self, group: Iterable[Kept], spec: JobSpec) -> Sequence[int]:
        """Keep deliveries that are new, each with the job that works it off; return the jobs' ids.

        Doing it twice keeps nothing twice. Not for two tasks at once.
        """
        # In one order everywhere: two processes that keep the same deliveries must not wait for each other in a circle.
        rows = sorted(group, key=lambda one: (one.webhook.platform, one.webhook.address, one.webhook.delivery_key))
        values = {
            "platforms": [one.webhook.platform for one in rows],
            "addresses": [one.webhook.address for one in rows],
            "topics": [one.webhook.topic for one in rows],
            "keys": [one.webhook.delivery_key for one in rows],
            "events": [one.webhook.event_id for one in rows],
            "moments": [one.webhook.triggered_at for one in rows],
            "bodies": [one.webhook.body for one in rows],
            "stores": [one.store_id for one in rows],
            "name": spec.name,
            "queue": spec.queue,
            "attempts": spec.attempts,
        }
        return (await self._statements.execute(_KEEP, values)).scalars().all()

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._statements.aclose()


class InboundRepository:
    """Reads and writes `received_webhooks`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, webhook_id: int) -> ReceivedWebhook | None:
        """Return a delivery and hold its row to the end of the transaction."""
        query = select(ReceivedWebhook).where(ReceivedWebhook.id == webhook_id).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()

    async def store_of(self, webhook: ReceivedWebhook) -> Store | None:
        """Return the store a delivery speaks of: the one it named, else whoever holds its address."""
        query = select(Store).where(Store.platform == webhook.platform)
        if webhook.store_id is not None:
            query = query.where(Store.id == webhook.store_id)
        else:
            query = query.where(Store.url == webhook.address, Store.state.in_(HELD_STATES))
        return (await self._session.execute(query)).scalar_one_or_none()

    async def list(self, *, state: str | None, platform: str | None, most: int) -> Sequence[Any]:
        """Return what is told of deliveries, newest first, without their bodies."""
        columns = (
            ReceivedWebhook.id,
            ReceivedWebhook.platform,
            ReceivedWebhook.address,
            ReceivedWebhook.topic,
            ReceivedWebhook.state,
            ReceivedWebhook.note,
            ReceivedWebhook.received_at,
            ReceivedWebhook.finished_at,
        )
        query = select(*columns).order_by(ReceivedWebhook.id.desc()).limit(most)
        query = query if state is None else query.where(ReceivedWebhook.state == state)
        query = query if platform is None else query.where(ReceivedWebhook.platform == platform)
        return (await self._session.execute(query)).all()

    async def reopen(self, ids: Sequence[int] | None) -> Sequence[int]:
        """Make failed deliveries wait to be worked off again, those named or all; return which."""
        statement = (
            update(ReceivedWebhook)
            .where(ReceivedWebhook.state == "failed")
            .values(state="received", note="", finished_at=None)
            .returning(ReceivedWebhook.id)
        )
        if ids is not None:
            statement = statement.where(ReceivedWebhook.id.in_(ids))
        return (await self._session.execute(statement)).scalars().all()

    async def forget_before(self, moment: datetime, most: int = 10_000) -> int:
        """Delete deliveries that came before *moment* and are worked off; return how many."""
        statement = text(
            "DELETE FROM received_webhooks WHERE id IN (SELECT id FROM received_webhooks"
            " WHERE received_at < :moment AND state <> 'received' LIMIT :most)"
        )
        result: Any = await self._session.execute(statement, {"moment": moment, "most": most})
        return int(result.rowcount)
