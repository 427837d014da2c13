"""Every query on what API keys were used for."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import CursorResult, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.pricing import KeyUse
from backend.ports.actor import Actor

# The organization is the key's: a key that was deleted meanwhile has no uses.
_ADD = text("""
INSERT INTO key_uses (organization_id, key_id, method, endpoint, status, latency_ms, address, used_at)
SELECT k.organization_id, k.id, u.method, u.endpoint, u.status, u.latency_ms, u.address, u.used_at
FROM unnest(cast(:keys AS uuid[]), cast(:methods AS text[]), cast(:endpoints AS text[]), cast(:statuses AS int[]),
            cast(:latencies AS int[]), cast(:addresses AS text[]), cast(:moments AS timestamptz[]))
     WITH ORDINALITY AS u(key_id, method, endpoint, status, latency_ms, address, used_at, nth)
JOIN api_keys k ON k.id = u.key_id
ORDER BY u.nth
""")
# Rows are locked in one order, so that two processes that write at once wait and do not block each other.
_COUNT = text("""
WITH told AS (
    SELECT * FROM unnest(cast(:keys AS uuid[]), cast(:requests AS bigint[]), cast(:failed AS bigint[]),
                         cast(:moments AS timestamptz[])) AS t(key_id, requests, failed, last_at)
), held AS (
    SELECT k.id FROM api_keys k WHERE k.id = ANY(cast(:keys AS uuid[])) ORDER BY k.id FOR NO KEY UPDATE
)
UPDATE api_keys k
SET total_requests = k.total_requests + t.requests, failed_requests = k.failed_requests + t.failed,
    last_used_at = greatest(k.last_used_at, t.last_at)
FROM told t JOIN held h ON h.id = t.key_id
WHERE k.id = t.key_id
""")
# Keys have few rows and an index leads to the oldest use of each, so a look costs a probe for each key.
_FORGET = text("""
DELETE FROM key_uses u
USING (
    SELECT old.organization_id, old.id
    FROM api_keys k
    CROSS JOIN LATERAL (
        SELECT used_at FROM key_uses
        WHERE organization_id = k.organization_id AND key_id = k.id ORDER BY id LIMIT 1
    ) oldest
    CROSS JOIN LATERAL (
        SELECT organization_id, id, used_at FROM key_uses
        WHERE organization_id = k.organization_id AND key_id = k.id ORDER BY id LIMIT :most
    ) old
    WHERE oldest.used_at < :moment AND old.used_at < :moment
    LIMIT :most
) gone
WHERE u.organization_id = gone.organization_id AND u.id = gone.id
""")


class UsedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it is stored."""

    key_id: uuid.UUID
    method: str
    endpoint: str
    status: int
    latency_ms: int
    address: str
    used_at: datetime


class KeyTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What is added to a key's totals."""

    requests: int
    failed: int
    last_s: float
    """Unix seconds of the newest."""


class KeyUsageRepository:
    """Reads and writes `key_uses` and the totals of `api_keys`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, uses: Sequence[UsedKey]) -> None:
        """Add uses, in their order."""
        if not uses:
            return
        values = {
            "keys": [use.key_id for use in uses],
            "methods": [use.method for use in uses],
            "endpoints": [use.endpoint for use in uses],
            "statuses": [use.status for use in uses],
            "latencies": [use.latency_ms for use in uses],
            "addresses": [use.address for use in uses],
            "moments": [use.used_at for use in uses],
        }
        await self._session.execute(_ADD, values)

    async def count(self, totals: Mapping[uuid.UUID, KeyTotals]) -> None:
        """Add to the totals of keys."""
        values = {
            "keys": list(totals),
            "requests": [one.requests for one in totals.values()],
            "failed": [one.failed for one in totals.values()],
            "moments": [datetime.fromtimestamp(one.last_s, UTC) for one in totals.values()],
        }
        await self._session.execute(_COUNT, values)

    async def recent(self, actor: Actor, key_id: uuid.UUID, most: int) -> list[KeyUse]:
        """Return the newest uses of a key of the acting organization, newest first."""
        query = (
            select(KeyUse)
            .where(KeyUse.organization_id == actor.tenant, KeyUse.key_id == key_id)
            .order_by(KeyUse.id.desc())
            .limit(most)
        )
        return list((await self._session.execute(query)).scalars())

    async def forget_before(self, moment: datetime, most: int) -> int:
        """Delete up to *most* uses from before a moment; return how many."""
        done = await self._session.execute(_FORGET, {"moment": moment, "most": most})
        return done.rowcount if isinstance(done, CursorResult) else 0
