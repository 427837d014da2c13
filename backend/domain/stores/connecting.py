"""Connecting a store: check the request, ask the store itself, then record (contract rows S2S-06..08, G10)."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.addresses import store_address
from backend.domain.access.repository import GrantRepository
from backend.domain.access.rules import MANAGERS, is_known_pair
from backend.domain.access.signing_keys import SigningKeys
from backend.domain.access.tokens import IssuedToken, TokenIssuer
from backend.domain.accounts.repository import AccountRepository
from backend.domain.accounts.rules import email_key
from backend.domain.accounts.service import AccountService
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.activation import OnConnected
from backend.domain.stores.recording import Shown, StoreRecording, identified
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.rules import MOST_PENDING, Outcome, decide, effective_url, store_held
from backend.kit.clock import utc_now
from backend.kit.crypto import Sealer
from backend.kit.discreet import Discreet
from backend.kit.errors import conflict, forbidden
from backend.kit.transaction import Transactions
from backend.models.accounts import User
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.store_platform import Platforms

PENDING_LIFE = timedelta(days=7)
MAIL_LINK_JOB = "stores.mail_attach_link"


class ConnectRequest(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A request whose address has its one spelling."""

    platform: str
    url: str
    credentials: dict[str, str]
    plugin_version: str | None = None


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a connect request by the plugin."""

    store_id: uuid.UUID
    token: str
    outcome: Outcome
    """`proven` or `waits`."""
    is_new: bool
    """False when this organization had the store connected before."""


class StoreConnecting:
    """The flow: no transaction is open while the store is asked."""

    def __init__(
        self,
        begin: Transactions,
        *,
        platforms: Platforms,
        sealer: Sealer,
        keys: SigningKeys,
        accounts: Callable[[AsyncSession], AccountService],
        jobs: Callable[[AsyncSession], JobRecorder],
        on_connected: OnConnected,
    ) -> None:
        self._begin = begin
        self._platforms = platforms
        self._sealer = sealer
        self._keys = keys
        self._accounts = accounts
        self._jobs = jobs
        self._on_connected = on_connected

    async def connect(self, request: ConnectRequest, email: str) -> Connected:
        """Connect a store for whoever shows working keys for it, as far as they prove control of the account.

        Raises:   invalid EMAIL_INVALID, STORE_URL_INVALID, UNKNOWN_PLATFORM or the store's cause; unauthenticated
                  and forbidden with the store's cause; upstream_failed; forbidden STORE_HELD.
        """
        key = email_key(email)
        request = self._spelled(request)
        shown = await self._shown(request)
        async with self._begin() as session:
            return await _Step(self, session, request.url, shown).for_email(key, email)

    async def connect_as(self, actor: Actor, request: ConnectRequest) -> Store:
        """Connect a store for a member who is logged in, or for the operator.

        Raises:   as `connect`; forbidden INSUFFICIENT_ROLE.
        """
        if actor.role not in MANAGERS:
            raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may connect stores")
        request = self._spelled(request)
        shown = await self._shown(request)
        async with self._begin() as session:
            recording = self._recording(session, shown)
            await recording.hold_address()
            await recording.refuse_held(actor.tenant)
            return (await recording.activate(actor.tenant))[0]

    def _recording(self, session: AsyncSession, shown: Shown) -> StoreRecording:
        return StoreRecording(session, self._sealer, self._on_connected, shown)

    def _spelled(self, request: ConnectRequest) -> ConnectRequest:
        return msgspec.structs.replace(request, url=store_address(self._platforms, request.platform, request.url))

    async def _shown(self, request: ConnectRequest) -> Shown:
        identity = await identified(self._platforms, request.platform, request.url, request.credentials)
        answered = store_address(self._platforms, request.platform, identity.url)
        return Shown(
            platform=request.platform,
            url=effective_url(request.url, answered),
            credentials=request.credentials,
            identity=identity,
            plugin_version=request.plugin_version,
        )


class _Step:
    """The recording transaction of one request."""

    def __init__(self, flow: StoreConnecting, session: AsyncSession, asked_url: str, shown: Shown) -> None:
        self._flow = flow
        self._session = session
        self._asked_url = asked_url
        self._shown = shown
        self._url = shown.url
        self._recording = flow._recording(session, shown)
        self._stores = StoreRepository(session)
        self._users = AccountRepository(session)
        self._grants = GrantRepository(session)
        self._tokens = TokenIssuer(session, flow._keys)

    async def for_email(self, key: str, email_as_given: str) -> Connected:
        await self._recording.hold_address()
        user = await self._users.user_by_email(key, lock=True)
        if user is None:
            await self._recording.refuse_held(None)
            opened = await self._flow._accounts(self._session).open_account(key, self._url)
            if opened is not None:
                return await self._proven(opened[1], opened[0].id)
            # Registered by another request this very moment: it is a known e-mail now.
            user = await self._users.user_by_email(key, lock=True)
            if user is None:
                raise RuntimeError("an e-mail is taken and has no user")
        return await self._for_known(user, email_as_given)

    async def _for_known(self, user: User, email_as_given: str) -> Connected:
        known = await self._organization_of_pair(user)
        organization_id = known or await self._first_organization(user)
        held = await self._recording.is_held_by_other(organization_id)
        outcome = decide(account_is_new=False, pair_is_known=known is not None, held_by_other=held)
        if outcome is Outcome.HELD:
            raise store_held()
        if outcome is Outcome.PROVEN:
            return await self._proven(user, organization_id)
        return await self._waits(user, organization_id, email_as_given)

    async def _organization_of_pair(self, user: User) -> uuid.UUID | None:
        """Return the organization that this user and address have proven to belong to, or None."""
        members = {row.organization_id for row in await self._users.memberships(user.id)}
        proofs = await self._stores.proofs(user.id, self._shown.platform, self._url)
        for url in self._spellings():
            proofs += await self._grants.proofs(user.id, url)
        for organization_id, proven_at in proofs:
            if organization_id in members and is_known_pair([proven_at], user.email_confirmed_at):
                return organization_id
        return None

    def _spellings(self) -> set[str]:
        """Return the address as asked for, which earlier tokens are bound to, and as the store is kept."""
        return {self._asked_url, self._url}

    async def _first_organization(self, user: User) -> uuid.UUID:
        memberships = await self._users.memberships(user.id)
        if not memberships:
            raise forbidden("NO_ORGANIZATION", "This account belongs to no organization")
        return memberships[0].organization_id

    async def _proven(self, user: User, organization_id: uuid.UUID) -> Connected:
        store, is_new = await self._recording.activate(organization_id)
        for url in self._spellings():
            await self._grants.revoke_pair(user.id, url)
        issued = await self._tokens.proven(user.id, organization_id, self._url)
        return _connected(store, issued, Outcome.PROVEN, is_new)

    async def _waits(self, user: User, organization_id: uuid.UUID, email_as_given: str) -> Connected:
        store = await self._recording.there(organization_id)
        is_new = store is None or store.connected_at is None
        if store is None:
            await self._make_room(organization_id)
            store = await self._recording.add(organization_id)
        if store.state in ("pending", "disconnected"):
            store.state = "pending"
            await self._recording.keep(store)
        issued = await self._tokens.unproven(user.id, self._url, email_as_given, store.id)
        payload = {"user_id": str(user.id), "store_id": str(store.id)}
        await self._flow._jobs(self._session).record(
            MAIL_LINK_JOB,
            payload,
            organization_id=organization_id,
            unique_key=f"{MAIL_LINK_JOB}:{user.id}:{store.id}",
        )
        return _connected(store, issued, Outcome.WAITS, is_new)

    async def _make_room(self, organization_id: uuid.UUID) -> None:
        await self._stores.forget_pending_before(organization_id, utc_now() - PENDING_LIFE)
        if await self._stores.count_pending(organization_id) >= MOST_PENDING:
            raise conflict("TOO_MANY_PENDING", "Too many stores wait for confirmation in this account")


def _connected(store: Store, issued: IssuedToken, outcome: Outcome, is_new: bool) -> Connected:
    return Connected(store_id=store.id, token=issued.token, outcome=outcome, is_new=is_new)
