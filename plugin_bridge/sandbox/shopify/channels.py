"""The sales channels of a shop; each shows the products that were published to it."""

from collections.abc import Sequence

import msgspec

ONLINE_STORE = "online_store"
"""Handle of the channel that every shop has unless its options say otherwise."""
CHANNELS = (ONLINE_STORE, "pos")
_FIRST = 27_298_857_001


class Publication(msgspec.Struct, frozen=True):
    """What one channel shows, by the handle of its app."""

    id: int
    handle: str

    @property
    def title(self) -> str:
        """Return what people call it."""
        return self.handle.replace("_", " ").title()


class AppCatalog(msgspec.Struct, frozen=True):
    """The catalog that a publication belongs to."""

    publication: Publication


def publications_of(handles: Sequence[str]) -> dict[int, Publication]:
    """Return the publications of a shop's channels by id; ids are the same after a restart."""
    return {_FIRST + place: Publication(_FIRST + place, handle) for place, handle in enumerate(handles)}
