"""Bulk operations: at most five of a kind at once, slow to start, their files fetched by URL for a while."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

AT_ONCE = 5
RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})
_LOOK_S = 0.02
FILES = "bulk-files"


class Operation(msgspec.Struct, kw_only=True):
    """One bulk operation; `query` is the document, `upload` the staged file that a mutation reads."""

    id: int
    type: str
    status: str = "CREATED"
    query: str
    upload: str = ""
    grouped: bool = False
    version: str
    scopes: tuple[str, ...]
    created_at: float
    completed_at: float | None = None
    error_code: str | None = None
    objects: int = 0
    roots: int = 0
    file_size: int | None = None
    file: str = ""
    """Name of the file in the shop's folder, "" for none."""
    signature: str = ""


class Result(msgspec.Struct):
    """How the work of an operation ended."""

    status: str
    error_code: str | None = None


Work = Callable[["Shop", Operation, Path], Awaitable[Result]]
"""Does an operation's work and writes its file."""


class Operations:
    """The operations of one shop.

    Args:     folder: where files lie; made when first needed. work: does what operations of a type are for.
    """

    def __init__(self, shop: "Shop", folder: Path, work: Mapping[str, Work]) -> None:
        self._shop = shop
        self._folder = folder
        self._work = work
        self.by_id: dict[int, Operation] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def under_way(self, kind: str) -> int:
        """Return how many operations of a type are not over."""
        return sum(1 for one in self.by_id.values() if one.type == kind and one.status in RUNNING)

    def add(self, operation: Operation) -> None:
        """Keep a new operation and start it."""
        self.by_id[operation.id] = operation
        self._shop.revision += 1
        self.wake()

    def wake(self) -> None:
        """Start what does not run yet, end what is too old to be fetched; needs a running loop to start anything."""
        for operation in self.by_id.values():
            if operation.status in RUNNING and operation.id not in self._tasks:
                self._start(operation)
            elif operation.status in ("COMPLETED", "FAILED") and self._too_old(operation):
                self._forget_file(operation)
                operation.status = "EXPIRED"
                self._shop.revision += 1

    def _start(self, operation: Operation) -> None:
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            self._tasks[operation.id] = loop.create_task(self._run(operation))

    def _too_old(self, operation: Operation) -> bool:
        ended = operation.completed_at
        return ended is not None and bool(operation.file) and self._shop.now() - ended > self._shop.options.bulk_kept_s

    def cancel(self, operation: Operation) -> None:
        """Ask an operation to stop; it ends a moment later."""
        operation.status = "CANCELING"
        self._shop.revision += 1
        self.wake()

    async def _run(self, operation: Operation) -> None:
        pause = self._shop.options.bulk_delay_s
        await self._unless_cancelled(operation, asyncio.sleep(pause))
        if operation.status == "CREATED":
            operation.status = "RUNNING"
            await self._unless_cancelled(operation, asyncio.sleep(pause))
            await self._while_stuck(operation)
        if operation.status == "RUNNING":
            path = self._path(f"{operation.id}-{secrets.token_hex(8)}.jsonl")
            result = await self._work[operation.type](self._shop, operation, path)
            self._finish(operation, result, path)
        else:
            self._finish(operation, Result("CANCELED"), None)

    async def _unless_cancelled(self, operation: Operation, pause: Coroutine[Any, Any, None]) -> None:
        waiting = asyncio.ensure_future(pause)
        while not waiting.done() and operation.status != "CANCELING":
            await asyncio.wait({waiting}, timeout=_LOOK_S)
        waiting.cancel()

    async def _while_stuck(self, operation: Operation) -> None:
        if not self._shop.faults.strikes("bulk_stuck"):
            return
        active = self._shop.faults.active
        while "bulk_stuck" in active and operation.status == "RUNNING":
            await self._unless_cancelled(operation, asyncio.sleep(_LOOK_S))

    def _finish(self, operation: Operation, result: Result, path: Path | None) -> None:
        operation.status = "CANCELED" if operation.status == "CANCELING" else result.status
        operation.error_code = result.error_code
        operation.completed_at = self._shop.now()
        if path is not None and operation.status in ("COMPLETED", "FAILED") and operation.file_size:
            operation.file = path.name
            operation.signature = secrets.token_urlsafe(24)
        elif path is not None:
            path.unlink(missing_ok=True)
        self._shop.revision += 1
        if self._shop.faults.strikes("finish_webhook_lost") is None:
            self._shop.announce("bulk_operations/finish", operation.id)

    def url(self, operation: Operation, *, partial: bool) -> str | None:
        """Return where the file of an operation is fetched; None when there is none of that sort."""
        if not operation.file or operation.status != ("FAILED" if partial else "COMPLETED"):
            return None
        expires = int((operation.completed_at or 0) + self._shop.options.bulk_kept_s)
        return (
            f"{self._shop.options.address}/{FILES}/{operation.file}?Expires={expires}&Signature={operation.signature}"
        )

    def find_file(self, name: str, signature: str) -> Path | None:
        """Return the path of a file whose URL was given out and has not expired."""
        self.wake()
        for operation in self.by_id.values():
            if operation.file == name and secrets.compare_digest(operation.signature.encode(), signature.encode()):
                return self._path(name)
        return None

    def _path(self, name: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder / name

    def _forget_file(self, operation: Operation) -> None:
        self._path(operation.file).unlink(missing_ok=True)
        operation.file = operation.signature = ""

    async def aclose(self) -> None:
        """Stop waiting; operations that were not over go on when the shop is opened again."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
