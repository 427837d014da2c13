"""Carries requests about personal data out. Every step may be repeated: what is erased stays erased."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.audit.service import AuditTrail
from backend.domain.events.service import EventRecorder
from backend.domain.events.types import PrivacyExportReady
from backend.domain.jobs.service import JobRecorder
from backend.domain.privacy.erasure import ShopErasure
from backend.domain.privacy.export import write_export
from backend.domain.privacy.repository import PrivacyRepository
from backend.domain.privacy.requests import CUSTOMER_REDACT, DATA_REQUEST
from backend.domain.privacy.subject import PersonalDataRequest, Subject, is_about
from backend.kit.clock import utc_now
from backend.kit.transaction import Transactions
from backend.models.inbound import PrivacyRequest, ReceivedWebhook
from backend.ports.blob_store import BlobStore

BATCH = 200
"""Bodies looked through at a time."""
MAIL_JOB = "privacy.mail_export_link"

Readers = Mapping[str, Callable[[Mapping[str, Any]], PersonalDataRequest]]
"""By platform: whose data a webhook's body is about."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is to be carried out, with what it came with."""

    request: PrivacyRequest
    webhook: ReceivedWebhook
    subject: Subject


class PrivacyWork:
    """The flow behind the job `privacy.carry_out`."""

    def __init__(
        self,
        begin: Transactions,
        blobs: BlobStore,
        readers: Readers,
        jobs: Callable[[AsyncSession], JobRecorder],
    ) -> None:
        self._begin = begin
        self._blobs = blobs
        self._readers = readers
        self._jobs = jobs

    async def carry_out(self, request_id: uuid.UUID) -> None:
        """Carry one request out to its end; harmless when it was."""
        opened = await self._open(request_id)
        if opened is None:
            return
        if opened.request.kind == DATA_REQUEST:
            await self._export(opened)
        elif opened.request.kind == CUSTOMER_REDACT:
            await self._redact(opened)
        else:
            state, facts = await ShopErasure(self._begin, self._blobs).erase(opened.request, opened.webhook)
            await self._done(opened, state, facts, None)

    async def _open(self, request_id: uuid.UUID) -> Opened | None:
        async with self._begin() as session:
            rows = PrivacyRepository(session)
            request = await rows.by_id(request_id)
            if request is None or request.state != "open":
                return None
            webhook = await rows.webhook(int(request.facts["webhook_id"]))
            if webhook is None:
                raise RuntimeError("the webhook that a request came with is gone")
        body = msgspec.json.decode(webhook.body, type=dict[str, Any]) if webhook.body else {}
        return Opened(request=request, webhook=webhook, subject=self._readers[webhook.platform](body).subject)

    async def _export(self, opened: Opened) -> None:
        key = f"privacy/{opened.request.id}.json"
        async with self._blobs.writer(key) as file:
            found = await write_export(self._begin, opened.request, opened.webhook, opened.subject, file)
        await self._done(opened, "done", {"found": found}, key)

    async def _redact(self, opened: Opened) -> None:
        request, emptied, after = opened.request, 0, 0
        while True:
            async with self._begin() as session:
                rows = PrivacyRepository(session)
                page = await rows.bodies(opened.webhook, request.organization_id, after=after, most=BATCH, lock=True)
                for webhook in page:
                    if is_about(opened.subject, webhook.topic, webhook.body):
                        webhook.body, emptied = b"", emptied + 1
            if not page:
                break
            after = page[-1].id
        removed = await self._forget_exports(request, opened.subject)
        await self._done(opened, "done", {"emptied": emptied, "exports_removed": removed}, None)

    async def _forget_exports(self, request: PrivacyRequest, subject: Subject) -> int:
        """Remove earlier exports about the same customer: they hold what is being erased."""
        if not subject.customer_id:
            return 0
        async with self._begin() as session:
            rows = PrivacyRepository(session)
            exports = await rows.exports_of(request.address, request.organization_id, subject.customer_id)
        for export in exports:
            await self._blobs.delete(export.export_key or "")
        async with self._begin() as session:
            for export in exports:
                locked = await PrivacyRepository(session).lock(export.id)
                if locked is not None:
                    locked.export_key = None
        return len(exports)

    async def _done(self, opened: Opened, state: str, facts: Mapping[str, Any], export_key: str | None) -> None:
        async with self._begin() as session:
            rows = PrivacyRepository(session)
            request = await rows.lock(opened.request.id)
            if request is None or request.state != "open":
                return
            request.state, request.done_at, request.export_key = state, utc_now(), export_key
            request.facts = {**request.facts, **facts}
            await session.flush()
            await rows.empty_body(opened.webhook.id)
            await AuditTrail(session).record(
                actor=opened.webhook.platform,
                action=f"privacy.{request.kind}",
                subject=str(request.store_id or request.address),
                organization_id=request.organization_id,
                facts={"request_id": str(request.id), "state": state, **facts},
            )
            if export_key is not None and request.organization_id is not None:
                await self._tell(session, request, request.organization_id)

    async def _tell(self, session: AsyncSession, request: PrivacyRequest, organization_id: uuid.UUID) -> None:
        event = PrivacyExportReady(request_id=str(request.id), due_at=request.due_at.isoformat())
        await EventRecorder(session).record(organization_id, event)
        await self._jobs(session).record(
            MAIL_JOB,
            {"request_id": str(request.id)},
            organization_id=organization_id,
            unique_key=f"{MAIL_JOB}:{request.id}",
        )
