"""Background entrances of connected stores."""

import uuid

import structlog

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job
from backend.ports.platform_errors import StoreRefused, UnsafeAddress

log = structlog.get_logger()


async def look_again(flows: Flows, error: Exception, *, store_id: str) -> None:
    """Look at the store's webhooks again later; harmless when that is planned already."""
    await flows.store_subscriptions.look_again(uuid.UUID(store_id))


@job("stores.subscribe_store", queue="fast", attempts=8, timeout_s=240, given_up=look_again)
async def subscribe_store(flows: Flows, ctx: JobContext, *, store_id: str) -> None:
    """Set up and repair the webhooks of a store that has to be asked for them.

    Running it twice is harmless: what is there and works is left alone, what is there twice is removed.
    """
    try:
        await flows.store_subscriptions.set_up(uuid.UUID(store_id))
    except (StoreRefused, UnsafeAddress) as error:
        # Its runs tell the merchant; without webhooks the store is only read less promptly.
        log.warning("stores.no_webhooks", store=store_id, cause=str(error.cause))
        await flows.store_subscriptions.look_again(uuid.UUID(store_id))
