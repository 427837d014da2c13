"""What a merchant did to our app in their store's admin."""

from datetime import UTC

from backend.domain.audit.service import AuditTrail
from backend.domain.inbound.handling import Handled, Handler, Handling, Read
from backend.domain.stores.leaving import let_go
from backend.domain.sync.outcome import end_run
from backend.domain.sync.repository import SyncRepository

REASON = "app_uninstalled"
SCOPES = "scopes"
SCOPES_AT = "scopes_at"


async def uninstalled(handling: Handling) -> Handled:
    """Disconnect the store and end its runs. Nothing is asked of the platform: its token died before this came."""
    store, runs = handling.store, SyncRepository(handling.session)
    open_run = await runs.unfinished(store.organization_id, store.id)
    # The run before the store, as every step of a run locks them.
    locked = await runs.lock(open_run.id) if open_run is not None else None
    if locked is not None and locked[0].finished_at is None:
        message = "The app was uninstalled in the store"
        await end_run(handling.session, locked[0], state="failed", code="store_not_connected", message=message)
    await let_go(handling.session, store, f"{REASON}: The app was uninstalled in the store; install it again")
    await AuditTrail(handling.session).record(
        actor=store.platform, action="stores.uninstall", subject=str(store.id), organization_id=store.organization_id
    )
    return Handled()


def scopes_changed(read_scopes: Read[list[str]]) -> Handler:
    """Note what the merchant lets us do; what was noted later than this happened stays."""

    async def handle(handling: Handling) -> Handled:
        store, current = handling.store, read_scopes(handling.document())
        happened = (handling.webhook.triggered_at or handling.webhook.received_at).astimezone(UTC).isoformat()
        if store.facts.get(SCOPES_AT, "") > happened:
            return Handled(state="ignored", note="a later change is noted already")
        store.facts = {**store.facts, SCOPES: ",".join(sorted(current)), SCOPES_AT: happened}
        return Handled()

    return handle
