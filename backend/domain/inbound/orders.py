"""Orders: kept as they came until orders are taken in; whoever asks for a customer's data finds them here."""

from backend.domain.inbound.handling import Handled, Handling

NOTE = "kept; orders are not taken in yet"


async def received(handling: Handling) -> Handled:
    """Keep what the store said of an order."""
    return Handled(note=NOTE, keep_body=True)
