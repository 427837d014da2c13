"""Every query on requests about personal data, and on what they are about."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.accounts import AccessGrant, Membership, Organization, User
from backend.models.events import Event
from backend.models.inbound import PrivacyRequest, ReceivedWebhook
from backend.models.stores import Store
from backend.models.sync import SyncRun

_HAS_BODY = func.octet_length(ReceivedWebhook.body) > 0
ERASED = "Erased shop"
"""What an organization is called whose only shop was erased."""


class PrivacyRepository:
    """Reads and writes `privacy_requests`; empties and deletes what they are about."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, request: PrivacyRequest) -> None:
        """Add a request."""
        self._session.add(request)
        await self._session.flush()

    async def lock(self, request_id: uuid.UUID) -> PrivacyRequest | None:
        """Return a request and hold its row to the end of the transaction."""
        query = select(PrivacyRequest).where(PrivacyRequest.id == request_id).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()

    async def by_id(self, request_id: uuid.UUID) -> PrivacyRequest | None:
        """Return a request for a job that was recorded with its id."""
        return await self._session.get(PrivacyRequest, request_id)

    async def newest(self, organization_id: uuid.UUID, most: int) -> list[PrivacyRequest]:
        """Return an organization's requests, newest first."""
        query = select(PrivacyRequest).where(PrivacyRequest.organization_id == organization_id)
        return [*(await self._session.execute(query.order_by(PrivacyRequest.id.desc()).limit(most))).scalars()]

    async def of_organization(self, organization_id: uuid.UUID, request_id: uuid.UUID) -> PrivacyRequest | None:
        """Return one request of an organization."""
        query = select(PrivacyRequest).where(
            PrivacyRequest.organization_id == organization_id, PrivacyRequest.id == request_id
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def stores_at(self, platform: str, address: str) -> list[Store]:
        """Return every organization's store at an address, in whatever state."""
        query = select(Store).where(Store.platform == platform, Store.url == address).order_by(Store.id)
        return [*(await self._session.execute(query)).scalars()]

    async def store(self, store_id: uuid.UUID) -> Store | None:
        """Return a store and hold its row to the end of the transaction."""
        query = select(Store).where(Store.id == store_id).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()

    async def webhook(self, webhook_id: int) -> ReceivedWebhook | None:
        """Return the delivery that a request came with."""
        return await self._session.get(ReceivedWebhook, webhook_id)

    async def holds_bodies(self, webhook: ReceivedWebhook) -> bool:
        """Tell whether anything else that came from the same address still has its body."""
        query = _bodies(webhook.platform, webhook.address, None, webhook.id).limit(1)
        return (await self._session.execute(query)).first() is not None

    async def bodies(
        self, webhook: ReceivedWebhook, organization_id: uuid.UUID | None, *, after: int, most: int, lock: bool = False
    ) -> Sequence[ReceivedWebhook]:
        """Return deliveries behind id *after* that came from the address of *webhook* and have a body, oldest first.

        Args:     organization_id: those of this organization and those that are nobody's yet.
        """
        query = _bodies(webhook.platform, webhook.address, organization_id, webhook.id)
        query = query.where(ReceivedWebhook.id > after).order_by(ReceivedWebhook.id).limit(most)
        query = query.with_for_update() if lock else query
        return (await self._session.execute(query)).scalars().all()

    async def empty_body(self, webhook_id: int) -> None:
        """Empty the body of the delivery a request came with, unless another request still needs it."""
        waiting = select(PrivacyRequest.id).where(PrivacyRequest.state == "open", _came_with(webhook_id)).exists()
        statement = update(ReceivedWebhook).where(ReceivedWebhook.id == webhook_id, ~waiting).values(body=b"")
        await self._session.execute(statement)

    async def exports_of(
        self, address: str, organization_id: uuid.UUID | None, customer_id: str | None = None
    ) -> list[PrivacyRequest]:
        """Return requests whose export is still there: about one customer, or about all of a shop."""
        query = select(PrivacyRequest).where(
            PrivacyRequest.address == address,
            PrivacyRequest.organization_id == organization_id,
            PrivacyRequest.export_key.is_not(None),
        )
        if customer_id is not None:
            query = query.where(PrivacyRequest.facts["customer_id"].astext == customer_id)
        return [*(await self._session.execute(query)).scalars()]

    async def exports_before(self, moment: datetime, most: int = 100) -> list[PrivacyRequest]:
        """Return requests that were answered before *moment* and whose export is still there."""
        query = select(PrivacyRequest).where(PrivacyRequest.export_key.is_not(None), PrivacyRequest.done_at < moment)
        return [*(await self._session.execute(query.limit(most))).scalars()]

    async def owners(self, organization_id: uuid.UUID) -> list[str]:
        """Return the e-mail addresses of an organization's owners."""
        query = (
            select(User.email)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organization_id == organization_id, Membership.role == "owner")
            .order_by(User.id)
        )
        return [*(await self._session.execute(query)).scalars()]

    async def forget_webhooks(self, webhook: ReceivedWebhook, organization_id: uuid.UUID | None) -> int:
        """Delete what else came from the same address; return how many."""
        statement = delete(ReceivedWebhook).where(
            ReceivedWebhook.platform == webhook.platform,
            ReceivedWebhook.address == webhook.address,
            ReceivedWebhook.id != webhook.id,
            _of(organization_id),
            ReceivedWebhook.state != "received",
        )
        return await self._touched(statement)

    async def delete_store(self, store: Store) -> dict[str, int]:
        """Delete a store's row and all that hangs on it, what happened to it too; return counts."""
        runs = delete(SyncRun).where(SyncRun.organization_id == store.organization_id, SyncRun.store_id == store.id)
        events = delete(Event).where(
            Event.organization_id == store.organization_id, Event.payload["store_id"].astext == str(store.id)
        )
        grants = delete(AccessGrant).where(
            AccessGrant.organization_id == store.organization_id, AccessGrant.store_url == store.url
        )
        counts = {"runs": await self._touched(runs), "events": await self._touched(events)}
        await self._session.execute(grants)
        # Credentials, consents and mailed links go with the row.
        await self._session.execute(delete(Store).where(Store.id == store.id))
        return counts

    async def forget_name(self, organization_id: uuid.UUID) -> None:
        """Take the name off an organization that nobody belongs to and that has no store: it was its shop's."""
        nobody = ~select(Membership.user_id).where(Membership.organization_id == Organization.id).exists()
        without = ~select(Store.id).where(Store.organization_id == Organization.id).exists()
        statement = update(Organization).where(Organization.id == organization_id, nobody, without)
        await self._session.execute(statement.values(name=ERASED))

    async def _touched(self, statement: Any) -> int:
        result: Any = await self._session.execute(statement)
        return int(result.rowcount)


def _bodies(platform: str, address: str, organization_id: uuid.UUID | None, other_than: int) -> Select[ReceivedWebhook]:
    return select(ReceivedWebhook).where(
        ReceivedWebhook.platform == platform,
        ReceivedWebhook.address == address,
        ReceivedWebhook.id != other_than,
        _HAS_BODY,
        _of(organization_id),
    )


def _of(organization_id: uuid.UUID | None) -> ColumnElement[bool]:
    nobodys = ReceivedWebhook.organization_id.is_(None)
    return nobodys if organization_id is None else or_(ReceivedWebhook.organization_id == organization_id, nobodys)


def _came_with(webhook_id: int) -> ColumnElement[bool]:
    named: ColumnElement[bool] = PrivacyRequest.facts["webhook_id"].astext == str(webhook_id)
    return named
