"""Silent registration by the plugin (contract rows S2S-04, S2S-05; decision G10)."""

import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.addresses import store_address
from backend.domain.access.signing_keys import SigningKeys
from backend.domain.access.tokens import TokenIssuer
from backend.domain.accounts.repository import AccountRepository
from backend.domain.accounts.rules import email_key
from backend.domain.accounts.service import AccountService
from backend.ports.store_platform import Platforms


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, alike for new and known e-mails."""

    token: str
    user_id: uuid.UUID
    """Of the new user; for a known e-mail an id that says nothing."""
    is_new: bool


class RegistrationService:
    """Registers stores' owners in the caller's transaction."""

    def __init__(
        self, session: AsyncSession, accounts: AccountService, keys: SigningKeys, platforms: Platforms
    ) -> None:
        self._platforms = platforms
        self._accounts = accounts
        self._users = AccountRepository(session)
        self._tokens = TokenIssuer(session, keys)

    async def register(self, email: str, platform: str, url: str) -> Registration:
        """Open an account for a new e-mail; a known one gets a token that sees nothing and changes nothing.

        Raises:   invalid EMAIL_INVALID, STORE_URL_INVALID, UNKNOWN_PLATFORM.
        """
        key = email_key(email)
        store_url = store_address(self._platforms, platform, url)
        opened = await self._accounts.open_account(key, store_url)
        if opened is not None:
            organization, user = opened
            issued = await self._tokens.proven(user.id, organization.id, store_url)
        else:
            known = await self._users.user_by_email(key)
            if known is None:
                raise RuntimeError("an e-mail is taken and has no user")
            issued = await self._tokens.unproven(known.id, store_url, email)
        return Registration(token=issued.token, user_id=issued.shown_user_id, is_new=opened is not None)
