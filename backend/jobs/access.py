"""Mails that access and stores ask for."""

import uuid

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job


@job("access.mail_password_link", queue="fast", attempts=8, timeout_s=60)
async def mail_password_link(flows: Flows, ctx: JobContext, *, user_id: str) -> None:
    """Mail a link that sets a password. Run twice it mails two links, of which one is needed."""
    await flows.password_link_mailing.mail(uuid.UUID(user_id))


@job("stores.mail_attach_link", queue="fast", attempts=8, timeout_s=60)
async def mail_attach_link(flows: Flows, ctx: JobContext, *, user_id: str, store_id: str) -> None:
    """Mail a link that attaches a store. Run twice it mails two links, of which one is needed."""
    await flows.attach_link_mailing.mail(uuid.UUID(user_id), uuid.UUID(store_id))
