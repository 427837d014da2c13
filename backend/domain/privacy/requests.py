"""Taking requests down, and showing them to those whose store they are about."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS
from backend.domain.audit.service import AuditTrail
from backend.domain.jobs.service import JobRecorder
from backend.domain.privacy.repository import PrivacyRepository
from backend.domain.privacy.subject import PersonalDataRequest
from backend.kit.clock import utc_now
from backend.kit.discreet import Discreet
from backend.kit.errors import forbidden, not_found
from backend.kit.ids import uuid7
from backend.models.inbound import PrivacyRequest, ReceivedWebhook
from backend.models.stores import Store
from backend.ports.actor import Actor

DATA_REQUEST, CUSTOMER_REDACT, SHOP_REDACT = "data_request", "customer_redact", "shop_redact"
DUE = timedelta(days=30)
"""What the law and the platforms give us."""
CARRY_OUT_JOB = "privacy.carry_out"


class Asked(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came."""

    kind: str
    webhook: ReceivedWebhook
    request: PersonalDataRequest


class PrivacyIntake:
    """Takes requests down inside the transaction that closes their webhook."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._rows = PrivacyRepository(session)
        self._audit = AuditTrail(session)
        self._jobs = jobs

    async def take(self, asked: Asked) -> int:
        """Take a request down for every organization that has a store at its address; return how many there are.

        Where nobody has, what we hold without knowing whose it is is looked through all the same.
        """
        webhook = asked.webhook
        stores: Sequence[Store | None] = await self._rows.stores_at(webhook.platform, webhook.address)
        if not stores:
            stores = [None] if await self._rows.holds_bodies(webhook) else []
        await self._audit.record(
            actor=webhook.platform,
            action=f"privacy.receive_{asked.kind}",
            subject=webhook.address,
            organization_id=None,
            facts={"webhook_id": webhook.id, "request": asked.request.external_id, "stores": len(stores)},
        )
        for store in stores:
            await self._one(asked, store)
        return len(stores)

    async def _one(self, asked: Asked, store: Store | None) -> None:
        webhook = asked.webhook
        request = PrivacyRequest(
            id=uuid7(),
            organization_id=store.organization_id if store else None,
            store_id=store.id if store else None,
            address=webhook.address,
            kind=asked.kind,
            external_id=asked.request.external_id,
            facts=_facts(asked),
            due_at=webhook.received_at + DUE,
        )
        await self._rows.add(request)
        await self._jobs.record(
            CARRY_OUT_JOB,
            {"request_id": str(request.id)},
            organization_id=None,
            unique_key=f"{CARRY_OUT_JOB}:{request.id}",
        )


def _facts(asked: Asked) -> dict[str, Any]:
    subject, webhook = asked.request.subject, asked.webhook
    happened_at = webhook.triggered_at or webhook.received_at
    facts: dict[str, Any] = {"webhook_id": webhook.id, "triggered_at": happened_at.isoformat()}
    if subject.customer_id:
        facts["customer_id"] = subject.customer_id
    if subject.order_ids:
        facts["orders"] = sorted(subject.order_ids)
    return facts


class PrivacyService:
    """What owners and admins see of the requests about their stores."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = PrivacyRepository(session)
        self._audit = AuditTrail(session)

    async def requests(self, actor: Actor, most: int = 100) -> list[PrivacyRequest]:
        """Return the newest requests; raise forbidden for those who may not see personal data."""
        return await self._rows.newest(_allowed(actor), most)

    async def export_key(self, actor: Actor, request_id: uuid.UUID) -> str:
        """Return the blob of a request's export and note who fetched it; raise not_found, forbidden."""
        request = await self._rows.of_organization(_allowed(actor), request_id)
        if request is None or request.export_key is None:
            raise not_found("Export")
        await self._audit.record(
            actor=str(actor.user_id or actor.role),
            action="privacy.fetch_export",
            subject=str(request.id),
            organization_id=request.organization_id,
            facts={"at": utc_now().isoformat()},
        )
        return request.export_key


def _allowed(actor: Actor) -> uuid.UUID:
    if actor.role not in MANAGERS:
        raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may see requests about personal data")
    return actor.tenant
