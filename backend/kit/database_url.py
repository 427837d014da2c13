"""PostgreSQL addresses as operators write them, and as our driver takes them."""

from sqlalchemy import URL, make_url

from backend.kit.errors import DomainError, invalid

_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})


def driver_url(text: str) -> URL:
    """Return the address for SQLAlchemy's asyncpg driver; `sslmode`, which libpq's addresses carry, becomes `ssl`.

    Raises:   invalid DATABASE_URL, without the address in it, when it is not one of PostgreSQL.
    """
    try:
        url = make_url(text)
    except Exception:
        raise _unreadable() from None
    if url.drivername not in _SCHEMES:
        raise _unreadable()
    mode = url.query.get("sslmode")
    if mode is not None:
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url.set(drivername="postgresql+asyncpg")


def _unreadable() -> DomainError:
    return invalid("DATABASE_URL", "DATABASE_URL must look like postgresql://user:password@host:5432/name")
