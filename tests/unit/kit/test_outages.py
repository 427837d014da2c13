"""What is our mistake, and what is an outage."""

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.kit.outages import is_outage


class FromPostgres(Exception):
    """A driver's error with its SQLSTATE."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize("sqlstate", ["08006", "57P01", "57P03", "53300", "53100", "58030", "25006"])
def test_a_database_that_cannot_serve_is_an_outage(sqlstate: str) -> None:
    assert is_outage(DBAPIError("SELECT 1", None, FromPostgres(sqlstate)))
    assert is_outage(FromPostgres(sqlstate))


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(), FileNotFoundError("/run/postgres/.s.PGSQL.5432"), OSError(28, "full"), PoolTimeout()],
)
def test_an_address_that_does_not_answer_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


def test_a_connection_that_broke_is_an_outage() -> None:
    assert is_outage(DBAPIError("SELECT 1", None, FromPostgres(None), connection_invalidated=True))


@pytest.mark.parametrize(
    "error",
    [
        DBAPIError("SELECT 1", None, FromPostgres("22021")),
        DBAPIError("SELECT 1", None, FromPostgres("57014")),
        IntegrityError("INSERT", None, FromPostgres("23505")),
        DBAPIError("SELECT 1", None, FromPostgres(None)),
        SQLAlchemyError(),
        ValueError(),
    ],
)
def test_our_own_mistakes_are_none(error: Exception) -> None:
    assert not is_outage(error)
