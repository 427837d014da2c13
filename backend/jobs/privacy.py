"""Background entrances of requests about personal data."""

import uuid

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job


@job("privacy.carry_out", queue="long", attempts=20, timeout_s=3600)
async def carry_out(flows: Flows, ctx: JobContext, *, request_id: str) -> None:
    """Carry a request out: export or erase.

    Running it twice is harmless: a request that is done is left alone, an export is written anew under the same name,
    and what is erased stays erased. It is tried for hours: the law is not interested in our outages.
    """
    await flows.privacy_work.carry_out(uuid.UUID(request_id))


@job("privacy.mail_export_link", queue="fast", attempts=8, timeout_s=60)
async def mail_export_link(flows: Flows, ctx: JobContext, *, request_id: str) -> None:
    """Mail the owners that an export waits. Run twice it mails twice, which does no harm."""
    await flows.export_mailing.mail(uuid.UUID(request_id))
