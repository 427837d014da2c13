"""What an account sees of its stores, and letting one go (contract rows S2S-09, S2S-10)."""

import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.repository import GrantRepository
from backend.domain.access.rules import MANAGERS, ROLE_PLUGIN
from backend.domain.accounts.service import AccountService
from backend.domain.events.service import EventRecorder
from backend.domain.events.types import StoreDisconnected
from backend.domain.stores.repository import CredentialsRepository, StoreRepository
from backend.kit.clock import utc_now
from backend.kit.errors import forbidden, invalid, not_found
from backend.models.stores import Store
from backend.ports.actor import Actor


class AccountStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a token may know of its account; plan and name are None until control is proven."""

    connected: bool
    email: str
    plan: str | None = None
    organization_name: str | None = None


class StoreService:
    """Stores of the acting organization, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, accounts: AccountService, events: EventRecorder) -> None:
        self._accounts = accounts
        self._events = events
        self._stores = StoreRepository(session)
        self._credentials = CredentialsRepository(session)
        self._grants = GrantRepository(session)

    async def account_status(self, actor: Actor) -> AccountStatus:
        """Return the status; `connected`: the token's own store, or any store for a member, is active."""
        if actor.organization_id is None:
            return AccountStatus(connected=False, email=actor.email)
        organization = await self._accounts.organization(actor)
        stores = await self._stores.all_of(actor)
        return AccountStatus(
            connected=any(store.state == "active" for store in stores),
            email=actor.email,
            plan=organization.plan,
            organization_name=organization.name,
        )

    async def stores(self, actor: Actor) -> list[Store]:
        """Return the stores the actor sees, oldest first, in every state."""
        return await self._stores.all_of(actor)

    async def store(self, actor: Actor, store_id: uuid.UUID) -> Store:
        """Return one store; raise not_found."""
        store = await self._stores.find(actor, store_id)
        if store is None:
            raise not_found("Store")
        return store

    async def disconnect(self, actor: Actor, store_id: uuid.UUID | None = None) -> Store:
        """Delete a store's credentials and deactivate it; harmless when it is disconnected already.

        A store that lets go keeps its token, to see that it did; one that is let go by a member loses it.

        Args:     store_id: None means the token's own store, or the only one.
        Raises:   not_found; invalid CHANNEL_REQUIRED when there are several; forbidden INSUFFICIENT_ROLE.
        """
        store = await self.meant(actor, store_id)
        await self._credentials.delete(store.id)
        if actor.role != ROLE_PLUGIN:
            await self._grants.revoke_store(store.organization_id, store.url)
        if store.state != "disconnected":
            store.state, store.state_reason, store.disconnected_at = "disconnected", None, utc_now()
            await self._events.record(store.organization_id, StoreDisconnected(store_id=str(store.id)))
        return store

    async def meant(self, actor: Actor, store_id: uuid.UUID | None) -> Store:
        """Return the store that is to be let go and hold its row; see `disconnect`."""
        if actor.role not in MANAGERS and actor.role != ROLE_PLUGIN:
            raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may disconnect stores")
        if store_id is not None:
            found = await self._stores.find(actor, store_id, lock=True)
            if found is None:
                raise not_found("Store")
            return found
        stores = await self._stores.all_of(actor, lock=True)
        candidates = [store for store in stores if store.state != "disconnected"] or stores
        if not candidates:
            raise not_found("Store")
        if len(candidates) > 1:
            raise invalid(
                "CHANNEL_REQUIRED", "channelId: say which store is meant, there is more than one", field="channelId"
            )
        return candidates[0]
