"""Whatever a file holds: no error but the documented one, no row lost, exact money, storable text, true round trips."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.catalog.product_csv import Limits, ReadResult, read_product_csv
from backend.kit.errors import DomainError
from backend.kit.text import storable
from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant
from tests.support.product_files import SHOPIFY, WOOCOMMERCE, csv_bytes, shopify_file, woocommerce_file

NOW = datetime(2026, 11, 24, tzinfo=UTC)
WOO = [*WOOCOMMERCE, "Date sale price starts", "Date sale price ends"]
CODES = {
    "",
    "CSV_FORMAT_UNKNOWN",
    "CSV_COLUMN_TWICE",
    "CSV_EMPTY",
    "CSV_NOT_UTF8",
    "CSV_NOT_TEXT",
    "CSV_TOO_LARGE",
    "CSV_TOO_MANY_ROWS",
}
# A small pool makes rows meet: the same handles, skus, parents and options again and again.
POOL = (
    "|a|b|A B|id:1|1|2|12.50|12,50|0|-1|true|S|Default Title|Title|variable|variation|simple|parent|active|shopify|"
    "https://x.test/a.jpg|2026-11-24|9999-12-31T23:59:59+14:00|0001-01-01|a > b, c|x\x00y|1e5|'=1|a\\,b|continue|:"
)
likely = st.sampled_from(POOL.split("|"))
cell = st.one_of(likely, likely, st.text(max_size=20))


def rows_of(header: list[str], *identity: str) -> st.SearchStrategy[list[dict[str, str]]]:
    """Rows that often make products: the columns of *identity* are always there and few values long."""
    few = st.sampled_from(["", "1", "2", "a", "A B", "id:1", "variable", "variation"])
    rest = {name: cell for name in header if name not in identity}
    return st.lists(st.fixed_dictionaries(dict.fromkeys(identity, few), optional=rest), max_size=8)


def record_lines(data: bytes) -> set[int]:
    """Return the lines on which records that hold anything start, by the standard library's count."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""))
    next(reader)
    found, before = set(), reader.line_num
    for cells in reader:
        if any(cell.strip() for cell in cells):
            found.add(before + 1)
        before = reader.line_num
    return found


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def read_or_refused(data: bytes) -> None:
    """Read; any other error than the documented one fails the test by itself."""
    code = ""
    try:
        read_product_csv(data, now=NOW)
    except DomainError as error:
        code = error.code
    assert code in CODES


def check(result: ReadResult, lines: set[int]) -> None:
    told = {row.line for row in result.rejected} | {line for made in result.lines for line in made}
    assert told == lines
    assert result.rows == len(lines)
    assert len({product.external_id for product in result.products}) == len(result.products)
    variants = [variant for product in result.products for variant in product.variants]
    assert len({variant.external_id for variant in variants}) == len(variants)
    assert all(product.variants and product.title for product in result.products)
    assert all(storable(text) == text for product in result.products for text in texts(msgspec.to_builtins(product)))
    for variant in variants:
        for amount in (variant.price, variant.sale_price, variant.cost):
            assert amount is None or (isinstance(amount, Decimal) and amount >= 0)
        assert variant.sale_price is None or (variant.price is not None and variant.sale_price < variant.price)
        assert variant.stock is None or abs(variant.stock) < 2**31


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refused(data)


@given(st.sampled_from([SHOPIFY, WOO]), st.binary(max_size=300), st.sampled_from(["utf-8", "utf-16"]))
def test_arbitrary_bytes_under_a_known_header_are_read_or_refused(
    header: list[str], body: bytes, encoding: str
) -> None:
    read_or_refused(csv_bytes(header, []).decode().encode(encoding) + body)


@given(st.sampled_from([SHOPIFY, WOO]), st.text(alphabet='a1,;"\n\r\t \x00é', max_size=200))
def test_arbitrary_quoting_is_read_or_refused(header: list[str], body: str) -> None:
    result = read_product_csv(csv_bytes(header, []) + body.encode(), now=NOW, limits=Limits(rows=1_000))
    assert result.rows <= 1 + body.count("\n") + body.count("\r")


@given(rows_of(SHOPIFY, "Handle", "Title"))
def test_no_row_of_a_shopify_file_is_lost(rows: list[dict[str, str]]) -> None:
    data = csv_bytes(SHOPIFY, rows)
    check(read_product_csv(data, now=NOW), record_lines(data))


