"""Queries on what people asked to be put up for sale or taken off."""

import uuid
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.sync import ListingRequest


class ListingRequestRepository:
    """Reads and writes `listing_requests` of one store."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._where = (ListingRequest.organization_id == organization_id, ListingRequest.store_id == store_id)
        self._scope = {"organization_id": organization_id, "store_id": store_id}

    async def ask(self, product_id: int, wanted: str, actor: str) -> None:
        """Ask for a product to be `listed` or `unlisted`; the last word counts."""
        values: dict[str, Any] = {"wanted": wanted, "state": "pending", "actor": actor}
        cleared = {**values, "error_code": None, "error_message": None}
        statement = upsert(ListingRequest).values(**self._scope, product_id=product_id, **values)
        keys = ["organization_id", "store_id", "product_id"]
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=cleared))

    async def pending(self) -> list[ListingRequest]:
        """Return what is still to be done, by product."""
        query = select(ListingRequest).where(*self._where, ListingRequest.state == "pending")
        return list((await self._session.execute(query.order_by(ListingRequest.product_id))).scalars())

    async def done(self, product_id: int) -> None:
        """Forget a request: the store has done it."""
        await self._session.execute(delete(ListingRequest).where(*self._where, ListingRequest.product_id == product_id))

    async def fail(self, product_id: int, code: str, message: str) -> None:
        """Note why a request was not done."""
        statement = update(ListingRequest).where(*self._where, ListingRequest.product_id == product_id)
        await self._session.execute(statement.values(state="error", error_code=code, error_message=message))

    async def retry(self) -> int:
        """Make all refused requests pending again; return how many."""
        statement = update(ListingRequest).where(*self._where, ListingRequest.state == "error")
        result: Any = await self._session.execute(
            statement.values(state="pending", error_code=None, error_message=None)
        )
        return int(result.rowcount)
