"""What the page in the admin shows of the store, its runs and its feeds. Pure."""

from collections.abc import Sequence

import msgspec

from backend.models.stores import Store
from embedded_ui.panel.views import Badge, RunView

ADVICE = (
    "Close the app and open it again: opening it asks Shopify for access to the shop. If that does not help, remove "
    "the app under Settings → Apps and install it again; nothing is lost."
)
"""What to do when Shopify does not let us into a shop."""
_TONES = {"good": "success", "busy": "info", "warn": "warning", "bad": "critical", "off": "neutral"}
_STATES = {
    "active": Badge("Connected", "good"),
    "needs_reauth": Badge("Access lost", "bad"),
}


class RunTold(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a run is."""

    id: str
    state: str
    """`queued`, `running`, `completed`, `failed` or `held`."""
    unfinished: bool
    products_read: int
    products_expected: int | None
    """None when the store has not said how many it has."""
    line: str
    """The same in words."""


class StatusTold(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the page asks for while a run is under way."""

    store_state: str
    run: RunTold | None
    products: int


def polaris_tone(tone: str) -> str:
    """Return what Polaris calls the tone of a badge of ours."""
    return _TONES[tone]


def state_badge(store: Store) -> Badge:
    """Return the state of the connection in words."""
    return _STATES.get(store.state, Badge(store.state, "off"))


def progress_line(run: RunView) -> str:
    """Return how far a run is, in words."""
    if run.run.state == "queued":
        return "Waiting for its turn"
    if not run.unfinished:
        return run.badge.text
    if run.writes:
        return "Writing to the store"
    noun = "product" if (run.expected or run.read) == 1 else "products"
    return f"{run.read:,} of {run.expected:,} {noun} read" if run.expected else f"{run.read:,} {noun} read so far"


def run_told(run: RunView | None) -> RunTold | None:
    """Return a run as the page's script reads it."""
    if run is None:
        return None
    return RunTold(
        id=str(run.run.id),
        state=run.run.state,
        unfinished=run.unfinished,
        products_read=run.read,
        products_expected=run.expected,
        line=progress_line(run),
    )


def is_first_run(runs: Sequence[RunView]) -> bool:
    """Tell whether the only run there is has not ended: the catalog is being read for the first time."""
    return len(runs) == 1 and runs[0].unfinished
