"""The query behind the numbers of an organization."""

from datetime import datetime
from typing import NamedTuple

from backend.kit.errors import not_found
from backend.kit.quick_reads import QuickReads
from backend.ports.actor import Actor

_FACTS = """
SELECT o.plan, (SELECT count(*) FROM price_changes c WHERE c.organization_id = $1 AND c.changed_at >= $2) AS changes,
       (SELECT s.url FROM stores s WHERE s.organization_id = $1
        ORDER BY s.state IN ('active', 'needs_reauth') DESC, s.created_at, s.id LIMIT 1) AS store_url
FROM organizations o WHERE o.id = $1
"""


class Facts(NamedTuple):
    """What is told of an organization beside the length of its lists."""

    plan: str
    price_changes: int
    store_url: str | None
    """Of its first store that is connected, else of its first one."""


class StatsRepository:
    """Reads numbers of the acting organization."""

    def __init__(self, reads: QuickReads) -> None:
        self._reads = reads

    async def facts(self, actor: Actor, since: datetime) -> Facts:
        """Return facts; changes of prices are counted from *since* on."""
        row = await self._reads.row(_FACTS, actor.tenant, since)
        if row is None:
            raise not_found("Organization")
        return Facts(row["plan"], row["changes"], row["store_url"])
