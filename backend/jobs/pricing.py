"""Background entrances of prices."""

import uuid
from collections.abc import Sequence

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job


async def end_batch(flows: Flows, error: Exception, *, batch_id: str) -> None:
    """End a list that is not tried again; harmless when it has ended."""
    await flows.batch_import.give_up(uuid.UUID(batch_id))


@job("pricing.import_batch", queue="fast", attempts=8, timeout_s=240, given_up=end_batch)
async def import_batch(flows: Flows, ctx: JobContext, *, batch_id: str) -> None:
    """Import a list of products.

    Running it twice is harmless: each step moves the list's `processed` in the transaction that writes its products,
    and begins where the step before ended.
    """
    await flows.batch_import.run(uuid.UUID(batch_id))


@job("pricing.forget_observations", queue="fast", attempts=8, timeout_s=240)
async def forget_observations(flows: Flows, ctx: JobContext, *, organization_id: str, url_ids: Sequence[int]) -> None:
    """Delete what was read on pages that are tracked no more.

    Running it twice is harmless: what is gone stays gone, and numbers of pages are not used again.
    """
    await flows.forget_observations.run(uuid.UUID(organization_id), url_ids)
