"""Single-use links: a random token that only the mail knows, its hash in the database."""

import secrets
import uuid
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.repository import MailedLinkRepository
from backend.domain.access.rules import MAILS_PER_HOUR
from backend.kit.clock import utc_now
from backend.kit.crypto import token_hash
from backend.kit.errors import invalid
from backend.models.accounts import MailedLink

PASSWORD = "password"
ATTACH_STORE = "attach_store"
KEEP_USED = timedelta(days=7)
_MAX_TOKEN = 200


class MailedLinks:
    """Makes links and takes them in, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = MailedLinkRepository(session)

    async def make(
        self, user_id: uuid.UUID, purpose: str, life: timedelta, store_id: uuid.UUID | None = None
    ) -> str | None:
        """Return the token of a new link, or None when enough links were mailed within the hour."""
        recent = await self._rows.made_since(user_id, purpose, utc_now() - timedelta(hours=1))
        if recent >= MAILS_PER_HOUR:
            return None
        await self._rows.forget_before(user_id, utc_now() - KEEP_USED)
        token = secrets.token_urlsafe(32)
        await self._rows.add(
            token_hash=token_hash(token),
            purpose=purpose,
            user_id=user_id,
            store_id=store_id,
            expires_at=utc_now() + life,
        )
        return token

    async def take(self, token: str, purpose: str) -> MailedLink:
        """Use up the link of a token and return it.

        Raises:   invalid LINK_INVALID: unknown, used or expired, the same for all.
        """
        link = await self.look(token, purpose)
        link.used_at = utc_now()
        return link

    async def look(self, token: str, purpose: str) -> MailedLink:
        """Return the link of a token and leave it usable; raise as `take` does."""
        link = None
        if token and len(token) <= _MAX_TOKEN and token.isascii():
            link = await self._rows.usable(token_hash(token), purpose)
        if link is None:
            raise invalid("LINK_INVALID", "This link was used already or has expired; ask for a new one")
        return link

    async def use_up(self, user_id: uuid.UUID, purpose: str) -> None:
        """Make a user's other links of one purpose useless."""
        await self._rows.use_up(user_id, purpose)
