"""Whose secret signs what a platform sends: that of our app there, or one that only this store knows."""

import time
import uuid
from collections.abc import Mapping

import msgspec

from backend.domain.stores.credentials import CredentialsVault
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.subscriptions import WEBHOOK_SECRET
from backend.kit.crypto import Sealer
from backend.kit.discreet import Discreet
from backend.kit.errors import DomainError
from backend.kit.ids import parse_uuid
from backend.kit.transaction import Transactions

REMEMBERED_S = 30.0
ASK_AGAIN_S = 1.0
"""A signature that does not fit has the secret read again, but not more often than this for one store."""
MOST_REMEMBERED = 4_096


class Signer(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A store and the secrets that it may sign with; none when it is not connected."""

    store_id: uuid.UUID | None = None
    address: str = ""
    secrets: tuple[str, ...] = ()
    read_at_s: float = 0.0
    """`time.monotonic` of the look-up."""


NOBODY = Signer()


class Signers:
    """Finds secrets, and remembers those of stores for a few seconds.

    Args:     app_secrets: by platform, newest first; platforms where every store has its own are not in it.
    """

    def __init__(self, begin: Transactions, sealer: Sealer, app_secrets: Mapping[str, tuple[str, ...]]) -> None:
        self._begin = begin
        self._sealer = sealer
        self._app_secrets = app_secrets
        self._known: dict[tuple[str, str], Signer] = {}

    def of_app(self, platform: str) -> tuple[str, ...]:
        """Return the secrets of our app at a platform; empty when it has none, and then nothing is genuine."""
        return self._app_secrets.get(platform, ())

    async def of_store(self, platform: str, store_id: str, *, newer_than: Signer | None = None) -> Signer:
        """Return a store's signer, one without secrets when there is no such store or it is not connected.

        Args:     newer_than: what did not fit; read again unless that is as new as can be.
        """
        known = self._known.get((platform, store_id))
        if known is not None:
            age_s = time.monotonic() - known.read_at_s
            if age_s < (REMEMBERED_S if newer_than is None else ASK_AGAIN_S):
                return known
        found = await self._read(platform, store_id)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[platform, store_id] = found
        return found

    async def _read(self, platform: str, text: str) -> Signer:
        store_id = parse_uuid(text)
        if store_id is None:
            return NOBODY
        async with self._begin() as session:
            store = await StoreRepository(session).by_id(store_id)
            if store is None or store.platform != platform:
                return Signer(read_at_s=time.monotonic())
            try:
                credentials = await CredentialsVault(session, self._sealer).take(store)
            except DomainError:  # disconnected
                credentials = {}
        secret = credentials.get(WEBHOOK_SECRET)
        return Signer(
            store_id=store.id,
            address=store.url,
            secrets=(secret,) if secret else (),
            read_at_s=time.monotonic(),
        )
