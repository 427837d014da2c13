"""Many mutations as one bulk operation: uploaded as lines, watched, its answers told apart.

Each mutation sets what it names to one value, so that doing it twice is harmless, and late is not: whoever repeats a
call waits first for the operations that still run (`no_longer_running`).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Generic, Protocol, TypeVar

import httpx
import msgspec
import structlog

from backend.ports.platform_errors import StoreThrottled, StoreUnavailable
from backend.ports.store_writes import WriteResult
from plugin_bridge.shopify.answers import BulkRunningAnswer
from plugin_bridge.shopify.bulk import BulkOperations, Next, denied, kept_where
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.verdicts import Results
from plugin_bridge.shopify.write_answers import BulkWriteAnswer, ResultLine, StagedUploadAnswer, UploadTarget

log = structlog.get_logger()

STAGE = Document("staged_upload", StagedUploadAnswer)
START = Document("bulk_write", BulkWriteAnswer)
LATEST = Document("bulk_writing", BulkRunningAnswer)
BULK_FROM = 250
"""From more mutations than this on, one operation is the shorter way: each of them costs ten points by itself."""
MOST_BYTES = 100_000_000
"""Largest file that Shopify reads."""
UPLOAD_S = 600.0
_BLOCK_BYTES = 512 * 1024
_RUNNING = ("CREATED", "RUNNING", "CANCELING")
_line: msgspec.json.Decoder[ResultLine] = msgspec.json.Decoder(ResultLine)


class Mutation(Protocol):
    """One line: variables of a mutation, and the keys of the writes it carries out."""

    @property
    def variables(self) -> dict[str, Any]:
        """What the document takes."""
        ...

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its writes."""
        ...


M = TypeVar("M", bound=Mutation)
A = TypeVar("A")


class BulkWriting(Generic[M, A]):
    """One bulk operation.

    Args:     document: which mutation runs. judge: what an answer says of the writes of a line.
    """

    def __init__(
        self,
        client: ShopifyClient,
        operations: BulkOperations,
        document: Document[A],
        judge: Callable[[M, A], list[WriteResult]],
    ) -> None:
        self._client = client
        self._operations = operations
        self._document = document
        self._judge = judge
        self.left: list[M] = []
        """Mutations of which the operation brought no answer: they are for sending one by one."""

    async def results(self, mutations: Sequence[M]) -> Results:
        """Run mutations and yield what became of their writes.

        Raises:   StoreNotReady when Shopify is at work for longer than is waited for here.
        """
        self.left = list(mutations)
        operation_id = await self._started(mutations)
        if operation_id is None:
            return
        done = await self._operations.finished(operation_id)
        if done.what is Next.DENIED:
            raise denied()
        url = done.operation.partial_data_url if done.what is Next.PARTLY else done.operation.url
        fetched = None if url is None else await self._operations.download(url, size=None)
        if fetched is None:
            return
        answered: set[int] = set()
        with fetched[0] as file:
            for line in _answers(file):
                answer = None if line.errors or line.line in answered else self._read(line)
                if answer is not None and 0 <= line.line < len(mutations):
                    answered.add(line.line)
                    yield self._judge(mutations[line.line], answer)
        self.left = [one for place, one in enumerate(mutations) if place not in answered]

    def _read(self, line: ResultLine) -> A | None:
        try:
            return self._document.read(line.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    async def _started(self, mutations: Sequence[M]) -> str | None:
        """Upload lines and start the operation; None when it cannot be had now, and nothing was done."""
        content = b"\n".join(msgspec.json.encode(one.variables) for one in mutations) + b"\n"
        if len(content) > MOST_BYTES:
            return None
        mark = mark_of(mutations)
        target = await self._target(f"{mark}.jsonl", len(content))
        if target is None or not await self._uploaded(target, content):
            return None
        path = next((one.value for one in target.parameters if one.name == "key"), "")
        text = marked(self._document.text, mark)
        try:
            variables = {"mutation": text, "path": path, "client": mark}
            answer = await self._client.run(START, variables, once=True)
        except StoreUnavailable as error:
            if isinstance(error, StoreThrottled):
                raise
            return await self._running_all_the_same(text)
        started = answer.data.bulk_operation_run_mutation
        if started is not None and started.bulk_operation is not None and not started.user_errors:
            return started.bulk_operation.id
        codes = sorted({one.code or "" for one in started.user_errors}) if started is not None else []
        log.warning("shopify.bulk_write_not_started", shop=self._client.shop, codes=codes)
        return None

    async def _running_all_the_same(self, text: str) -> str | None:
        """Find the operation whose start was not answered: a second one would come late."""
        latest = (await self._client.run(LATEST)).data.bulk_operations.nodes
        return next((one.id for one in latest if one.query == text), None)

    async def _target(self, filename: str, size: int) -> UploadTarget | None:
        wanted = {
            "resource": "BULK_MUTATION_VARIABLES",
            "filename": filename,
            "mimeType": "text/jsonl",
            "httpMethod": "POST",
            "fileSize": str(size),
        }
        staged = (await self._client.run(STAGE, {"input": [wanted]})).data.staged_uploads_create
        return staged.staged_targets[0] if staged is not None and staged.staged_targets else None

    async def _uploaded(self, target: UploadTarget, content: bytes) -> bool:
        """Put the lines where Shopify reads them; False when its storage does not take them."""
        if target.url is None or not kept_where(target.url, self._client.base):
            log.warning("shopify.upload_refused", shop=self._client.shop, why="a foreign address")
            return False
        form = {one.name: one.value for one in target.parameters}
        # A client of its own: storage gets no token of ours.
        client: httpx.AsyncClient = self._client.clients.client(total_timeout_s=UPLOAD_S, max_connections=1)
        try:
            async with client:
                files = {"file": ("lines.jsonl", content, "text/jsonl")}
                status = (await client.post(target.url, data=form, files=files)).status_code
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            # Its text may hold the address, which is as good as a key.
            log.warning("shopify.upload_refused", shop=self._client.shop, why=type(error).__name__)
            return False
        if status >= 300:
            log.warning("shopify.upload_refused", shop=self._client.shop, why=f"status {status}")
        return status < 300


def _answers(file: IO[bytes]) -> Iterator[ResultLine]:
    """Yield the lines of a result; what cannot be read is no answer."""
    file.seek(0)
    while lines := file.readlines(_BLOCK_BYTES):
        for raw in lines:
            try:
                yield _line.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue


def mark_of(mutations: Sequence[Mutation]) -> str:
    """Return a name for an operation that is the same for the same writes."""
    keys = sorted(key for one in mutations for key in one.keys)
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:24]


def marked(text: str, mark: str) -> str:
    """Return a mutation that carries a mark in its own name: Shopify shows no other name of an operation."""
    head, _, rest = text.partition("(")
    return f"{head}_{mark}({rest}"


async def no_longer_running(client: ShopifyClient, operations: BulkOperations) -> None:
    """Wait for the writing operations of earlier calls: one that comes late would undo what is written after it.

    Raises:   StoreNotReady when one runs for longer than is waited for here.
    """
    for one in (await client.run(LATEST)).data.bulk_operations.nodes:
        if one.status in _RUNNING:
            await operations.finished(one.id)
