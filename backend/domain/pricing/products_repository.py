"""Queries behind the lists of watched products: counts by blocks of ids, and pages found by them."""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from backend.domain.pricing import products_sql as sql
from backend.domain.pricing.products_blocks import Blocks, Place
from backend.domain.pricing.products_rows import CompetitorPrice, WatchedProduct, WatchingCompetitor, full_title
from backend.kit.errors import not_found
from backend.kit.quick_reads import Reads
from backend.ports.actor import Actor

Row = TypeVar("Row")

_COLUMNS = ("skus", "currencies", "prices", "min_prices", "max_prices", "costs", "auto_reprice", "monitored")
_URL_COLUMNS = ("url_ids", "names", "urls", "url_prices", "url_currencies", "in_stock", "checked_at")
"""In the order of the fields of the rows."""


class Counted(NamedTuple):
    """The blocks of a list as of one revision of the catalog."""

    revision: int
    blocks: dict[bool | None, Blocks]
    """By whether they are monitored; None: whatever they are."""


class Found(NamedTuple, Generic[Row]):
    """Rows of a list, and the revision of the catalog they were read at."""

    revision: int
    rows: list[Row]


class ListRepository:
    """Reads long lists of the acting organization."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def count_products(self, actor: Actor) -> Counted:
        """Count live variants by blocks of their ids."""
        row = await self._row(sql.COUNT_PRODUCTS, actor)
        numbers, every, monitored = row["numbers"] or (), row["every"] or (), row["monitored"] or ()
        others = [whole - part for whole, part in zip(every, monitored, strict=True)]
        blocks = {None: Blocks(numbers, every), True: _some(numbers, monitored), False: _some(numbers, others)}
        return Counted(row["revision"], blocks)

    async def count_competitors(self, actor: Actor) -> Counted:
        """Count competitors' pages of live variants by blocks of their ids."""
        row = await self._row(sql.COUNT_COMPETITORS, actor)
        return Counted(row["revision"], {None: Blocks(row["numbers"] or (), row["every"] or ())})

    async def products(self, actor: Actor, place: Place, limit: int, active: bool | None) -> Found[WatchedProduct]:
        """Return the watched products of a page, each with its competitors."""
        row = await self._row(sql.PRODUCTS, actor, place.blocks, place.skip, limit, active)
        return Found(row["revision"], _products(row))

    async def product(self, actor: Actor, product_id: int) -> WatchedProduct | None:
        """Return one watched product with its competitors."""
        found = _products(await self._row(sql.PRODUCT, actor, product_id))
        return found[0] if found else None

    async def competitors(self, actor: Actor, place: Place, limit: int) -> Found[WatchingCompetitor]:
        """Return the competitors of a page with the variants they are watched for."""
        row = await self._row(sql.COMPETITORS, actor, place.blocks, place.skip, limit)
        if row["url_ids"] is None:
            return Found(row["revision"], [])
        titles = map(full_title, row["product_titles"], row["titles"])
        columns = (_competitors(row), row["product_ids"], titles, row["prices"])
        return Found(row["revision"], list(map(WatchingCompetitor, *columns)))

    async def revision(self, actor: Actor) -> int:
        """Return the present revision of the catalog."""
        return int((await self._row(sql.REVISION, actor))["revision"])

    async def _row(self, statement: str, actor: Actor, *values: Any) -> Any:
        row = await self._reads.row(statement, actor.tenant, *values)
        if row is None:
            raise not_found("Organization")
        return row


def _some(numbers: Sequence[int], counts: Sequence[int]) -> Blocks:
    held = [(number, count) for number, count in zip(numbers, counts, strict=True) if count]
    return Blocks([number for number, _ in held], [count for _, count in held])


def _products(row: Any) -> list[WatchedProduct]:
    if row["ids"] is None:
        return []
    watching: dict[int, list[CompetitorPrice]] = {product_id: [] for product_id in row["ids"]}
    for product_id, competitor in zip(row["product_ids"] or (), _competitors(row), strict=True):
        watching[product_id].append(competitor)
    titles = map(full_title, row["product_titles"], row["titles"])
    columns = (row[name] for name in _COLUMNS)
    return list(map(WatchedProduct, row["ids"], titles, *columns, watching.values()))


def _competitors(row: Any) -> list[CompetitorPrice]:
    return list(map(CompetitorPrice, *(row[name] for name in _URL_COLUMNS))) if row["url_ids"] else []
