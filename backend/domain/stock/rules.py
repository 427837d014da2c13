"""What becomes of pieces: pure decisions on places, on what a store shows, and on what an order takes."""

from collections.abc import Iterable, Mapping

import msgspec

from backend.domain.stores.settings import HUB, STORE

ONE_PLACE = "default"
"""The place of a variant whose home store knows no places."""


def total(levels: Mapping[str, int | None]) -> int | None:
    """Return the pieces in all places together; None when none of them is counted."""
    counted = [pieces for pieces in levels.values() if pieces is not None]
    return sum(counted) if counted else None


def spread(levels: Mapping[str, int | None], difference: int) -> dict[str, int | None]:
    """Return places with *difference* pieces more or fewer in all.

    What comes fills places below zero first, then goes to the largest; what goes is taken from the largest first, and
    no place falls below zero before all of them are empty.
    """
    placed: dict[str, int | None] = dict(levels) or {ONE_PLACE: None}
    if total(placed) is None:
        placed[next(iter(sorted(placed)))] = 0
    counted = {place: pieces for place, pieces in placed.items() if pieces is not None}
    largest = sorted(counted, key=lambda place: (-counted[place], place))
    for place in largest:
        room = max(0, -counted[place]) if difference > 0 else -max(0, counted[place])
        part = min(difference, room) if difference > 0 else max(difference, room)
        counted[place] += part
        difference -= part
    counted[largest[0]] += difference
    return {**placed, **counted}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a variant when a store shows it anew."""

    hub: int | None
    """The hub's number; None: not counted."""
    last: int | None
    """What the store showed last; None: it did not count."""
    home: bool = False
    """The store is the product's oldest."""
    alone: bool = False
    """No other store shows pieces of the variant."""
    owner: str
    """Who owns the store's pieces, as `stores.settings.Ownership.stock`."""
    backorder: bool = False
    returned: bool = False
    """The store did not show it meanwhile: what it showed last means nothing any more."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from what a store shows."""

    hub: int | None
    """The hub's number afterwards."""
    missing: int = 0
    """Pieces that are gone from the store and that nobody had."""
    due: bool | None = None
    """Whether the hub's number is to be written to this store; None: as before."""


def judge_shown(seen: Seen, now: int | None) -> Judged:
    """Judge the pieces a store shows *now*: the difference to what it showed last happened there (decision 0025)."""
    if seen.owner == STORE:
        return Judged(hub=now if seen.home else seen.hub, due=False)
    if now is None or seen.hub is None:
        return Judged(hub=now if seen.home else seen.hub, due=False)
    if seen.last is None or seen.returned:
        hub = now if seen.home or seen.alone else seen.hub
        return Judged(hub=hub, due=seen.owner == HUB and hub != now)
    moved = seen.hub + now - _ground(seen, seen.last, now)
    if seen.alone or seen.backorder:
        return Judged(hub=moved)
    hub = max(moved, min(seen.hub, 0))
    return Judged(hub=hub, missing=hub - moved, due=True if hub > moved else None)


def _ground(seen: Seen, last: int, now: int) -> int:
    """Return the number that *now* is compared with.

    A store that sold more than it had went below zero, and the hub did not; rising to zero again brings no pieces.
    """
    return last if seen.backorder else max(last, min(now, seen.hub or 0, 0))


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A number of ours that may have reached a store without our having heard of it."""

    by: int
    """How far it moves what the store shows."""
    arrived: bool | None = None
    """None: the store cannot tell."""


def has_arrived(sent: Sent, last: int, now: int) -> bool:
    """Tell whether a number reached a store that showed *last* without it and shows *now*.

    Where the store cannot tell: stores sell more often than they are filled, and rather few pieces at once.
    """
    if sent.arrived is not None:
        return sent.arrived
    with_it = last + sent.by
    return (now > with_it, abs(now - with_it)) <= (now > last, abs(now - last)) and now != last


class LineState(msgspec.Struct, frozen=True, kw_only=True):
    """What a line of an order has got so far; what is neither taken nor missing was not counted then."""

    wanted: int = 0
    taken: int = 0
    missing: int = 0


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """What the store showed already of changes that no order has explained yet, in pieces."""

    fallen: int = 0
    risen: int = 0
    unnamed: int = 0
    """Pieces gone from the store that nobody had: an `Oversell` without an order."""


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """What a line takes or gives back."""

    line: LineState
    hub: int | None
    """The hub's number afterwards."""
    shift: int = 0
    """How the store's own number moved without having been seen to."""
    explained: int = 0
    """Pieces of changes seen before that were this line: falls when it takes, rises when it gives back."""
    named: int = 0
    """Pieces of the oversell without an order that are this line's."""
    lost: int = 0
    """Pieces that were sold elsewhere and never existed."""


def to_take(line: LineState, wanted: int, hub: int | None, witness: Witness, *, backorder: bool) -> Taking:
    """Return what a line that wants *wanted* pieces takes or gives back; the same again takes nothing."""
    more = wanted - line.wanted
    if hub is None:
        left = LineState(wanted=wanted, taken=min(line.taken, wanted), missing=0)
        return Taking(line=left, hub=None)
    if more >= 0:
        return _taken(line, more, hub, witness, backorder=backorder)
    return _given_back(line, -more, hub, witness, backorder=backorder)


def _taken(line: LineState, more: int, hub: int, witness: Witness, *, backorder: bool) -> Taking:
    explained = min(more, witness.fallen)
    named = min(more - explained, witness.unnamed)
    there = hub + explained
    taken = more if backorder else min(more, max(0, there))
    return Taking(
        line=LineState(wanted=line.wanted + more, taken=line.taken + taken, missing=line.missing + more - taken),
        hub=there - taken,
        shift=-(more - explained - named),
        explained=explained,
        named=named,
    )


def _given_back(line: LineState, fewer: int, hub: int, witness: Witness, *, backorder: bool) -> Taking:
    uncounted = min(fewer, line.wanted - line.taken - line.missing)
    back = fewer - uncounted
    missed = min(back, line.missing)
    given = back - missed
    explained = min(back, witness.risen)
    moved = hub + given - explained
    after = moved if backorder else max(moved, min(hub, 0))
    return Taking(
        line=LineState(wanted=line.wanted - fewer, taken=line.taken - given, missing=line.missing - missed),
        hub=after,
        shift=back - explained,
        explained=explained,
        lost=after - moved,
    )


def explained_by(changes: Iterable[tuple[int, int]], pieces: int) -> dict[int, int]:
    """Say which changes explain *pieces*, oldest first.

    Args:     changes: id and how many of its pieces nothing has explained yet.
    """
    found: dict[int, int] = {}
    for change_id, left in changes:
        part = min(left, pieces)
        if part > 0:
            found[change_id] = part
            pieces -= part
    return found
