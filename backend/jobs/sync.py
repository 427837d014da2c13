"""Background entrances of the sync."""

import uuid

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, Later, job
from backend.ports.platform_errors import (
    PlatformError,
    StoreNotReady,
    StoreRefused,
    StoreThrottled,
    StoreUnavailable,
    UnsafeAddress,
)

PATIENCE_S = 300.0
"""How long to leave a store alone that asked for patience without saying how long."""
MOST_PATIENCE_S = 3_600.0


async def end_pull(flows: Flows, error: Exception, *, run_id: str) -> None:
    """End the run of a pull that is not tried again; harmless when it has ended."""
    code = str(error.cause) if isinstance(error, PlatformError) else "internal_error"
    ours = "The sync stopped by an error of ours; it is in the log"
    message = error.message if isinstance(error, StoreUnavailable) else ours
    await flows.run_trouble.give_up(uuid.UUID(run_id), code, message)
    await flows.follow_ups.follow(uuid.UUID(run_id))


@job("sync.pull_store", queue="long", attempts=8, timeout_s=6 * 3600, given_up=end_pull)
async def pull_store(flows: Flows, ctx: JobContext, *, run_id: str) -> None:
    """Work a pull off.

    Running it twice is harmless: a finished run is left alone, an interrupted one goes on behind its stored cursor, and
    a page that is stored again equals what lies there (same ids, same hash: no write). What a finished run asks for,
    another run behind it, is granted once.
    """
    run = uuid.UUID(run_id)
    try:
        await flows.store_pull.run(run)
    except StoreThrottled as error:
        if not isinstance(error, StoreNotReady):
            await flows.run_trouble.note(run, error)
        delay_s = PATIENCE_S if error.retry_after_s is None else error.retry_after_s
        raise Later(min(max(delay_s, 1.0), MOST_PATIENCE_S), error.message) from error
    except (StoreRefused, UnsafeAddress) as error:
        await flows.run_trouble.note(run, error)
        await flows.run_trouble.give_up(run, str(error.cause), error.message, error.cause)
    except PlatformError as error:
        await flows.run_trouble.note(run, error)
        raise
    await flows.follow_ups.follow(run)


@job("sync.check_removed", queue="fast", attempts=8, timeout_s=240)
async def check_removed(flows: Flows, ctx: JobContext, *, store_id: str, external_id: str) -> None:
    """Ask a store for a product it is said to have removed.

    Running it twice is harmless: the store is asked again, and what is gone stays gone.
    """
    try:
        await flows.removed_products.check(uuid.UUID(store_id), external_id)
    except (StoreRefused, UnsafeAddress):
        return  # its runs find out and say so; the next complete walk finds what is gone
    except StoreThrottled as error:
        delay_s = PATIENCE_S if error.retry_after_s is None else error.retry_after_s
        raise Later(min(max(delay_s, 1.0), MOST_PATIENCE_S), error.message) from error
