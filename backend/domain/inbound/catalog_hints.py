"""Something in a store's catalog changed. What exactly is read from the store: deliveries come late, twice."""

from backend.domain.inbound.handling import Handled, Handler, Handling, Read
from backend.models.stores import Store
from backend.ports.actor import system_actor

HINT_DELAY_S = 3.0
"""A change comes with more: they are read together."""


async def changed(handling: Handling) -> Handled:
    """Have what changed since the last run read; however many hints come, one run waits at the most."""
    store = handling.store
    if store.state != "active":
        return Handled(state="ignored", note=_resting(store))
    await handling.sync.pull_soon(system_actor(store.organization_id), store.id, delay_s=HINT_DELAY_S)
    return Handled()


def removed(read_product: Read[str]) -> Handler:
    """Have the store asked whether the product is gone: no list of changes tells it, and the hint alone is no proof."""

    async def handle(handling: Handling) -> Handled:
        store = handling.store
        if store.state != "active":
            return Handled(state="ignored", note=_resting(store))
        external_id = read_product(handling.document())
        await handling.jobs.record(
            "sync.check_removed",
            {"store_id": str(store.id), "external_id": external_id},
            organization_id=store.organization_id,
            unique_key=f"sync.check_removed:{store.id}:{external_id}",
            delay_s=HINT_DELAY_S,
        )
        return Handled()

    return handle


def _resting(store: Store) -> str:
    return f"the store is {store.state.replace('_', ' ')}"
