"""Getting a shop's tokens for a proof that Shopify gave, and connecting the shop with them: one at a time per shop.

Each exchange ends the tokens of the one before. Two at once could keep the ones that are dead already, so a lease on
the shop's address lets one finish first; it runs out by itself when its holder dies.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.activation import OnConnected
from backend.domain.stores.recording import CONNECT_TIMEOUT_S, Shown, StoreRecording, identified
from backend.domain.stores.repository import ExchangeRepository
from backend.domain.stores.rules import refusal
from backend.kit.crypto import Sealer
from backend.kit.errors import DomainError, ErrorKind
from backend.kit.ids import uuid7
from backend.kit.outages import is_outage
from backend.kit.transaction import Transactions
from backend.ports.platform_errors import Cause, PlatformError, StoreUnavailable
from backend.ports.shopify_app import Credentials
from backend.ports.store_platform import Platforms

T = TypeVar("T")

PLATFORM = "shopify"
EXCHANGE_TIMEOUT_S = 20.0
LEASE_S = EXCHANGE_TIMEOUT_S + CONNECT_TIMEOUT_S + 15.0
PATIENCE_S = 15.0
"""How long a browser waits for another connect of the same shop."""
_LOOK_S = 0.2


class TokenExchange:
    """Obtain (network) -> ask the shop who it is (network) -> record (transaction), under the shop's lease."""

    def __init__(self, begin: Transactions, *, platforms: Platforms, sealer: Sealer, on_connected: OnConnected) -> None:
        self._begin = begin
        self._platforms = platforms
        self._sealer = sealer
        self._on_connected = on_connected

    @asynccontextmanager
    async def alone(self, address: str) -> AsyncIterator[None]:
        """Keep others from exchanging tokens of a shop meanwhile.

        Raises:   upstream_failed SHOP_BUSY when somebody else does not get done.
        """
        holder = uuid7()
        await self._wait_for(address, holder)
        try:
            yield
        finally:
            await self._release(address, holder)

    async def connect(
        self,
        address: str,
        obtain: Awaitable[Credentials],
        record: Callable[[AsyncSession, StoreRecording], Awaitable[T]],
    ) -> T:
        """Turn a proof into tokens and record the shop they open; to be called inside `alone`.

        Args:     record: called in the recording transaction, with the address held.
        Raises:   DomainError with the shop's cause; whatever *record* raises.
        """
        credentials = await _obtained(obtain)
        identity = await identified(self._platforms, PLATFORM, address, credentials)
        shown = Shown(platform=PLATFORM, url=address, credentials=credentials, identity=identity)
        async with self._begin() as session:
            recording = StoreRecording(session, self._sealer, self._on_connected, shown)
            await recording.hold_address()
            return await record(session, recording)

    async def _wait_for(self, address: str, holder: uuid.UUID) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    if await self._take(address, holder):
                        return
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            message = "This shop is being connected by somebody else at this moment; try again in a minute"
            raise DomainError(ErrorKind.UPSTREAM_FAILED, "SHOP_BUSY", message) from None

    async def _take(self, address: str, holder: uuid.UUID) -> bool:
        async with self._begin() as session:
            return await ExchangeRepository(session).take(PLATFORM, address, holder, LEASE_S)

    async def _release(self, address: str, holder: uuid.UUID) -> None:
        try:
            async with self._begin() as session:
                await ExchangeRepository(session).release(PLATFORM, address, holder)
        except Exception as error:
            # What was recorded is recorded; the lease runs out.
            if not is_outage(error):
                raise


async def _obtained(obtain: Awaitable[Credentials]) -> Credentials:
    try:
        async with asyncio.timeout(EXCHANGE_TIMEOUT_S):
            return await obtain
    except PlatformError as error:
        raise refusal(error) from None
    except TimeoutError:
        slow = StoreUnavailable(Cause.TIMEOUT, "Shopify took too long to answer; try again")
        raise refusal(slow) from None
