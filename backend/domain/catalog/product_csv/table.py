"""Bytes to records: encoding, delimiter and quoting of a CSV file, with the physical line of each record."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from backend.domain.catalog.product_csv.report import Limits, Report
from backend.kit.errors import DomainError, invalid
from backend.kit.text import storable

DELIMITERS = (",", ";", "\t")
MOST_CELL = 4_000_000
"""Characters in one cell; more means that a quote is never closed."""
_HEAD_LINES = 50
_PHYSICAL = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SEPARATOR_LINE = re.compile(r'"?sep=.?"?\s*', re.IGNORECASE)
_UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_SAVE_AS = 'In a spreadsheet, choose "CSV UTF-8" when saving'


class Row:
    """One record: cells by the reader's own name for a column, stripped; "" where the file has no such column."""

    __slots__ = ("_cells", "_columns", "line")

    def __init__(self, line: int, cells: list[str], columns: Mapping[str, int]) -> None:
        self.line = line
        self._cells = cells
        self._columns = columns

    def __getitem__(self, column: str) -> str:
        at = self._columns.get(column)
        return self._cells[at] if at is not None else ""


class Table:
    """A CSV file whose header is known: `header` as written, `columns` from the reader's names to positions."""

    def __init__(self, lines: "_Lines", dialect: str, header: list[str], columns: Mapping[str, int]) -> None:
        self._lines = lines
        self._delimiter = dialect
        self.header = header
        self.columns = columns

    def named(self, column: str) -> str:
        """Return the header text of a column, for messages."""
        return self.header[self.columns[column]] if column in self.columns else column

    def rows(self, report: Report, limits: Limits) -> Iterator[Row]:
        """Yield the records that hold anything; broken ones go to *report*.

        Raises:   DomainError `CSV_TOO_MANY_ROWS`, `CSV_NOT_UTF8`.
        """
        for line, cells in self._records(report):
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            report.rows += 1
            if report.rows > limits.rows:
                raise invalid("CSV_TOO_MANY_ROWS", f"The file holds more than {limits.rows:,} rows: split it")
            clean = self._fitted(line, cells, report)
            if clean is not None:
                yield Row(line, clean, self.columns)

    def _records(self, report: Report) -> Iterator[tuple[int, list[str]]]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            start = lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                report.rows += 1
                report.reject(start, self._skip_broken(start))
                continue
            yield start, cells

    def _skip_broken(self, start: int) -> str:
        """Find where the broken record ends, so that its continuation lines are not taken for records."""
        lenient = csv.reader(chain(list(self._lines.taken), self._lines), delimiter=self._delimiter)
        try:
            next(lenient)
        except csv.Error:
            for _ in self._lines:
                pass
        end = self._lines.count
        if self._lines.exhausted and end > start:
            return f"A quote opened in this record is never closed: nothing from here to line {end} could be read"
        return 'The quotes are wrong: put the cell in quotes and write a quote inside it twice (""), or remove it'

    def _fitted(self, line: int, cells: list[str], report: Report) -> list[str] | None:
        """Return as many storable cells as the header has, or None when the record was rejected."""
        width = len(self.header)
        if len(cells) > width:
            if any(cells[width:]):
                report.reject(line, f"The row has {len(cells)} cells, the header {width}: quote cells that hold commas")
                return None
            cells = cells[:width]
        joined = "".join(cells)
        if "\x00" in joined:
            report.reject(line, "The row holds a NUL byte: remove it and save the file as text")
            return None
        if storable(joined) != joined:
            cells = [storable(cell) for cell in cells]
        return cells + [""] * (width - len(cells))


Recognise = Callable[[list[str]], Mapping[str, int] | None]
"""From a header in normal form to the columns it has, or None when it is no header of a known format."""


