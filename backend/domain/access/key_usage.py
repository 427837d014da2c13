"""What API keys are used for: noted without keeping a request waiting, written once a second, shown, forgotten."""

import asyncio
import contextlib
import time
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from backend.domain.access.key_usage_repository import KeyTotals, KeyUsageRepository, UsedKey
from backend.kit.clock import utc_now
from backend.kit.text import clipped, storable
from backend.kit.transaction import Transactions

log = structlog.get_logger()

WRITE_EVERY_S = 1.0
WRITE_WITHIN_S = 10.0
MOST_WAITING = 20_000
"""Uses that wait to be written; of more than that only the totals are kept."""
KEPT = timedelta(days=30)
MOST_FORGOTTEN = 10_000
PAUSE_S = 3_600.0
"""No use was old: it is looked again so much later."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One answered request of a known key."""

    key_id: uuid.UUID
    method: str
    endpoint: str
    status: int
    latency_s: float
    address: str
    used_at_s: float
    """Unix seconds."""


class KeyUsage:
    """Uses on their way to the database, of one process.

    What came in a second is written by one statement for the uses and one for the totals. A clean end writes the rest;
    a process that is killed loses a second, and a database that is away loses what came meanwhile: usage is for people
    to look at, and no request waits or fails for it.
    """

    def __init__(self, begin: Transactions, *, every_s: float = WRITE_EVERY_S, most: int = MOST_WAITING) -> None:
        self._begin = begin
        self._every_s = every_s
        self._most = most
        self._uses: list[Use] = []
        self._totals: dict[uuid.UUID, KeyTotals] = {}
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def note(self, use: Use) -> None:
        """Take one use in; costs no time and never fails."""
        if len(self._uses) < self._most:
            self._uses.append(use)
        before = self._totals.get(use.key_id)
        self._totals[use.key_id] = _added(before, use)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all())

    async def aclose(self) -> None:
        """Write what is left."""
        self._closing.set()
        if self._writer is not None:
            await self._writer

    async def _write_all(self) -> None:
        try:
            while self._totals:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), self._every_s)
                await self._write()
        finally:
            self._writer = None

    async def _write(self) -> None:
        uses, totals = self._uses, self._totals
        self._uses, self._totals = [], {}
        try:
            async with asyncio.timeout(WRITE_WITHIN_S), self._begin() as session:
                rows = KeyUsageRepository(session)
                await rows.add([_row(use) for use in uses])
                await rows.count(totals)
        except Exception as error:
            requests = sum(one.requests for one in totals.values())
            log.warning("key_usage.lost", requests=requests, kind=type(error).__name__)
        else:
            if (unlisted := sum(one.requests for one in totals.values()) - len(uses)) > 0:
                log.warning("key_usage.not_listed", requests=unlisted)


def _added(before: KeyTotals | None, use: Use) -> KeyTotals:
    failed = int(use.status >= 400)
    if before is None:
        return KeyTotals(requests=1, failed=failed, last_s=use.used_at_s)
    last_s = max(before.last_s, use.used_at_s)
    return KeyTotals(requests=before.requests + 1, failed=before.failed + failed, last_s=last_s)


def _row(use: Use) -> UsedKey:
    return UsedKey(
        key_id=use.key_id,
        method=storable(use.method)[:20],
        endpoint=clipped(storable(use.endpoint), 300),
        status=use.status,
        latency_ms=round(use.latency_s * 1_000),
        address=use.address,
        used_at=datetime.fromtimestamp(use.used_at_s, UTC),
    )


class KeyUsageRetention:
    """Forgets uses of more than 30 days ago, a batch at a time. Safe to repeat, and to do twice at once."""

    def __init__(self, begin: Transactions) -> None:
        self._begin = begin
        self._rests_until = 0.0

    async def forget_old(self) -> int:
        """Delete a part of what is old; return how many rows, 0 when nothing was or while it rests."""
        if time.monotonic() < self._rests_until:
            return 0
        async with self._begin() as session:
            forgotten = await KeyUsageRepository(session).forget_before(utc_now() - KEPT, MOST_FORGOTTEN)
        if not forgotten:
            self._rests_until = time.monotonic() + PAUSE_S
        return forgotten
