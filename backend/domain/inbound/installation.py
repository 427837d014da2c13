"""What a merchant did to our app in their store's admin."""

from datetime import UTC, datetime

from backend.domain.audit.service import AuditTrail
from backend.domain.inbound.handling import Handled, Handler, Handling, Read
from backend.domain.stores.activation import mark_needs_reauth
from backend.domain.stores.leaving import let_go
from backend.domain.stores.rules import opened_since
from backend.domain.sync.outcome import end_run
from backend.domain.sync.repository import SyncRepository
from backend.ports.platform_errors import Cause

REASON = "app_uninstalled"
INSTALLED_AGAIN = "The app was uninstalled and installed again: open it in the shop's admin"
SCOPES = "scopes"
SCOPES_AT = "scopes_at"


async def uninstalled(handling: Handling) -> Handled:
    """Disconnect the store and end its runs. Nothing is asked of the platform: its token died before this came.

    Where the app was installed again since, the store stays: it gets new tokens when its shop opens us the next time.
    """
    store, runs = handling.store, SyncRepository(handling.session)
    if opened_since(store.facts, _happened_at(handling)):
        await mark_needs_reauth(handling.session, store, Cause.KEY_REVOKED, INSTALLED_AGAIN)
        return Handled(note="it was installed again since")
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
        happened = _happened_at(handling).astimezone(UTC).isoformat()
        if store.facts.get(SCOPES_AT, "") > happened:
            return Handled(state="ignored", note="a later change is noted already")
        store.facts = {**store.facts, SCOPES: ",".join(sorted(current)), SCOPES_AT: happened}
        return Handled()

    return handle


def _happened_at(handling: Handling) -> datetime:
    return handling.webhook.triggered_at or handling.webhook.received_at
