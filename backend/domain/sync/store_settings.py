"""Changing a store's settings, with what follows for what is due in it."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS
from backend.domain.audit.service import AuditTrail
from backend.domain.catalog.fields import GROUP_OF
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import visible_store
from backend.domain.stores.settings import GROUPS, HUB, STORE, StoreSettings, checked, settings_of, stored
from backend.domain.sync.due_repository import DueRepository
from backend.domain.sync.push_soon import STOCK, PushRequests
from backend.kit.errors import forbidden
from backend.ports.actor import Actor


class StoreSettingsService:
    """Shows and changes settings of the acting organization's stores, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._session = session
        self._requests = PushRequests(session, jobs)

    async def read(self, actor: Actor, store_id: uuid.UUID) -> StoreSettings:
        """Return a store's settings; raise not_found."""
        return settings_of((await visible_store(self._session, actor, store_id)).settings)

    async def change(self, actor: Actor, store_id: uuid.UUID, wanted: Mapping[str, Any]) -> StoreSettings:
        """Set a store's settings; what is absent goes back to its default.

        A group that the hub owns from now on is due wherever the store shows something else; guards look at that push
        as at any other. A group that the store owns is not due any more.

        Raises:   not_found; forbidden INSUFFICIENT_ROLE; invalid SETTINGS_INVALID.
        """
        if actor.role not in MANAGERS:
            raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may change a store's settings")
        settings = checked(wanted)
        store = await visible_store(self._session, actor, store_id)
        before = settings_of(store.settings)
        store.settings = stored(settings)
        now = {group: getattr(settings.owners, group) for group in GROUPS}
        moved = {group for group in GROUPS if now[group] != getattr(before.owners, group)}
        if moved:
            due = DueRepository(self._session, store.organization_id, store.id, store.currency or "")
            await due.own(
                hub=_fields(group for group in moved if now[group] == HUB),
                store=_fields(group for group in moved if now[group] == STORE),
            )
        await AuditTrail(self._session).record(
            actor=str(actor.user_id or "operator"),
            action="stores.change_settings",
            subject=str(store.id),
            organization_id=store.organization_id,
            facts={"before": stored(before), "after": store.settings},
        )
        await self._session.flush()
        await self._requests.soon(actor, [store.id])
        await self._requests.soon(actor, [store.id], kind=STOCK)
        return settings


def _fields(groups: Any) -> list[str]:
    wanted = set(groups)
    return [name for name, group in GROUP_OF.items() if group in wanted]
