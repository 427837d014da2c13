"""What is copied in the server's own form is what the driver reads back."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from backend.domain.catalog.binary_copy import _remembered_array, copy, jsonb, text_array, timestamptz
from backend.domain.catalog.staging import driver_connection, hashes, shown_rows
from backend.ports.store_platform import PlatformProduct
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

TEXTS: list[tuple[str, ...]] = [
    (),
    ("",),
    ("x" * 500, "y"),
    ("wool", "season-1"),
    ("NULL", 'a "b", {c}', "back\\slash", "ä🧵"),
    tuple(map(str, range(300))),
]
MOMENTS = [
    datetime(2026, 11, 20, 10, 0, 0, 123_457, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    None,
]
DOCUMENTS: list[Any] = [
    {},
    [],
    {"Size": "S", "Colour": "Rot „hell“"},
    [{"url": "https://x.example", "alt": "🧵"}],
    "x",
    1,
]


async def read_back(bench: Workbench, kind: str, given_as: str, values: Iterable[Any]) -> list[Any]:
    """Copy values into a column of a kind, and read it as anybody does."""
    async with bench.container.begin() as session:
        await session.execute(text(f"CREATE TEMP TABLE copied (id int, it {kind}) ON COMMIT DROP"))
        connection = await driver_connection(session)
        await copy(connection, "copied", {"id": "int", "it": given_as}, enumerate(values))
        return list((await session.execute(text("SELECT it FROM copied ORDER BY id"))).scalars())


async def test_arrays(bench: Workbench) -> None:
    assert await read_back(bench, "text[]", "bytea", map(text_array, TEXTS)) == [list(texts) for texts in TEXTS]


async def test_moments(bench: Workbench) -> None:
    assert await read_back(bench, "timestamptz", "bigint", map(timestamptz, MOMENTS)) == MOMENTS


@pytest.mark.parametrize(
    "odd", ["9999-12-31T23:59:59.999999-05:00", "0001-01-01T00:00:00+05:00"], ids=["year_10000", "year_0"]
)
async def test_a_moment_that_nobody_could_read_back_is_none(bench: Workbench, odd: str) -> None:
    assert await read_back(bench, "timestamptz", "bigint", [timestamptz(datetime.fromisoformat(odd))]) == [None]


def test_what_is_remembered_of_arrays_stays_small() -> None:
    """Tags are a merchant's own: a shop may have 250 of 255 characters for each product."""
    long = [(str(number) * 100, "x" * 300) for number in range(10, 100)]
    several = [*long, *(tuple(map(str, range(count))) for count in range(5, 99))]
    before = _remembered_array.cache_info()
    for texts in several:
        text_array(texts)
    assert _remembered_array.cache_info() == before


async def test_a_moment_without_a_zone_is_utc(bench: Workbench) -> None:
    plain = datetime(2026, 11, 20, 10)
    assert await read_back(bench, "timestamptz", "bigint", [timestamptz(plain)]) == [plain.replace(tzinfo=UTC)]


async def test_documents(bench: Workbench) -> None:
    written = [jsonb(msgspec.json.encode(document)) for document in DOCUMENTS]
    assert await read_back(bench, "jsonb", "bytea", written) == DOCUMENTS


async def test_what_the_server_refuses_leaves_nothing_and_the_connection_in_order(bench: Workbench) -> None:
    with pytest.raises(Exception, match="invalid input syntax for type json"):
        await read_back(bench, "jsonb", "bytea", [jsonb(b"{")])
    assert await read_back(bench, "jsonb", "bytea", [jsonb(b"{}")]) == [{}]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, min_size=1))
def test_joined_ids_come_apart_again(ids: list[str]) -> None:
    told = hashes(shown_rows([PlatformProduct(external_id=one, title="Mug") for one in ids]).products)
    assert str(told["ids"]).split(str(told["before"])) == ["", *ids]
    assert len(told["hashes"]) == 16 * len(ids)
