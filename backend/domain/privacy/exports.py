"""Exports hold personal data: handed to those who may see them, and removed when they are not needed any more."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.privacy.repository import PrivacyRepository
from backend.domain.privacy.requests import PrivacyService
from backend.kit.clock import utc_now
from backend.kit.errors import not_found
from backend.kit.transaction import Transactions
from backend.ports.actor import Actor
from backend.ports.blob_store import BlobStore

EXPORT_LIFE = timedelta(days=30)


class PrivacyExports:
    """Reads and removes export files."""

    def __init__(
        self, begin: Transactions, blobs: BlobStore, service: Callable[[AsyncSession], PrivacyService] = PrivacyService
    ) -> None:
        self._begin = begin
        self._blobs = blobs
        self._service = service

    async def fetch(self, actor: Actor, request_id: uuid.UUID) -> bytes:
        """Return an export; who fetched it is on record. Raise not_found, forbidden."""
        async with self._begin() as session:
            key = await self._service(session).export_key(actor, request_id)
        try:
            return await self._blobs.read(key)
        except KeyError:
            raise not_found("Export") from None

    async def remove_old(self) -> int:
        """Remove exports made more than `EXPORT_LIFE` ago; return how many. Safe to repeat: the file goes first."""
        async with self._begin() as session:
            old = await PrivacyRepository(session).exports_before(utc_now() - EXPORT_LIFE)
        for export in old:
            await self._blobs.delete(export.export_key or "")
            async with self._begin() as session:
                locked = await PrivacyRepository(session).lock(export.id)
                if locked is not None:
                    locked.export_key = None
        return len(old)
