"""A store tells that it finished an export we asked for: the run that waits for it need not wait longer."""

import re

from backend.domain.inbound.handling import Handled, Handler, Handling, Read
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.start import pull_key


def finished(read_operation: Read[str]) -> Handler:
    """Wake the run whose cursor names the export; how the export ended is read from the store itself."""

    async def handle(handling: Handling) -> Handled:
        operation, store = read_operation(handling.document()), handling.store
        run = await SyncRepository(handling.session).unfinished(store.organization_id, store.id)
        if run is None or not names(run.cursor or "", operation):
            return Handled(state="ignored", note="no run waits for this operation")
        woken = await handling.jobs.hasten(pull_key(run.id))
        return Handled(note=f"run {run.id} goes on" if woken else f"run {run.id} is at work already")

    return handle


def names(cursor: str, operation: str) -> bool:
    """Tell whether a cursor speaks of an operation, by its whole id or by the number at its end."""
    number = re.escape(operation.rpartition("/")[2])
    return operation in cursor or re.search(rf"(?<![0-9A-Za-z]){number}(?![0-9A-Za-z])", cursor) is not None
