"""What the operator sees of received webhooks, and having failed ones tried again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.inbound.repository import InboundRepository
from backend.domain.jobs.service import JobRecorder

STATES = ("received", "done", "ignored", "failed")
PROCESS_JOB = "inbound.process_webhook"


class WebhookLog:
    """Lists and retries, across organizations: for the operator of the instance alone."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._rows = InboundRepository(session)
        self._jobs = jobs

    async def newest(self, *, state: str | None = None, platform: str | None = None, most: int = 50) -> Sequence[Any]:
        """Return the newest webhooks, without their bodies."""
        return await self._rows.list(state=state, platform=platform, most=most)

    async def retry(self, ids: Sequence[int] | None) -> list[int]:
        """Have failed webhooks worked off again, those named or all; return which. Others are left alone."""
        reopened = sorted(await self._rows.reopen(ids))
        for webhook_id in reopened:
            await self._jobs.record(PROCESS_JOB, {"webhook_id": webhook_id}, organization_id=None)
        return reopened
