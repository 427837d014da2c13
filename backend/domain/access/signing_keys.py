"""The keys that sign our tokens: sealed in the database, opened once in a while, rotated without downtime."""

import asyncio
import os
import time
import uuid
from datetime import timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.repository import SigningKeyRepository
from backend.domain.access.rules import LONGEST_TOKEN_LIFE
from backend.kit.clock import utc_now
from backend.kit.crypto import Sealer
from backend.kit.transaction import Transactions

REMEMBER_S = 60.0
"""A key rotated by another process signs here for at most this long; it still verifies there."""
LOOK_AGAIN_S = 1.0
"""Pause between two looks for an unknown key id, so that made-up ids cost no query each."""


_A_WHILE = timedelta(days=1)  # the database's clock may be ahead of ours


class OpenKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key ready for use; `id` is the token header's `kid`."""

    id: uuid.UUID
    secret: bytes
    signs: bool


class SigningKeys:
    """The keys as one process knows them; shared by all its requests.

    Args:     begin: the first key is made in a transaction of its own, for what signs must outlive a rollback.
    """

    def __init__(self, begin: Transactions, sealer: Sealer) -> None:
        self._begin = begin
        self._sealer = sealer
        self._making = asyncio.Lock()
        self._keys: dict[str, OpenKey] = {}
        self._read_at = float("-inf")

    async def signing(self, session: AsyncSession) -> OpenKey:
        """Return the key that signs now; the first one is made here."""
        if time.monotonic() - self._read_at > REMEMBER_S:
            await self._read(session)
        if self._newest() is None:
            await self._make_first()
            await self._read(session)
        key = self._newest()
        if key is None:
            raise RuntimeError("a signing key was added and cannot be found")
        return key

    async def verifying(self, session: AsyncSession, key_id: str) -> OpenKey | None:
        """Return the key of an id, or None when there is none (any more)."""
        age_s = time.monotonic() - self._read_at
        if age_s > REMEMBER_S or (key_id not in self._keys and age_s > LOOK_AGAIN_S):
            await self._read(session)
        return self._keys.get(key_id)

    async def rotate(self, session: AsyncSession, *, forget_old: bool = False) -> uuid.UUID:
        """Make a new key that signs from now on; return its id.

        Args:     forget_old: the old keys verify nothing any more either, so every token is void: for a stolen key.
        """
        rows = SigningKeyRepository(session)
        await rows.retire_all()
        await rows.delete_retired_before(utc_now() + _A_WHILE if forget_old else utc_now() - LONGEST_TOKEN_LIFE)
        key = await rows.add(self._sealer.seal(os.urandom(32)))
        self._read_at = float("-inf")
        return key.id

    async def reseal(self, session: AsyncSession) -> int:
        """Seal every key anew under the newest STORELOOM_SECRET_KEYS entry; return how many."""
        keys = await SigningKeyRepository(session).all()
        for key in keys:
            key.sealed = self._sealer.reseal(key.sealed)
        return len(keys)

    async def _make_first(self) -> None:
        async with self._making, self._begin() as session:
            rows = SigningKeyRepository(session)
            if all(key.retired_at is not None for key in await rows.all()):
                await rows.add(self._sealer.seal(os.urandom(32)))

    async def _read(self, session: AsyncSession) -> None:
        rows = await SigningKeyRepository(session).all()
        self._keys = {
            str(row.id): OpenKey(id=row.id, secret=self._sealer.open(row.sealed), signs=row.retired_at is None)
            for row in rows
        }
        self._read_at = time.monotonic()

    def _newest(self) -> OpenKey | None:
        return next((key for key in self._keys.values() if key.signs), None)
