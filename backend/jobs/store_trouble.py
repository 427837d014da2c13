"""What a job does when its store fails it: wait, try again, or give the run up with the named cause."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.jobs.flows import Flows
from backend.jobs.runtime import Later
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


def patience(error: StoreThrottled) -> Later:
    """Return what makes a job wait as long as the store asked for."""
    delay_s = PATIENCE_S if error.retry_after_s is None else error.retry_after_s
    return Later(min(max(delay_s, 1.0), MOST_PATIENCE_S), error.message)


@asynccontextmanager
async def store_trouble(flows: Flows, run_id: uuid.UUID) -> AsyncIterator[None]:
    """Work on a run: what the store refuses ends it, what may pass is noted and tried again by the job."""
    try:
        yield
    except StoreThrottled as error:
        if not isinstance(error, StoreNotReady):
            await flows.run_trouble.note(run_id, error)
        raise patience(error) from error
    except (StoreRefused, UnsafeAddress) as error:
        await flows.run_trouble.note(run_id, error)
        await flows.run_trouble.give_up(run_id, str(error.cause), error.message, error.cause)
    except PlatformError as error:
        await flows.run_trouble.note(run_id, error)
        raise


async def end_run_of(flows: Flows, error: Exception, run_id: str) -> None:
    """End a run that is not tried again; harmless when it has ended."""
    code = str(error.cause) if isinstance(error, PlatformError) else "internal_error"
    ours = "The sync stopped by an error of ours; it is in the log"
    message = error.message if isinstance(error, StoreUnavailable) else ours
    await flows.run_trouble.give_up(uuid.UUID(run_id), code, message)
