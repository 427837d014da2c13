"""Who did it, for people: the e-mails behind the ids that history, runs and conflicts keep."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.kit.ids import parse_uuid
from backend.models.accounts import User


class People:
    """Reads names of users."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def names(self, actors: Iterable[str]) -> dict[str, str]:
        """Return what to call each actor: a user by e-mail ("" when there is none any more), others as they are."""
        asked = {text: parse_uuid(text) for text in set(actors)}
        ids = [one for one in asked.values() if one is not None]
        emails: dict[uuid.UUID, str] = {}
        if ids:
            rows = await self._session.execute(select(User.id, User.email).where(User.id.in_(ids)))
            emails = {row.id: row.email for row in rows}
        return {text: text if one is None else emails.get(one, "") for text, one in asked.items()}
