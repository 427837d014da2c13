"""The one way to leave an entry that outlives what it speaks of."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.inbound import AuditEntry


class AuditTrail:
    """Writes entries in the caller's transaction: they exist exactly when what they tell of happened."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def record(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        organization_id: uuid.UUID | None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Record one entry.

        Args:     actor: a platform's name, `operator`, or a user's id. action: `area.verb_object`.
                  subject: what it was done to. facts: ids and counts, no personal data and no secrets.
        """
        entry = AuditEntry(
            organization_id=organization_id, actor=actor, action=action, subject=subject, facts=dict(facts or {})
        )
        self._session.add(entry)
