"""Addresses of PostgreSQL as operators write them."""

import pytest

from backend.kit.database_url import driver_url
from backend.kit.errors import DomainError


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_usual_scheme_leads_to_our_driver(scheme: str) -> None:
    url = driver_url(f"{scheme}://ann:p%40ss@db.example.com:5433/shop")
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://ann:p%40ss@db.example.com:5433/shop"


def test_the_socket_of_a_local_server_is_kept() -> None:
    assert driver_url("postgresql://ann@/shop?host=/run/postgresql").query == {"host": "/run/postgresql"}


def test_the_ssl_mode_of_a_hosted_database_is_understood() -> None:
    assert driver_url("postgres://ann@db/shop?sslmode=require&application_name=hub").query == {
        "ssl": "require",
        "application_name": "hub",
    }


@pytest.mark.parametrize(
    "text", ["", "db.example.com", "mysql://ann:secret@db/shop", "postgresql+psycopg://ann@db/shop"]
)
def test_another_address_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(DomainError, match="DATABASE_URL must look like") as refused:
        driver_url(text)
    assert "secret" not in str(refused.value)
