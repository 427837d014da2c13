"""Bulk operations: started, watched and fetched; what their states mean is decided here, in pure functions."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import IO, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from backend.kit.clock import utc_now
from backend.ports.platform_errors import (
    Cause,
    PlatformError,
    StoreNotReady,
    StoreRefused,
    StoreUnavailable,
    UnsafeAddress,
)
from plugin_bridge.shopify.answers import (
    BulkCancelAnswer,
    BulkRunningAnswer,
    BulkStartAnswer,
    BulkStateAnswer,
    Operation,
)
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.errors import UserErrors, refused
from plugin_bridge.shopify.lines import BulkFile, LineIndex
from plugin_bridge.shopify.wire import Line

log = structlog.get_logger()
L = TypeVar("L", bound=Line)

START = Document("bulk_start", BulkStartAnswer)
STATE = Document("bulk_state", BulkStateAnswer, points=1, strict=False)
RUNNING = Document("bulk_running", BulkRunningAnswer)
CANCEL = Document("bulk_cancel", BulkCancelAnswer)

MOST_BYTES = 20_000_000_000
"""Largest file that is fetched."""
FETCH_S = 3 * 3600.0
STUCK_AFTER = timedelta(hours=12)
"""Shopify itself lets an operation run for ten days; nobody waits so long for a catalog."""
_BUSY = frozenset({"LIMIT_REACHED", "OPERATION_IN_PROGRESS"})
_STORAGE = ("storage.googleapis.com", ".storage.googleapis.com", ".shopify.com", ".shopifycloud.com", ".myshopify.com")
"""Where Shopify keeps results; a name that begins with a dot stands for all below it."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a worker waits for Shopify before it turns to other work."""

    first_s: float = 1.0
    """Pause before the second look; half as long again each time."""
    most_s: float = 10.0
    here_s: float = 60.0
    """After so long on the spot the run is put off, as `StoreNotReady`."""


class Next(Enum):
    """What to do about an operation."""

    WAIT = "wait"
    READ = "read"
    AGAIN = "again"
    """Start it anew: it ended without a result."""
    PARTLY = "partly"
    """It failed; some rows are there all the same."""
    DENIED = "denied"
    STUCK = "stuck"


class Finished(msgspec.Struct, frozen=True):
    """How waiting ended."""

    operation: Operation
    what: Next


def judge(operation: Operation | None, now: datetime) -> Next:
    """Decide what to do about an operation; None: Shopify does not know it any more."""
    if operation is None:
        return Next.AGAIN
    if operation.status == "COMPLETED":
        # Without a single row there is no file.
        return Next.READ if operation.url or not operation.object_count else Next.AGAIN
    if operation.status == "FAILED":
        if operation.error_code == "ACCESS_DENIED":
            return Next.DENIED
        return Next.PARTLY if operation.partial_data_url else Next.AGAIN
    if operation.status in ("CANCELED", "CANCELING", "EXPIRED"):
        return Next.AGAIN
    started_at = operation.created_at
    return Next.STUCK if started_at is not None and now - started_at > STUCK_AFTER else Next.WAIT


def put_off_s(operation: Operation, now: datetime) -> float:
    """Return when to look again after having waited on the spot: the longer it runs, the longer; 15 s to 5 minutes."""
    age_s = (now - operation.created_at).total_seconds() if operation.created_at is not None else 0.0
    return min(300.0, max(15.0, age_s / 10))


def kept_where(url: str, shop_base: str) -> bool:
    """Tell whether a result's address is one of Shopify's own, or the simulated shop's."""
    there, shop = urlsplit(url), urlsplit(shop_base)
    if (there.scheme, there.netloc) == (shop.scheme, shop.netloc):
        return True
    host = there.hostname or ""
    return there.scheme == "https" and any(host.endswith(one) if one[0] == "." else host == one for one in _STORAGE)


