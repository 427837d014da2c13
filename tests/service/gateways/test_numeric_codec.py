"""The binary form of amounts, as PostgreSQL itself writes and reads it."""

import random
from decimal import Decimal

import pytest
from sqlalchemy import text

from backend.gateways.numeric_codec import decode_numeric
from tests.support.product import Workbench

ODD = ["0", "0.00", "-0.5", "1E+10", "10000", "9999.9999", "0.00001", "123456789012345678901234567890.5", "NaN"]


def numbers() -> list[str]:
    """Return numbers of all sizes, the same ones each time."""
    chance = random.Random(20261127)
    return ODD + [
        f"{chance.choice(['', '-'])}{chance.randrange(10 ** chance.randint(1, 24))}"
        f"{chance.choice(['', f'.{chance.randrange(10**9):0{chance.randint(1, 12)}d}'])}"
        for _ in range(2_000)
    ]


async def test_we_read_what_the_server_writes(bench: Workbench) -> None:
    query = text("SELECT numeric_send(told::numeric), (told::numeric)::text FROM unnest(cast(:told AS text[])) AS told")
    async with bench.container.engine.connect() as connection:
        rows = (await connection.execute(query, {"told": numbers()})).all()
    assert [format(decode_numeric(sent), "f") for sent, _ in rows] == [shown for _, shown in rows]


async def test_the_server_reads_what_we_write(bench: Workbench) -> None:
    query = text("SELECT n::text FROM unnest(cast(:amounts AS numeric[])) AS n")
    amounts = [Decimal(number) for number in numbers()]
    async with bench.container.engine.connect() as connection:
        shown = (await connection.execute(query, {"amounts": amounts})).scalars().all()
    assert list(shown) == [format(amount, "f") for amount in amounts]


@pytest.mark.parametrize("amount", ["1.5", "1.50"])
async def test_equal_amounts_keep_the_decimals_they_show(bench: Workbench, amount: str) -> None:
    async with bench.container.engine.connect() as connection:
        query = text("SELECT cast(:amount AS numeric)")
        assert str((await connection.execute(query, {"amount": Decimal(amount)})).scalar_one()) == amount
