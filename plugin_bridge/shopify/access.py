"""The access token of one shop: asked for with each request, renewed a little before it ends."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from backend.kit.clock import utc_now
from backend.ports.platform_errors import StoreUnavailable
from backend.ports.store_platform import CredentialRenewal

log = structlog.get_logger()

EARLY = timedelta(minutes=5)
"""A token that lasts no longer than this is renewed before it is used."""


class ShopAccess:
    """Holds the credentials of one shop for as long as the shop is open; prints none of them.

    Args:     credentials: `access_token` and `expires_at` (ISO, "" = unknown) are read here, the rest is passed on.
              renewal: brings newer ones; None: these are all there are.
    """

    def __init__(
        self,
        credentials: Mapping[str, str],
        renewal: CredentialRenewal | None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._credentials = credentials
        self._renewal = renewal
        self._clock = clock
        self._renewing = asyncio.Lock()

    def __repr__(self) -> str:
        """Hide everything, whoever prints this."""
        return "ShopAccess(***)"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return tuple(self._credentials.get(name, "") for name in ("access_token", "refresh_token"))

    async def token(self) -> str:
        """Return a token that is good for some minutes more.

        Raises:   StoreRefused, StoreUnavailable when an ended token could not be renewed.
        """
        used, ends_at = self._token, self._ends_at
        if ends_at is not None and ends_at - self._clock() < EARLY and self._renewal is not None:
            try:
                await self.renew(used)
            except StoreUnavailable as error:
                if ends_at <= self._clock():
                    raise
                log.warning("shopify.token_not_renewed_yet", cause=str(error.cause))
        return self._token

    async def renew(self, used: str) -> bool:
        """Have another token than *used*; False when none can be had.

        Raises:   as `CredentialRenewal`.
        """
        async with self._renewing:
            if self._token == used:
                if self._renewal is None:
                    return False
                self._credentials = await self._renewal(self._credentials)
            return self._token != used

    @property
    def _token(self) -> str:
        return self._credentials.get("access_token", "")

    @property
    def _ends_at(self) -> datetime | None:
        try:
            moment = datetime.fromisoformat(self._credentials.get("expires_at", ""))
        except ValueError:
            return None
        return moment if moment.tzinfo is not None else None