class BulkOperations:
    """The bulk queries of one shop.

    Args:     sleep, clock: replaced in tests.
    """

    def __init__(
        self,
        client: ShopifyClient,
        patience: Patience | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = client
        self._patience = patience or Patience()
        self._sleep = sleep
        self._clock = clock

    async def start(self, text: str) -> str | None:
        """Start an operation, or find the one that already runs with the same text; None: no slot is free.

        Raises:   UserErrors when Shopify refuses the document.
        """
        answer = (await self._client.run(START, {"query": text})).data.bulk_operation_run_query
        errors = answer.user_errors if answer is not None else []
        if answer is not None and answer.bulk_operation is not None and not errors:
            return answer.bulk_operation.id
        if not {error.code for error in errors} & _BUSY:
            raise UserErrors(errors)
        # A worker that died between starting one and noting it leaves it behind: it is as good as a new one.
        return await self._running(text)

    async def _running(self, text: str) -> str | None:
        found = (await self._client.run(RUNNING)).data.bulk_operations.nodes
        alike = [one.id for one in found if one.status in ("CREATED", "RUNNING") and one.query == text]
        return alike[0] if alike else None

    async def started(self, text: str) -> str:
        """Start an operation, waiting for a slot if need be.

        Raises:   StoreNotReady when none became free for a while.
        """
        waited, pause = 0.0, self._patience.first_s
        while (operation := await self.start(text)) is None:
            if waited >= self._patience.here_s:
                raise StoreNotReady("Other exports of this shop have to end first", retry_after_s=60.0)
            await self._sleep(pause)
            waited, pause = waited + pause, min(self._patience.most_s, pause * 1.5)
        return operation

    async def finished(self, operation_id: str) -> Finished:
        """Wait for an operation to end; a stuck one is canceled.

        Raises:   StoreNotReady when it runs on for longer than is waited for here.
        """
        waited, pause = 0.0, self._patience.first_s
        while True:
            operation = (await self._client.run(STATE, {"id": operation_id})).data.bulk_operation
            what = judge(operation, self._clock())
            if what is Next.STUCK:
                await self._cancel(operation_id)
            if what is not Next.WAIT or operation is None:
                return Finished(operation or Operation(id=operation_id), what)
            if waited >= self._patience.here_s:
                rows = operation.object_count or 0
                raise StoreNotReady(
                    f"Shopify is still at work ({rows} rows so far)",
                    retry_after_s=put_off_s(operation, self._clock()),
                )
            await self._sleep(pause)
            waited, pause = waited + pause, min(self._patience.most_s, pause * 1.5)

    async def _cancel(self, operation_id: str) -> None:
        with suppress(PlatformError):
            await self._client.run(CANCEL, {"id": operation_id})

    async def fetch(self, url: str, shape: type[L], *, size: int | None) -> BulkFile[L] | None:
        """Fetch a result whose lines are roots and children; None: it is not there any more.

        Args:     size: bytes it must have; None: not told.
        Raises:   as `download`.
        """
        fetched = await self.download(url, size=size)
        return None if fetched is None else BulkFile(*fetched, shape)

    async def download(self, url: str, *, size: int | None) -> tuple[IO[bytes], LineIndex] | None:
        """Stream a result into a temporary file and look at its lines on the way; None: it is not there any more.

        Args:     size: bytes it must have; None: not told.
        Raises:   StoreUnavailable for half a file and for storage that fails, UnsafeAddress for a foreign address.
        """
        if not kept_where(url, self._client.base):
            raise UnsafeAddress("Shopify names a result outside its own storage")
        # Anonymous: it is gone when it is closed, also by a worker that dies.
        file: IO[bytes] = tempfile.TemporaryFile(prefix="storeloom-shopify-")  # noqa: SIM115 - outlives this block
        index = LineIndex()
        try:
            there = await self._stream(url, file, index)
            if there and size is not None and index.size != size:
                raise StoreUnavailable(Cause.NOT_JSON, f"The export ended after {index.size} of {size} bytes")
        except BaseException:
            file.close()
            raise
        if not there:
            file.close()
            return None
        return file, index

    async def _stream(self, url: str, file: IO[bytes], index: LineIndex) -> bool:
        problem: StoreUnavailable
        # A client of its own: storage gets no token of ours, and no shorter time-out than a large file needs.
        client: httpx.AsyncClient = self._client.clients.client(
            total_timeout_s=FETCH_S, max_connections=1, max_bytes=MOST_BYTES
        )
        try:
            async with client, client.stream("GET", url) as response:
                if response.status_code in (400, 403, 404, 410):
                    return False  # the address is signed and good for a week
                if response.status_code != 200:
                    status = response.status_code
                    raise StoreUnavailable(
                        Cause.SERVER_ERROR, f"The export's storage failed with {status}", status=status
                    )
                async for chunk in response.aiter_bytes(256 * 1024):
                    file.write(chunk)
                    index.feed(chunk)
            file.flush()
            return True
        except httpx.TimeoutException:
            problem = StoreUnavailable(Cause.TIMEOUT, "The export's storage did not answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
            # Its text may hold the address, which is as good as a key.
            problem = StoreUnavailable(Cause.UNREACHABLE, "The export's storage cannot be reached")
        raise problem


def denied() -> StoreRefused:
    """Return the refusal for an operation that the shop's grant does not cover."""
    return refused(Cause.SCOPE_MISSING)


def bulk_failed(why: str) -> StoreRefused:
    """Return the failure of a run whose export cannot be had."""
    return StoreRefused(Cause.BULK_FAILED, f"Shopify could not export the catalog: {why}")
