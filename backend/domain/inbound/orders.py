"""Orders: what they take is taken at once, and the other stores are told.

Their bodies are kept: whoever asks for a customer's data finds them there.
"""

from backend.domain.inbound.handling import Handled, Handler, Handling, Read, Unreadable
from backend.domain.orders.shown_order import ShownOrder
from backend.domain.orders.taking import OrderTaking, TakenDone
from backend.domain.sync.push_soon import STOCK, PushRequests
from backend.ports.actor import system_actor

MOST_NAMED = 10
"""Things named in a note."""


def told(read_order: Read[ShownOrder]) -> Handler:
    """Take from stock what a version of an order needs, and have the numbers written that change by it."""

    async def handle(handling: Handling) -> Handled:
        store = handling.store
        try:
            order = read_order(handling.document())
        except Unreadable as error:
            return Handled(note=f"kept; {error}", keep_body=True)
        actor = system_actor(store.organization_id)
        done = await OrderTaking(handling.session).take_order(actor, store.id, order)
        await PushRequests(handling.session, handling.jobs).soon(actor, done.due_stores, kind=STOCK)
        return Handled(note=summary(done), keep_body=True)

    return handle


async def kept(handling: Handling) -> Handled:
    """Keep what the store said of an order; of its stock it says nothing."""
    return Handled(note="kept; it says nothing of stock", keep_body=True)


def summary(done: TakenDone) -> str:
    """Say for people what became of a version of an order."""
    if done.outdated:
        return "a later version of the order is known"
    parts = []
    if done.taken:
        parts.append(f"{done.taken} taken" if done.taken > 0 else f"{-done.taken} given back")
    if done.missing:
        parts.append(f"{done.missing} missing: more was sold than there is")
    if done.unknown:
        named = ", ".join(done.unknown[:MOST_NAMED])
        parts.append(f"not in the catalog: {named}" + (", ..." if len(done.unknown) > MOST_NAMED else ""))
    return "; ".join(parts) or "nothing to take"
