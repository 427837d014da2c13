"""Every query on stores and their credentials."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.rules import HELD_STATES, OPENED_AT
from backend.kit.ids import uuid7
from backend.models.accounts import Membership
from backend.models.stores import OAuthState, Store, StoreCredentials, TokenExchange
from backend.ports.actor import Actor


class StoreRepository:
    """Reads and writes `stores`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def visible_to(self, actor: Actor) -> Select[Store]:
        """Return the query every read starts from; a plugin token sees the one store it is bound to."""
        query = select(Store).where(Store.organization_id == actor.tenant)
        return query.where(Store.url == actor.store_url) if actor.store_url else query

    async def find(self, actor: Actor, store_id: uuid.UUID, *, lock: bool = False) -> Store | None:
        """Return one store; `lock` holds its row to the end of the transaction."""
        query = self.visible_to(actor).where(Store.id == store_id)
        return await self._one(query.with_for_update() if lock else query)

    async def by_id(self, store_id: uuid.UUID) -> Store | None:
        """Return a store for a job that was recorded with its id."""
        return await self._session.get(Store, store_id)

    async def locked(self, store_id: uuid.UUID) -> Store | None:
        """Return a store and hold its row to the end of the transaction."""
        return await self._one(select(Store).where(Store.id == store_id).with_for_update())

    async def known_at(self, platform: str, url: str) -> Store | None:
        """Return the store that an address means: the one that is held, else the one that was connected last."""
        query = (
            select(Store)
            .where(Store.platform == platform, Store.url == url, Store.connected_at.is_not(None))
            .order_by(Store.state.in_(HELD_STATES).desc(), Store.connected_at.desc())
            .limit(1)
        )
        return await self._one(query)

    async def note_opened(self, store: Store, at: datetime) -> None:
        """Note that a shop opened us, unless a later moment is noted already; *store* stays as it was read."""
        moment = at.astimezone(UTC).isoformat()
        earlier = func.coalesce(Store.facts[OPENED_AT].astext, "") < moment
        facts = Store.facts.op("||")(func.jsonb_build_object(OPENED_AT, moment))
        statement = update(Store).where(Store.id == store.id, earlier).values(facts=facts)
        await self._session.execute(statement.execution_options(synchronize_session=False))

    async def all_of(self, actor: Actor, *, lock: bool = False) -> list[Store]:
        """Return all stores, oldest first."""
        query = self.visible_to(actor).order_by(Store.id)
        query = query.with_for_update() if lock else query
        return [*(await self._session.execute(query)).scalars()]

    async def lock_address(self, platform: str, url: str) -> None:
        """Let nobody else connect this address until the transaction ends."""
        await self._session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"store:{platform}:{url}"}
        )

    async def is_held_by_other(self, organization_id: uuid.UUID | None, platform: str, url: str) -> bool:
        """Tell whether an organization other than the given one holds this address."""
        query = select(Store.id).where(Store.platform == platform, Store.url == url, Store.state.in_(HELD_STATES))
        if organization_id is not None:
            query = query.where(Store.organization_id != organization_id)
        return (await self._session.execute(query.limit(1))).first() is not None

    async def at_address(self, organization_id: uuid.UUID, platform: str, url: str) -> Store | None:
        """Return an organization's store at an address and hold its row."""
        query = select(Store).where(
            Store.organization_id == organization_id, Store.platform == platform, Store.url == url
        )
        return await self._one(query.with_for_update())

    async def proofs(self, user_id: uuid.UUID, platform: str, url: str) -> list[tuple[uuid.UUID, datetime]]:
        """Return (organization, when) of this address's connections to the organizations of one user; newest first."""
        query = (
            select(Store.organization_id, Store.connected_at)
            .join(Membership, Membership.organization_id == Store.organization_id)
            .where(
                Membership.user_id == user_id,
                Store.platform == platform,
                Store.url == url,
                Store.connected_at.is_not(None),
            )
            .order_by(Store.connected_at.desc())
        )
        return [(row[0], row[1]) for row in await self._session.execute(query) if row[1] is not None]

    async def add(self, **values: Any) -> Store:
        """Add one store."""
        store = Store(id=uuid7(), facts={}, **values)
        self._session.add(store)
        await self._session.flush()
        return store

    async def count_pending(self, organization_id: uuid.UUID) -> int:
        """Count the stores that wait for their owner's confirmation."""
        query = select(func.count()).where(Store.organization_id == organization_id, Store.state == "pending")
        return (await self._session.execute(query)).scalar_one()

    async def forget_pending_before(self, organization_id: uuid.UUID, moment: datetime) -> None:
        """Drop stores that nobody confirmed, with their credentials; those connected once stay."""
        statement = delete(Store).where(
            Store.organization_id == organization_id,
            Store.state == "pending",
            Store.connected_at.is_(None),
            Store.created_at < moment,
        )
        await self._session.execute(statement)

    async def _one(self, query: Select[Store]) -> Store | None:
        return (await self._session.execute(query)).scalar_one_or_none()