@given(rows_of(WOO, "ID", "Type", "Name", "Parent"))
def test_no_row_of_a_woocommerce_file_is_lost(rows: list[dict[str, str]]) -> None:
    data = csv_bytes(WOO, rows)
    check(read_product_csv(data, now=NOW), record_lines(data))


line = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
plain = line.map(str.strip).filter(lambda text: text and storable(text) == text)
name = plain.filter(lambda text: "\\" not in text and not text.startswith("'"))
tag = name.filter(lambda text: "," not in text)
paragraph = st.lists(name, max_size=3).map("\n".join)
money = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(99_999_999), places=2, allow_nan=False)
word = name.filter(lambda text: text.casefold() not in ("title", "default title", "parent"))
picture = st.integers(0, 99).map(lambda number: f"https://x.test/{number}.jpg")


@st.composite
def product(draw: st.DrawFn, number: int, *, woocommerce: bool) -> PlatformProduct:
    """One product of which both a file and a store could tell everything."""
    names = tuple(draw(st.lists(word, max_size=2, unique_by=str.casefold)))
    values = st.lists(st.tuples(*(word for _ in names)), min_size=1, max_size=3, unique=True)
    handle = f"{number}00" if woocommerce else f"p{number}"
    attributes = draw(st.sampled_from([{}, {"mpn": "M 1"}]))
    variants = []
    for n, chosen in enumerate(draw(values)):
        options = dict(zip(names, chosen, strict=True))
        variants.append(draw(variant(handle, f"{number}0{n + 1}", options, attributes, woocommerce=woocommerce)))
    images = draw(st.lists(picture, max_size=3, unique=True))
    alts = st.just("") if woocommerce else st.one_of(st.just(""), name)
    category = name.filter(lambda text: ">" not in text)
    return PlatformProduct(
        external_id=handle,
        title=draw(name),
        description=draw(paragraph),
        handle="" if woocommerce else handle,
        brand=draw(st.one_of(st.just(""), category)),
        categories=tuple(draw(st.lists(category, max_size=2 if woocommerce else 1, unique=True))),
        tags=tuple(draw(st.lists(name if woocommerce else tag, max_size=3, unique=True))),
        images=tuple(PlatformImage(url=url, alt=draw(alts)) for url in images),
        option_names=names,
        status=draw(st.sampled_from(["active", "draft"])),
        variants=tuple(variants),
    )


@st.composite
def variant(
    draw: st.DrawFn,
    handle: str,
    number: str,
    options: dict[str, str],
    attributes: dict[str, str],
    *,
    woocommerce: bool,
) -> PlatformVariant:
    """One variant; prices with two decimals, a sale price below the regular one."""
    prices = sorted(draw(st.lists(money, min_size=2, max_size=2, unique=True)))
    stock = draw(st.one_of(st.none(), st.integers(-5, 1_000)))
    escaped = [value.replace("~", "~0").replace("/", "~1") for value in options.values()]
    own_id = number if options else handle
    return PlatformVariant(
        external_id=own_id if woocommerce else "/".join([handle, *escaped]),
        external_product_id=handle,
        title=" / ".join(options.values()),
        sku=draw(st.sampled_from(["", f"SKU {number}", f"=sku-{number}"])),
        barcode=draw(st.sampled_from(["", "0012345678905"])),
        price=prices[1],
        sale_price=draw(st.sampled_from([None, prices[0]])),
        cost=draw(st.one_of(st.none(), money)),
        stock=stock,
        in_stock=stock is None or stock > 0,
        backorder=draw(st.booleans()),
        options=options,
        image_url=draw(picture) if options or not woocommerce else "",
        weight_g=draw(st.one_of(st.none(), st.integers(1, 100_000))),
        attributes=attributes,
    )


def several(*, woocommerce: bool) -> st.SearchStrategy[tuple[PlatformProduct, ...]]:
    return st.integers(1, 3).flatmap(
        lambda count: st.tuples(*(product(number, woocommerce=woocommerce) for number in range(1, count + 1)))
    )


@given(several(woocommerce=False))
def test_products_written_as_shopify_does_are_read_back_equal(products: tuple[PlatformProduct, ...]) -> None:
    result = read_product_csv(shopify_file(products))
    assert result.rejected == ()
    assert result.products == products


@given(several(woocommerce=True))
def test_products_written_as_woocommerce_does_are_read_back_equal(products: tuple[PlatformProduct, ...]) -> None:
    result = read_product_csv(woocommerce_file(products), now=NOW)
    assert result.rejected == ()
    assert result.products == products
