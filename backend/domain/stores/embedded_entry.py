"""Who stands at the door when Shopify's admin opens us inside a shop: the shop itself, by a signed ID token."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.addresses import store_address
from backend.domain.access.rules import ROLE_PLUGIN
from backend.domain.accounts.service import AccountService
from backend.domain.stores.recording import StoreRecording
from backend.domain.stores.repository import CredentialsRepository, StoreRepository
from backend.domain.stores.token_exchange import PLATFORM, TokenExchange
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.shopify_app import ShopifyApp
from backend.ports.store_platform import Platforms


class EmbeddedVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant inside their shop's admin."""

    actor: Actor
    """Of the shop's organization, bound to this one store: it sees and manages nothing else."""
    store: Store
    user_id: str
    """Of the person in the shop, by Shopify's count; not one of our users."""


class EmbeddedEntry:
    """Lets a shop in; its first visit, and the first after it was let go, connect it (managed installation).

    A shop belongs to the organization that holds it, or connected it last. One that nobody knows gets an organization
    of its own without a login: the e-mail that a shop shows proves nothing (decision G10).
    """

    def __init__(
        self,
        begin: Transactions,
        *,
        app: ShopifyApp,
        platforms: Platforms,
        exchange: TokenExchange,
        accounts: Callable[[AsyncSession], AccountService],
    ) -> None:
        self._begin = begin
        self._app = app
        self._platforms = platforms
        self._exchange = exchange
        self._accounts = accounts

    async def enter(self, id_token: str) -> EmbeddedVisit:
        """Let in whoever bears an ID token; the token is neither stored nor logged.

        Returns:  The store is active, or `needs_reauth` when it is held and could not be connected again just now.
        Raises:   NotGenuine: ask App Bridge for a fresh token; DomainError with the shop's cause when it could not be
                  connected, upstream_failed when Shopify did not answer.
        """
        seen = self._app.check_id_token(id_token, utc_now())
        address = store_address(self._platforms, PLATFORM, seen.shop)
        store = await self._open(address, seen.issued_at)
        if store is None:
            async with self._exchange.alone(address):
                # Another window may have connected it while we waited.
                store = await self._open(address, seen.issued_at)
                store = store or await self._connect_or_show(address, seen.shop, id_token)
        actor = Actor(organization_id=store.organization_id, role=ROLE_PLUGIN, store_url=store.url)
        return EmbeddedVisit(actor=actor, store=store, user_id=seen.user_id)

    async def _open(self, address: str, at: datetime) -> Store | None:
        """Return the shop's store when it is in use and we hold its tokens, and note that it was opened."""
        async with self._begin() as session:
            rows = StoreRepository(session)
            store = await rows.known_at(PLATFORM, address)
            if store is None or store.state != "active":
                return None
            if await CredentialsRepository(session).sealed(store.organization_id, store.id) is None:
                return None
            await rows.note_opened(store, at)
            return store

    async def _connect_or_show(self, address: str, shop: str, id_token: str) -> Store:
        """Connect the shop; one that waits for just this may look at what it has when that fails."""
        try:
            return await self._connect(address, shop, id_token)
        except DomainError:
            async with self._begin() as session:
                store = await StoreRepository(session).known_at(PLATFORM, address)
            if store is None or store.state != "needs_reauth":
                raise
            return store

    async def _connect(self, address: str, shop: str, id_token: str) -> Store:
        async def record(session: AsyncSession, recording: StoreRecording) -> Store:
            known = await StoreRepository(session).known_at(PLATFORM, address)
            if known is not None:
                return (await recording.activate(known.organization_id))[0]
            organization = await self._accounts(session).open_without_login(recording.name or shop)
            return (await recording.activate(organization.id))[0]

        return await self._exchange.connect(address, self._app.exchange_id_token(shop, id_token), record)
