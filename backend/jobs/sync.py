"""Background entrances of the sync."""

import uuid

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, Later, job
from backend.ports.platform_errors import PlatformError, StoreRefused, StoreThrottled, StoreUnavailable, UnsafeAddress

PATIENCE_S = 300.0
"""How long to leave a store alone that asked for patience without saying how long."""
MOST_PATIENCE_S = 3_600.0


async def end_pull(flows: Flows, error: Exception, *, run_id: str) -> None:
    """End the run of a pull that is not tried again; harmless when it has ended."""
    code = str(error.cause) if isinstance(error, PlatformError) else "internal_error"
    ours = "The sync stopped by an error of ours; it is in the log"
    message = error.message if isinstance(error, StoreUnavailable) else ours
    await flows.run_trouble.give_up(uuid.UUID(run_id), code, message)


@job("sync.pull_store", queue="long", attempts=8, timeout_s=6 * 3600, given_up=end_pull)
async def pull_store(flows: Flows, ctx: JobContext, *, run_id: str) -> None:
    """Work a pull off.

    Running it twice is harmless: a finished run is left alone, an interrupted one goes on behind its stored cursor, and
    a page that is stored again equals what lies there (same ids, same hash: no write).
    """
    run = uuid.UUID(run_id)
    try:
        await flows.store_pull.run(run)
    except StoreThrottled as error:
        await flows.run_trouble.note(run, error)
        delay_s = PATIENCE_S if error.retry_after_s is None else error.retry_after_s
        raise Later(min(max(delay_s, 1.0), MOST_PATIENCE_S), error.message) from error
    except (StoreRefused, UnsafeAddress) as error:
        await flows.run_trouble.note(run, error)
        await flows.run_trouble.give_up(run, str(error.cause), error.message, error.cause)
    except PlatformError as error:
        await flows.run_trouble.note(run, error)
        raise