class CredentialsRepository:
    """Reads and writes `store_credentials`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def sealed(self, organization_id: uuid.UUID, store_id: uuid.UUID) -> bytes | None:
        """Return a store's sealed credentials."""
        query = select(StoreCredentials.sealed).where(
            StoreCredentials.organization_id == organization_id, StoreCredentials.store_id == store_id
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def locked(self, store_id: uuid.UUID) -> tuple[StoreCredentials, datetime] | None:
        """Return a store's row, held to the end of the transaction, and what time the database has."""
        query = (
            select(StoreCredentials, func.clock_timestamp())
            .where(StoreCredentials.store_id == store_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = (await self._session.execute(query)).one_or_none()
        return (found[0], found[1]) if found else None

    async def put(self, store: Store, sealed: bytes, key_id: str) -> None:
        """Store credentials in place of those there were; whoever renews those meanwhile has lost."""
        values = {"sealed": sealed, "key_id": key_id, "renewing_until": None, "updated_at": func.now()}
        statement = (
            insert(StoreCredentials)
            .values(store_id=store.id, organization_id=store.organization_id, **values)
            .on_conflict_do_update(index_elements=["store_id"], set_=values)
        )
        await self._session.execute(statement)

    async def delete(self, store_id: uuid.UUID) -> None:
        """Delete a store's credentials."""
        await self._session.execute(delete(StoreCredentials).where(StoreCredentials.store_id == store_id))

    async def sealed_under_other_keys(self, key_id: str, most: int) -> list[StoreCredentials]:
        """Return rows that another key than *key_id* sealed, held to the end of the transaction."""
        query = (
            select(StoreCredentials)
            .where(StoreCredentials.key_id != key_id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        return [*(await self._session.execute(query)).scalars()]


class ConsentRepository:
    """Reads and writes `oauth_states`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, **values: Any) -> None:
        """Add one state."""
        self._session.add(OAuthState(**values))
        await self._session.flush()

    async def locked(self, state_hash: bytes) -> OAuthState | None:
        """Return one state and hold its row to the end of the transaction."""
        query = select(OAuthState).where(OAuthState.state_hash == state_hash).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()

    async def forget_expired(self, before: datetime) -> None:
        """Delete states that ended before a moment."""
        await self._session.execute(delete(OAuthState).where(OAuthState.expires_at < before))


class ExchangeRepository:
    """Reads and writes `token_exchanges`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take(self, platform: str, address: str, holder: uuid.UUID, life_s: float) -> bool:
        """Take the lease of an address when nobody holds it; tell whether it is ours."""
        until = func.clock_timestamp() + timedelta(seconds=life_s)
        values = {"holder": holder, "lease_until": until}
        statement = (
            insert(TokenExchange)
            .values(platform=platform, address=address, **values)
            .on_conflict_do_update(
                index_elements=["platform", "address"],
                set_=values,
                where=TokenExchange.lease_until < func.clock_timestamp(),
            )
            .returning(TokenExchange.holder)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() == holder

    async def release(self, platform: str, address: str, holder: uuid.UUID) -> None:
        """End the lease, if it is still the holder's."""
        statement = delete(TokenExchange).where(
            TokenExchange.platform == platform, TokenExchange.address == address, TokenExchange.holder == holder
        )
        await self._session.execute(statement)

    async def is_taken(self, platform: str, address: str) -> bool:
        """Tell whether somebody exchanges tokens of an address now."""
        query = select(TokenExchange.holder).where(
            TokenExchange.platform == platform,
            TokenExchange.address == address,
            TokenExchange.lease_until >= func.clock_timestamp(),
        )
        return (await self._session.execute(query)).first() is not None
