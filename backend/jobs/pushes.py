"""Background entrances of what writes to stores."""

import uuid

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job
from backend.jobs.store_trouble import end_run_of, store_trouble


async def end_push(flows: Flows, error: Exception, *, run_id: str) -> None:
    """End a writing run that is not tried again; harmless when it has ended. What is due stays due."""
    await end_run_of(flows, error, run_id)


async def _push(flows: Flows, run_id: str) -> None:
    run = uuid.UUID(run_id)
    async with store_trouble(flows, run):
        await flows.store_push.run(run)


@job("sync.push_store", queue="long", attempts=8, timeout_s=6 * 3600, given_up=end_push)
async def push_store(flows: Flows, ctx: JobContext, *, run_id: str) -> None:
    """Write a run's changes to its store.

    Running it twice is harmless: what was noted as done is not taken again; what may have been done is read from the
    store before it is sent again, under the same key; a product is looked up before it is created again.
    """
    await _push(flows, run_id)


@job("sync.push_stock", queue="fast", attempts=8, timeout_s=240, given_up=end_push)
async def push_stock(flows: Flows, ctx: JobContext, *, run_id: str) -> None:
    """Write pieces to a store.

    Running it twice is harmless: each write says what the store is believed to show, and is left out where it shows the
    wished number already.
    """
    await _push(flows, run_id)


@job("sync.ask_push", queue="fast", attempts=5, timeout_s=60)
async def ask_push(flows: Flows, ctx: JobContext, *, store_id: str) -> None:
    """Ask for the pushes of a store in which something is due.

    Running it twice is harmless: a store has one unfinished run of a kind, and where nothing is due nothing is asked.
    """
    await flows.due_pushes.start(uuid.UUID(store_id))
