"""The tables, one file per family. Importing this package registers all of them on `Base.metadata`."""

from backend.models import accounts, catalog, events, feeds, inbound, jobs, keys, pricing, stock, stores, sync
from backend.models.base import Base

__all__ = [
    "Base",
    "accounts",
    "catalog",
    "events",
    "feeds",
    "inbound",
    "jobs",
    "keys",
    "pricing",
    "stock",
    "stores",
    "sync",
]
