"""Background entrances of inbound webhooks."""

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job


async def give_webhook_up(flows: Flows, error: Exception, *, webhook_id: int) -> None:
    """Close a webhook that could not be worked off; harmless when it is closed."""
    await flows.webhook_processing.give_up(webhook_id, f"{type(error).__name__}: {error}")


@job("inbound.process_webhook", queue="fast", attempts=6, timeout_s=60, given_up=give_webhook_up)
async def process_webhook(flows: Flows, ctx: JobContext, *, webhook_id: int) -> None:
    """Work a received webhook off.

    Running it twice is harmless: its row is held while its handler works and closed in the same transaction.
    """
    await flows.webhook_processing.process(webhook_id)
