"""A variant's pieces as one transaction holds them: where they lie, and what each store shows. Pure."""

import uuid

import msgspec

from backend.domain.stock.rules import ONE_PLACE, Judged, spread, total
from backend.domain.stores.settings import STORE


class HeldListing(msgspec.Struct, kw_only=True):
    """The variant in one store."""

    store_id: uuid.UUID
    external_id: str
    shows: int | None
    """What the store shows, as far as we know; None: it does not count."""
    due: bool = False
    """The hub's number is to be written to it."""
    owner: str
    live: bool = True
    moved: bool = False
    """Its number moved otherwise than by a walk: what a walk shows next is judged, however it looked last."""

    @property
    def shared(self) -> bool:
        """Tell whether it shows pieces that the hub looks after."""
        return self.live and self.shows is not None and self.owner != STORE


class HeldVariant(msgspec.Struct, kw_only=True):
    """One variant with its places and its listings; changed here, written by `HeldRepository.save`."""

    variant_id: int
    product_id: int
    sku: str = ""
    home: uuid.UUID | None = None
    """The store whose places, and whose word on back-orders, count: the product's oldest."""
    levels: dict[str, int | None] = {}
    in_stock: bool = True
    backorder: bool = False
    listings: list[HeldListing] = []

    @property
    def hub(self) -> int | None:
        """Return the hub's number: the pieces in all places together."""
        return total(self.levels)

    def listing(self, store_id: uuid.UUID, external_id: str | None = None) -> HeldListing | None:
        """Return the variant's listing in a store, the named one or any that lives."""
        for one in self.listings:
            if one.store_id == store_id and (one.live if external_id is None else one.external_id == external_id):
                return one
        return None

    def at_home(self, store_id: uuid.UUID) -> bool:
        """Tell whether a store's word on its places and on counting is the hub's: no older store sells it."""
        others = any(one.live and one.store_id != store_id for one in self.listings)
        return self.home in (None, store_id) or not others

    def alone_in(self, store_id: uuid.UUID) -> bool:
        """Tell whether no other store shows pieces of it that the hub looks after."""
        return not any(one.shared and one.store_id != store_id for one in self.listings)

    def move(self, hub: int | None, own: HeldListing | None = None, shift: int = 0) -> None:
        """Make *hub* the number of pieces, and every store that shows another one due.

        Args:     own: the listing in whose store it happened. shift: how its own number moved with it.
        """
        gaps = [_gap(self.hub, one.shows) for one in self.listings]
        self.levels = placed(self.levels, hub)
        if own is not None and own.shows is not None and shift:
            own.shows += shift
            own.moved = True
        for one, gap in zip(self.listings, gaps, strict=True):
            changed = _gap(hub, one.shows) != gap and not (one is own and self._sold_below_zero_alone(one))
            one.due = (one.due or changed) and may_be_due(one, hub)

    def show(self, own: HeldListing, judged: Judged, now: int | None) -> None:
        """Take over what a store shows *now* and what was judged of it."""
        stays_due = own.due if judged.due is None else judged.due
        was_shared = own.shared
        own.live = True
        self.move(judged.hub, own)
        own.shows = now
        own.due = stays_due and may_be_due(own, judged.hub)
        if own.shared and not was_shared:
            self.come_into(own.store_id)

    def come_into(self, store_id: uuid.UUID) -> None:
        """Make stores due that sold below zero while they sold it alone, now that it comes into another one."""
        for one in self.listings:
            if one.store_id != store_id and one.live and (one.shows or 0) < 0:
                one.due = may_be_due(one, self.hub)

    def _sold_below_zero_alone(self, listing: HeldListing) -> bool:
        return (listing.shows or 0) < 0 and self.alone_in(listing.store_id)


def may_be_due(listing: HeldListing, hub: int | None) -> bool:
    """Tell whether there is a number to write to the store that it does not show."""
    return hub is not None and listing.shows not in (None, hub) and listing.owner != STORE


def placed(levels: dict[str, int | None], hub: int | None) -> dict[str, int | None]:
    """Return places that hold *hub* pieces together; None: nothing is counted."""
    before = total(levels)
    if hub is None:
        return {ONE_PLACE: None}
    return levels if before == hub else spread(levels, hub - (before or 0))


def _gap(hub: int | None, shows: int | None) -> int | None:
    return None if hub is None or shows is None else hub - shows
