"""Erasing a shop: everything that one store brought, in steps that may each be repeated."""

from datetime import datetime
from typing import Any

from backend.domain.catalog.erasure import CatalogErasure
from backend.domain.privacy.repository import PrivacyRepository
from backend.domain.privacy.rules import is_installed_again
from backend.kit.transaction import Transactions
from backend.models.inbound import PrivacyRequest, ReceivedWebhook
from backend.ports.blob_store import BlobStore


class ShopErasure:
    """Erases what the request names. The store's row goes last: until then a repetition finds its way."""

    def __init__(self, begin: Transactions, blobs: BlobStore) -> None:
        self._begin = begin
        self._blobs = blobs

    async def erase(self, request: PrivacyRequest, webhook: ReceivedWebhook) -> tuple[str, dict[str, Any]]:
        """Return the state the request ends in, `done` or `dropped`, and counts.

        Stops where it is when the shop is installed again meanwhile: what was erased comes back with its first pull.
        """
        products = 0
        while (erased := await self._erase_batch(request)) is not None and erased > 0:
            products += erased
        if erased is None:
            return "dropped", {"reason": "installed_again", "products": products}
        await self._forget_exports(request)
        async with self._begin() as session:
            rows = PrivacyRepository(session)
            counts: dict[str, Any] = {"products": products}
            store = await rows.store(request.store_id) if request.store_id else None
            if store is not None:
                if is_installed_again(store, _happened_at(request)):
                    return "dropped", {"reason": "installed_again", "products": products}
                await CatalogErasure(session, store.organization_id, store.id).erase_rest()
                counts |= await rows.delete_store(store)
                await rows.forget_name(store.organization_id)
            counts["webhooks"] = await rows.forget_webhooks(webhook, request.organization_id)
        return "done", counts

    async def _erase_batch(self, request: PrivacyRequest) -> int | None:
        """Erase a part of the catalog; None when the shop must not be erased."""
        if request.store_id is None:
            return 0
        async with self._begin() as session:
            # Held to the end of the step: nobody connects the store while its catalog is taken apart.
            store = await PrivacyRepository(session).store(request.store_id)
            if store is None:
                return 0
            if is_installed_again(store, _happened_at(request)):
                return None
            return await CatalogErasure(session, store.organization_id, store.id).erase_batch()

    async def _forget_exports(self, request: PrivacyRequest) -> None:
        async with self._begin() as session:
            exports = await PrivacyRepository(session).exports_of(request.address, request.organization_id)
        for export in exports:
            await self._blobs.delete(export.export_key or "")
        async with self._begin() as session:
            for export in exports:
                locked = await PrivacyRepository(session).lock(export.id)
                if locked is not None:
                    locked.export_key = None


def _happened_at(request: PrivacyRequest) -> datetime:
    return datetime.fromisoformat(str(request.facts["triggered_at"]))
