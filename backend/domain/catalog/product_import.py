"""Bring a product CSV into an organization's catalog: read, check the plan, write in batches that can be repeated."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.product_csv import ReadResult, Rejected, read_product_csv
from backend.domain.catalog.product_import_batch import BatchResult, FilePart, ImportBatch, refuse_over_limit
from backend.kit.transaction import Transactions
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct

BATCH = 2_000
"""Products per transaction."""

ProductLimit = Callable[[AsyncSession, uuid.UUID], Awaitable[int | None]]
"""How many products an organization's plan holds; None: as many as it likes."""
Progress = Callable[[int, int], object]
"""Told after each batch: products done, products in all."""


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do: counted in products; `rejected` are rows of the file, ascending by line."""

    created: int
    updated: int
    unchanged: int
    rejected: tuple[Rejected, ...]


class _Undo(Exception):
    """Takes back the transaction of a dry run."""


class ProductImport:
    """Imports product files. Repeating one, also after it was killed, changes nothing that is in the catalog already.

    Args:     product_limit: of the plan. batch: products per transaction.
    """

    def __init__(self, begin: Transactions, product_limit: ProductLimit, *, batch: int = BATCH) -> None:
        self._begin = begin
        self._product_limit = product_limit
        self._batch = batch

    async def run(
        self, actor: Actor, source: bytes | Path, *, dry_run: bool = False, progress: Progress | None = None
    ) -> ImportResult:
        """Import a file into the acting organization's catalog.

        Args:     dry_run: do everything in one transaction and take it back: the same numbers, nothing written.
        Raises:   limit_reached PIM_PRODUCT_LIMIT, before anything is written, when the plan has no room for all that
                  is new; invalid CSV_… as `read_product_csv`; not_found for an unknown organization.
        """
        organization_id = actor.tenant
        async with self._begin() as session:
            limit = await self._product_limit(session, organization_id)
        # In a thread: a large file takes seconds, and other requests want answers meanwhile.
        file = await asyncio.to_thread(read_product_csv, source)
        parts = _parts(file, self._batch)
        if limit is not None and len(parts) > 1:
            await self._check_room(organization_id, parts, limit)
        results: list[BatchResult] = []
        steps = _Steps(organization_id, parts, limit, results, progress)
        if dry_run:
            await self._undone(steps)
        else:
            await steps.take(self._begin)
        return _result(file, results)

    async def _check_room(self, organization_id: uuid.UUID, parts: Sequence[FilePart], limit: int) -> None:
        """Refuse the whole file while nothing of it is written; a single batch checks that by itself."""
        async with self._begin() as session:
            batch = ImportBatch(session, organization_id, {})
            held = await batch.count_live()
            if held + sum(len(part.products) for part in parts) <= limit:
                return
            refuse_over_limit(limit, held, sum([await batch.count_new(part) for part in parts]))

    async def _undone(self, steps: "_Steps") -> None:
        try:
            async with self._begin() as session:
                await steps.take(lambda: nullcontext(session))
                raise _Undo
        except _Undo:
            return


class _Steps:
    """The batches of one file, one after the other."""

    def __init__(
        self,
        organization_id: uuid.UUID,
        parts: Sequence[FilePart],
        limit: int | None,
        results: list[BatchResult],
        progress: Progress | None,
    ) -> None:
        self._organization_id = organization_id
        self._parts = parts
        self._limit = limit
        self._results = results
        self._progress = progress

    async def take(self, begin: Transactions) -> None:
        """Write every batch in a transaction of *begin*."""
        taken: dict[int, int] = {}
        done, total = 0, sum(len(part.products) for part in self._parts)
        for part in self._parts:
            async with begin() as session:
                batch = ImportBatch(session, self._organization_id, taken)
                self._results.append(await batch.apply(part, self._limit))
            done += len(part.products)
            if self._progress:
                self._progress(done, total)


def _parts(file: ReadResult, size: int) -> list[FilePart]:
    lines = [made[0] for made in file.lines]
    products = [_with_handle(product, file.format) for product in file.products]
    return [
        FilePart(
            products=products[start : start + size],
            lines=lines[start : start + size],
            product_fields=file.product_fields,
            variant_fields=file.variant_fields,
        )
        for start in range(0, len(file.products), size)
    ]


def _with_handle(product: PlatformProduct, format_name: str) -> PlatformProduct:
    """Give a product without a handle one made of its id: by it a product without any SKU is found again."""
    if product.handle:
        return product
    return msgspec.structs.replace(product, handle=f"{format_name}-{product.external_id}")


def _result(file: ReadResult, results: Sequence[BatchResult]) -> ImportResult:
    rejected = [*file.rejected, *(row for result in results for row in result.rejected)]
    return ImportResult(
        created=sum(result.created for result in results),
        updated=sum(result.updated for result in results),
        unchanged=sum(result.unchanged for result in results),
        rejected=tuple(sorted(rejected)),
    )