def open_table(source: bytes | Path, limits: Limits, recognise: Recognise) -> Table | None:
    """Open a CSV file; None when no delimiter makes a header that *recognise* knows.

    Raises:   DomainError `CSV_UNREADABLE`, `CSV_TOO_LARGE`, `CSV_EMPTY`, `CSV_NOT_UTF8`, `CSV_NOT_TEXT`.
    """
    text_lines = _decoded(_opened(source, limits))
    head = list(islice(text_lines, _HEAD_LINES))
    _refuse_binary(head)
    skipped = 1 if head and _SEPARATOR_LINE.fullmatch(head[0]) else 0
    if not any(line.strip() for line in head[skipped:]):
        raise invalid("CSV_EMPTY", "The file is empty: the first line must hold the column names")
    for delimiter in DELIMITERS:
        read = _header(head[skipped:], delimiter)
        columns = recognise([normal(name) for name in read[0]]) if read else None
        if read and columns is not None:
            lines = _Lines(chain(head[skipped + read[1] :], text_lines), count=skipped + read[1])
            return Table(lines, delimiter, read[0], columns)
    return None


def normal(name: str) -> str:
    """Return a column name as it is compared: one space between words, no case."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


class _Lines:
    """Hands physical lines to the CSV parser and remembers those of the record it is in."""

    def __init__(self, lines: Iterable[str], count: int) -> None:
        self._lines = iter(lines)
        self.count = count
        """Physical lines handed out so far, those before the first record included."""
        self.taken: list[str] = []
        self.exhausted = False

    def begin(self) -> int:
        """Start a record; return the number of its first line."""
        self.taken.clear()
        return self.count + 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.exhausted = True
            raise
        self.count += 1
        self.taken.append(line)
        return line


def _header(head: list[str], delimiter: str) -> tuple[list[str], int] | None:
    """Return the first record that holds anything and how many lines were read for it."""
    csv.field_size_limit(max(csv.field_size_limit(), MOST_CELL))
    reader = csv.reader(head, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                return cells, reader.line_num
    except csv.Error:
        return None
    return None


def _opened(source: bytes | Path, limits: Limits) -> BinaryIO:
    if isinstance(source, bytes):
        size, stream = len(source), io.BytesIO(source)
        _refuse_large(size, limits)
        return stream
    try:
        _refuse_large(source.stat().st_size, limits)
        return source.open("rb")
    except OSError as error:
        raise invalid("CSV_UNREADABLE", f"{source} cannot be read: {error.strerror}") from None


def _refuse_large(size: int, limits: Limits) -> None:
    if size > limits.bytes:
        raise invalid("CSV_TOO_LARGE", f"The file has {size:,} bytes, at most {limits.bytes:,} are read: split it")


def _decoded(stream: BinaryIO) -> Iterator[str]:
    with stream:
        mark = stream.read(4)
        stream.seek(0)
        if mark[:2] in _UTF16 and mark != b"\xff\xfe\x00\x00":
            yield from _PHYSICAL.findall(_utf16(stream.read()))
            return
        if mark[:3] == b"\xef\xbb\xbf":
            stream.seek(3)
        yield from _utf8(stream)


def _utf8(stream: BinaryIO) -> Iterator[str]:
    count = 0
    for raw in stream:
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise _not_utf8(count + len(_PHYSICAL.findall(raw[: error.start].decode() + "x"))) from None
        for line in _PHYSICAL.findall(text) if "\r" in text[:-2] else (text,):
            count += 1
            yield line


def _utf16(raw: bytes) -> str:
    try:
        return raw.decode("utf-16")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-16", "ignore")
        raise _not_utf8(len(_PHYSICAL.findall(before + "x"))) from None


def _not_utf8(line: int) -> DomainError:
    return invalid(
        "CSV_NOT_UTF8",
        f"Line {line} is not UTF-8 text; the file was probably saved as Windows-1252. {_SAVE_AS}",
        line=line,
    )


def _refuse_binary(head: list[str]) -> None:
    first = head[0] if head else ""
    if first.startswith("PK\x03\x04") or "\x00" in first:
        raise invalid("CSV_NOT_TEXT", f"This is not a CSV text but a workbook or another binary file. {_SAVE_AS}")
