"""Read product CSV files as Shopify and WooCommerce export them into neutral products. Pure: no database, no network.

`read_product_csv` is the whole interface. It takes what it can and reports every row, or value, that it could not,
with the line and how to write it; nothing is guessed.
"""

from datetime import datetime
from pathlib import Path

from backend.domain.catalog.product_csv import shopify, woocommerce
from backend.domain.catalog.product_csv.report import Limits, ReadResult, Rejected, Report, shown
from backend.domain.catalog.product_csv.table import Table, normal, open_table
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError, invalid

__all__ = ["Limits", "ReadResult", "Rejected", "read_product_csv"]


def read_product_csv(source: bytes | Path, *, limits: Limits | None = None, now: datetime | None = None) -> ReadResult:
    """Read a whole file.

    Args:     now: decides whether a dated sale price of a WooCommerce file is in force; default: the present.
    Raises:   DomainError invalid: `CSV_FORMAT_UNKNOWN`, `CSV_COLUMN_TWICE`, `CSV_EMPTY`, `CSV_NOT_UTF8` (with `line`),
              `CSV_NOT_TEXT`, `CSV_TOO_LARGE`, `CSV_TOO_MANY_ROWS`, `CSV_UNREADABLE`.
    """
    limits = limits or Limits()
    report = Report()
    table = open_table(source, limits, lambda header: shopify.columns(header) or woocommerce.columns(header))
    if table is None:
        raise _unknown_format()
    _refuse_repeated(table)
    rows = table.rows(report, limits)
    if "handle" in table.columns:
        name, fields, pairs = "shopify", shopify.tells(table.columns), shopify.read(table, rows, report)
    else:
        name, fields = "woocommerce", woocommerce.tells(table.columns)
        pairs = woocommerce.read(table, rows, report, now or utc_now())
    return ReadResult(
        products=tuple(product for product, _ in pairs),
        lines=tuple(lines for _, lines in pairs),
        rejected=tuple(sorted(report.rejected)),
        format=name,
        rows=report.rows,
        product_fields=fields[0],
        variant_fields=fields[1],
    )


def _refuse_repeated(table: Table) -> None:
    names = [normal(name) for name in table.header]
    for at in table.columns.values():
        if names.count(names[at]) > 1:
            raise invalid("CSV_COLUMN_TWICE", f"The column {shown(table.header[at])} is there twice: remove one")


def _unknown_format() -> DomainError:
    return invalid(
        "CSV_FORMAT_UNKNOWN",
        "The first line must hold the column names of a Shopify or a WooCommerce product export. "
        f"Shopify: {shopify.EXPECTED}. WooCommerce: {woocommerce.EXPECTED}",
    )
