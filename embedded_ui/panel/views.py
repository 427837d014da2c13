"""What pages show of runs, stores and feeds: states in words, with the colour they get. Pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from backend.domain.sync.latest import IssueSum, LatestRun
from backend.models.stores import Store
from backend.models.sync import SyncRun, SyncSchedule


class Badge(msgspec.Struct, frozen=True):
    """A state in one or two words."""

    text: str
    tone: str
    """`good`, `busy`, `warn`, `bad` or `off`: a class of the style sheet."""


_RUNS = {
    "queued": Badge("Waiting", "busy"),
    "running": Badge("Running", "busy"),
    "completed": Badge("Completed", "good"),
    "failed": Badge("Failed", "bad"),
    "held": Badge("Held", "warn"),
    "planned": Badge("Preview", "off"),
    "discarded": Badge("Discarded", "off"),
}
_MODES = {"full": "Full sync", "sweep": "Deletions only"}
_KINDS = {"push": "Push", "stock": "Stock push", "undo": "Undo", "restore": "Restore"}
_STORES = {
    "active": Badge("Connected", "good"),
    "pending": Badge("Not confirmed", "warn"),
    "needs_reauth": Badge("Needs new keys", "bad"),
    "disconnected": Badge("Disconnected", "off"),
}
PLATFORMS = {"woocommerce": "WooCommerce", "shopify": "Shopify"}


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did to one kind of thing."""

    name: str
    added: int
    updated: int
    removed: int
    unchanged: int


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run as people see it."""

    run: SyncRun
    badge: Badge
    mode: str
    """What it does, in words."""
    writes: bool
    """It writes what its change set says; all others read a store."""
    unfinished: bool
    counts: tuple[Counts, ...]
    """Of products and of variants: a price that changed is a variant updated, a title a product."""
    errors: int
    read: int
    """Products so far."""
    expected: int | None
    """As many as the store said it has; None when it did not say."""
    took_s: float | None
    """From its start to its end, or to now."""
    issues: list[IssueSum]


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """One store as people see it."""

    store: Store
    badge: Badge
    platform: str
    reason: str
    """Why it left the active state, and what to do; empty when it did not."""
    run: RunView | None
    waiting: SyncRun | None
    """A run that would write, and waits for a person."""
    rhythm: str
    """How often it is read without anybody asking."""
    needs_look: bool
    """Whether somebody has to do something about it."""


def run_view(latest: LatestRun, now: datetime) -> RunView:
    """Return what is shown of a run."""
    run = latest.run

    def stat(name: str) -> int:
        return int(run.stats.get(name, 0))

    expected = stat("expected_products") if "expected_products" in run.stats else None
    read = stat("products_added") + stat("products_updated") + stat("products_unchanged") + stat("over_limit")
    return RunView(
        run=run,
        badge=_RUNS.get(run.state, Badge(run.state, "off")),
        mode=_KINDS.get(run.kind) or _MODES.get(run.mode, "Changes only"),
        writes=run.kind in _KINDS,
        unfinished=run.state in ("queued", "running"),
        counts=tuple(
            Counts(
                name=kind.capitalize(),
                added=stat(f"{kind}_added"),
                updated=stat(f"{kind}_updated"),
                removed=stat(f"{kind}_removed"),
                unchanged=stat(f"{kind}_unchanged"),
            )
            for kind in ("products", "variants")
        ),
        errors=stat("errors"),
        read=min(read, expected) if expected is not None else read,
        expected=expected,
        took_s=((run.finished_at or now) - run.started_at).total_seconds() if run.started_at else None,
        issues=latest.issues,
    )


def store_view(
    store: Store,
    latest: LatestRun | None,
    now: datetime,
    schedules: Sequence[SyncSchedule] = (),
    waiting: SyncRun | None = None,
) -> StoreView:
    """Return what is shown of a store."""
    # Kept as "cause: what to do"; the cause is for machines.
    cause, _, advice = (store.state_reason or "").partition(": ")
    return StoreView(
        store=store,
        badge=_STORES.get(store.state, Badge(store.state, "off")),
        platform=platform_name(store.platform),
        reason=advice or cause,
        run=run_view(latest, now) if latest else None,
        waiting=waiting,
        rhythm=rhythm(schedules),
        needs_look=store.state != "active"
        or waiting is not None
        or (latest is not None and latest.run.state in ("failed", "held")),
    )


def rhythm(schedules: Sequence[SyncSchedule]) -> str:
    """Return how often a store is read, in words; empty when it never is."""
    what = {"delta": "changes", "sweep": "what is listed", "full": "everything"}
    said = [f"{what[row.mode]} {every(row.every_s)}" for row in schedules if row.every_s and row.mode in what]
    return "Reads " + ", ".join([*said[:-2], " and ".join(said[-2:])]) if said else ""


def every(seconds: int) -> str:
    """Return a pause in words, such as "every 5 minutes"."""
    for size, name in ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            count = seconds // size
            return f"every {name}" if count == 1 else f"every {count} {name}s"
    return f"every {seconds} seconds"


def platform_name(platform: str) -> str:
    """Return a platform as it spells itself."""
    return PLATFORMS.get(platform, platform)
