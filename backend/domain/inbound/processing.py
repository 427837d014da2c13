"""Works a kept webhook off: once, by the handler of its topic, in the transaction that closes it."""

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.inbound.handling import Handled, Handling, Topic, Unreadable
from backend.domain.inbound.repository import InboundRepository
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.rules import HELD_STATES
from backend.kit.clock import utc_now
from backend.kit.text import clipped, storable
from backend.kit.transaction import Transactions
from backend.models.inbound import ReceivedWebhook
from backend.models.stores import Store

log = structlog.get_logger()

MOST_NOTE = 500


class WebhookProcessing:
    """The flow behind the job `inbound.process_webhook`. Repeating it is harmless: what is closed stays as it is."""

    def __init__(
        self,
        begin: Transactions,
        topics: Mapping[str, Mapping[str, Topic]],
        jobs: Callable[[AsyncSession], JobRecorder],
    ) -> None:
        self._begin = begin
        self._topics = topics
        self._jobs = jobs

    async def process(self, webhook_id: int) -> None:
        """Work one delivery off, or close it as ignored with the reason."""
        async with self._begin() as session:
            webhook = await InboundRepository(session).lock(webhook_id)
            if webhook is None or webhook.state != "received":
                return
            close(webhook, await self._handled(session, webhook))

    async def give_up(self, webhook_id: int, reason: str) -> None:
        """Close a delivery that could not be worked off; its body stays, so that the operator can have it retried."""
        async with self._begin() as session:
            webhook = await InboundRepository(session).lock(webhook_id)
            if webhook is not None and webhook.state == "received":
                close(webhook, Handled(state="failed", note=reason, keep_body=True))

    async def _handled(self, session: AsyncSession, webhook: ReceivedWebhook) -> Handled:
        topic = self._topics.get(webhook.platform, {}).get(webhook.topic)
        if topic is None:
            return Handled(state="ignored", note="nothing listens to this topic")
        store = None
        if topic.needs_store:
            store = await InboundRepository(session).store_of(webhook)
            reason = reason_to_ignore(webhook, store)
            if store is None or reason:
                return Handled(state="ignored", note=reason)
            webhook.organization_id, webhook.store_id = store.organization_id, store.id
        try:
            return await topic.handler(Handling(session, webhook, store, self._jobs(session)))
        except Unreadable as error:
            return Handled(state="ignored", note=str(error))


def reason_to_ignore(webhook: ReceivedWebhook, store: Store | None) -> str:
    """Say why a delivery does not concern the store as it is connected now; "" when it does. Pure."""
    if store is None or store.state not in HELD_STATES:
        return "no store is connected under this address"
    if webhook.triggered_at and store.connected_at and webhook.triggered_at < store.connected_at:
        return "it tells of an earlier installation"
    return ""


def close(webhook: ReceivedWebhook, handled: Handled) -> None:
    """Close a delivery as what became of it."""
    webhook.state, webhook.note = handled.state, clipped(storable(handled.note), MOST_NOTE)
    webhook.finished_at = utc_now()
    if not handled.keep_body:
        webhook.body = b""
