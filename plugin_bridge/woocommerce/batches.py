"""Batches of updates: at most a hundred rows, smaller where a store cannot keep up, read back where no answer came."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from backend.ports.platform_errors import Cause, PlatformError
from backend.ports.store_writes import FAILED, WriteResult
from plugin_bridge.woocommerce.answers import BatchRows, Refusal, Row
from plugin_bridge.woocommerce.catalog import API
from plugin_bridge.woocommerce.changes import Change
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.current import CurrentItems

MOST = 100
"""WooCommerce answers 413 to more rows."""
_DOUBTFUL = (Cause.TIMEOUT, Cause.TOO_LARGE, Cause.NOT_JSON, Cause.SERVER_ERROR, Cause.UNREACHABLE, Cause.REFUSED)
_TOO_MUCH = (Cause.TIMEOUT, Cause.TOO_LARGE)
_MOST_FAILURES = 24
"""Of one call: a bad row among a hundred costs seven, a store that refuses every row is left alone after these."""

Emit = Callable[[WriteResult], None]


class BatchSize(msgspec.Struct):
    """How many rows a store can keep up with; smaller after each time-out for as long as it stays open."""

    most: int = MOST

    def was_too_much(self, rows: int) -> None:
        """Note that so many rows were not answered in time."""
        self.most = max(1, min(self.most, rows // 2))


class Batches:
    """Sends changes of one store; what became of each is told to *emit*."""

    def __init__(self, client: WooClient, items: CurrentItems, size: BatchSize, emit: Emit) -> None:
        self._client, self._items, self._size, self._emit = client, items, size, emit
        self._failures = 0

    async def send(self, parent: int, changes: Sequence[Change]) -> None:
        """Send changes of products (*parent* 0), or of the variations of one product.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled: the rest was not sent, or nobody knows.
        """
        waiting = deque([list(changes)])
        while waiting:
            chunk = waiting.popleft()
            if len(chunk) > self._size.most:
                waiting.appendleft(chunk[self._size.most :])
                chunk = chunk[: self._size.most]
            if chunk:
                waiting.extendleft(reversed(await self._chunk(parent, chunk)))

    async def _chunk(self, parent: int, chunk: list[Change]) -> list[list[Change]]:
        """Send one request; return what has to be sent again, in the pieces to send it in."""
        attempt = 1
        while True:
            try:
                await self._post(parent, chunk)
                return []
            except PlatformError as error:
                if error.cause not in _DOUBTFUL:
                    raise
                problem = error
            chunk = await self._settle(chunk, problem)
            if len(chunk) > 1:
                middle = (len(chunk) + 1) // 2
                return [chunk[:middle], chunk[middle:]]
            if not chunk:
                return []
            if attempt >= self._client.policy.tries or problem.cause is Cause.REFUSED:
                self._emit(_given_up(chunk[0], problem))
                return []
            attempt += 1

    async def _post(self, parent: int, chunk: list[Change]) -> None:
        path = f"{API}/products/{parent}/variations/batch" if parent else f"{API}/products/batch"
        read = BatchRows("update", len(chunk))
        rows = [{"id": change.place.id, **change.body} for change in chunk]
        await self._client.post_unless_throttled(path, {"update": rows}, {"_fields": "update"}, good=read)
        await self._take(chunk, read.rows)

    async def _take(self, chunk: list[Change], rows: list[Row]) -> None:
        twice = [change.place for change, row in zip(chunk, rows, strict=True) if change.reread]
        read = {}
        if twice:
            # The write is done and answered; if this fails, the next pull shows how reading spells it.
            with suppress(PlatformError):
                read = await self._items.find(twice)
        for change, row in zip(chunk, rows, strict=True):
            if isinstance(row, Refusal):
                self._emit(change.gone() if row.neutral_code == "gone" else row.result(change.key))
            else:
                self._emit(change.echoed(row, read.get(row.id) if change.reread else None))

    async def _settle(self, chunk: list[Change], problem: PlatformError) -> list[Change]:
        """Read back after a failure; return the changes that the store does not show."""
        self._failures += 1
        if self._failures > _MOST_FAILURES:
            raise problem
        if problem.cause in _TOO_MUCH:
            self._size.was_too_much(len(chunk))
        elif problem.cause is not Cause.REFUSED:
            await self._client.pause(1)
        found = await self._items.find([change.place for change in chunk], marks=True)
        rest = []
        for change in chunk:
            result = change.after(found.get(change.place.id), under_way=problem.cause is Cause.TIMEOUT)
            if result is None:
                rest.append(change)
            else:
                self._emit(result)
        return rest


def _given_up(change: Change, problem: PlatformError) -> WriteResult:
    if problem.cause is Cause.REFUSED:
        return Refusal(message=problem.message).result(change.key)
    return WriteResult(key=change.key, outcome=FAILED, code=problem.cause.value, message=problem.message)
