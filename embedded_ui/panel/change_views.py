"""What pages show of change sets: values in words, sums, and what can be decided about a run. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from backend.domain.catalog.history_repository import HistoryRow
from backend.domain.sync.plan import CREATE, DELETE, labelled
from backend.domain.sync.previews import WRITING, ChangePage
from backend.kit.text import clipped
from backend.models.sync import SyncChange, SyncRun
from embedded_ui.panel.views import Badge

PER_PAGE = 50
_MOST_VALUE = 160
_STATES = {
    "planned": Badge("Planned", "off"),
    "sending": Badge("Being sent", "busy"),
    "applied": Badge("Done", "good"),
    "skipped": Badge("Left out", "off"),
    "failed": Badge("Refused", "bad"),
}
FILTERS = ("applied", "skipped", "failed")
"""States that a change set can be narrowed down to; the rest is what is still to be done."""

Address = Callable[[Mapping[str, object]], str]
"""Makes the address of a page from further parameters."""


class FieldShown(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a change, old and new in words."""

    name: str
    old: str
    new: str


class ChangeShown(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a change set."""

    badge: Badge | None
    what: str
    label: str
    product_id: int
    fields: tuple[FieldShown, ...]
    note: str
    """What became of it, where that is not plain."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """A way to narrow a change set down."""

    text: str
    count: int
    address: str
    chosen: bool


class ChangesShown(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what a run changes."""

    rows: list[ChangeShown]
    sums: str
    filters: tuple[Filter, ...]
    first: str
    """Address of the first page; "" on it."""
    more: str
    """Address of the next page; "" on the last."""


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can do about a run."""

    apply: bool
    """Carry it out, or discard it."""
    reason: bool
    """Applying it takes a reason."""
    undo: bool
    """Plan to take it back."""


def decisions(run: SyncRun, changes: int) -> Decisions:
    """Return what can be done about a run that has so many changes."""
    waits = run.kind in WRITING and run.state in ("planned", "held")
    ended = run.state in ("completed", "failed") and run.kind != "stock"
    return Decisions(apply=waits and changes > 0, reason=run.error_code is not None, undo=ended)


def run_changes(page: ChangePage, address: Address, *, after: int, state: str | None) -> ChangesShown:
    """Return what is shown of a page of a writing run's change set."""
    chosen = {} if state is None else {"only": state}
    return ChangesShown(
        rows=[_row(change) for change in page.changes],
        sums=_sums(page.counts),
        filters=_filters(page.counts, address, state),
        first=address(chosen) if after else "",
        more="" if page.next_after is None else address({**chosen, "after": page.next_after}),
    )


def history_changes(rows: Sequence[HistoryRow], address: Address, *, below: int | None) -> ChangesShown:
    """Return what is shown of what a run changed in the catalog; one row more than a page says that there are more."""
    shown = rows[:PER_PAGE]
    return ChangesShown(
        rows=[_past(row) for row in shown],
        sums="",
        filters=(),
        first=address({}) if below is not None else "",
        more=address({"below": shown[-1].id}) if len(rows) > PER_PAGE else "",
    )


def value_shown(name: str, value: Any) -> str:
    """Return the value of a synced field in words, short enough for a line."""
    if value is None or value == "" or value == []:
        return "—"
    if name == "images":
        return f"{len(value)} picture{'' if len(value) == 1 else 's'}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
    short = clipped(text, _MOST_VALUE)
    return short if short == text else f"{short}…"


def fields_shown(fields: Mapping[str, Sequence[Any]]) -> tuple[FieldShown, ...]:
    """Return the fields of a difference in words."""
    return tuple(
        FieldShown(name=name.replace("_", " "), old=value_shown(name, old), new=value_shown(name, new))
        for name, (old, new) in fields.items()
    )


def _row(change: SyncChange) -> ChangeShown:
    return ChangeShown(
        badge=_STATES.get(change.state, Badge(change.state, "off")),
        what=_what(change),
        label=change.label or f"Product {change.product_id}",
        product_id=change.product_id,
        fields=() if change.action == CREATE else fields_shown(change.fields),
        note=change.message or (change.code or "").replace("_", " "),
    )


def _what(change: SyncChange) -> str:
    if change.action == CREATE:
        return "Put up for sale"
    if change.action == DELETE:
        return "Take off sale" if change.fields else "Delete"
    return "Change in the catalog" if change.target == "catalog" else "Change"


def _past(row: HistoryRow) -> ChangeShown:
    return ChangeShown(
        badge=None,
        what="Left the store" if "deleted" in row.changes else "Changed",
        label=labelled(row.title, row.variant, "") or f"Product {row.product_id}",
        product_id=row.product_id,
        fields=fields_shown({name: pair for name, pair in row.changes.items() if name != "deleted"}),
        note=row.reason,
    )


def _sums(counts: Mapping[str, int]) -> str:
    parts = [
        f"{counts[action]:,} {words}"
        for action, words in (("create", "to put up for sale"), ("update", "to change"), ("delete", "to take off sale"))
        if counts[action]
    ]
    return ", ".join(parts)


def _filters(counts: Mapping[str, int], address: Address, state: str | None) -> tuple[Filter, ...]:
    found = [(one, _STATES[one].text, counts[one]) for one in FILTERS if counts[one]]
    if not found:
        return ()
    everything = Filter(text="All", count=counts["planned"], address=address({}), chosen=state is None)
    return (
        everything,
        *(
            Filter(text=text, count=count, address=address({"only": one}), chosen=state == one)
            for one, text, count in found
        ),
    )
