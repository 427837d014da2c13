"""Every query on products of stores that may be one the catalog has already."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.catalog import LinkSuggestion, ProductLink
from backend.ports.actor import Actor


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two products, as a person compares them."""

    product_id: int
    title: str
    sku: str
    """Of its first variant, as the price."""
    barcode: str
    image_url: str
    price: Decimal | None
    currency: str
    variants: int
    stores: tuple[str, ...]
    """Names of the stores that show it, or their addresses."""


class SuggestionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a store beside the product that it may be."""

    id: int
    store_id: uuid.UUID
    store: str
    external_id: str
    reason: str
    """As `domain/catalog/linking_rules.py` names it."""
    facts: Mapping[str, Any]
    created_at: datetime
    product: Side
    """What the store's product is meanwhile."""
    candidate: Side


_SIDE = """
LATERAL (
    SELECT jsonb_build_object('product_id', p.id, 'title', p.title, 'image_url', coalesce(p.images -> 0 ->> 'url', ''),
        'sku', coalesce(f.sku, ''), 'barcode', coalesce(f.barcode, ''), 'price', cast(f.price AS text),
        'currency', coalesce(f.currency, ''),
        'variants', (SELECT count(*) FROM variants c WHERE c.organization_id = :org AND c.product_id = p.id
                     AND c.deleted_at IS NULL),
        'stores', (SELECT coalesce(jsonb_agg(DISTINCT coalesce(nullif(t.name, ''), t.url)), '[]')
                   FROM product_links k JOIN stores t ON t.id = k.store_id
                   WHERE k.organization_id = :org AND k.product_id = p.id AND k.gone_at IS NULL)) AS side
    FROM products p LEFT JOIN LATERAL (
        SELECT v.sku, v.barcode, v.price, v.currency FROM variants v
        WHERE v.organization_id = :org AND v.product_id = p.id AND v.deleted_at IS NULL
        ORDER BY v.position, v.id LIMIT 1) f ON true
    WHERE p.organization_id = :org AND p.id = {key} AND p.deleted_at IS NULL
)"""
# What left its store, or was given another product, since it was suggested has nothing to be decided any more.
_OPEN = text(f"""
SELECT s.id, s.store_id, coalesce(nullif(t.name, ''), t.url) AS store, s.external_id, s.reason, s.facts, s.created_at,
       own.side AS product, other.side AS candidate
FROM link_suggestions s
JOIN stores t ON t.id = s.store_id
JOIN product_links l ON l.organization_id = :org AND l.store_id = s.store_id AND l.external_id = s.external_id
     AND l.product_id = s.product_id AND l.gone_at IS NULL
CROSS JOIN {_SIDE.format(key="s.product_id")} own
CROSS JOIN {_SIDE.format(key="s.candidate_id")} other
WHERE s.organization_id = :org AND s.state = 'open' AND s.id < :below
ORDER BY s.id DESC LIMIT :most
""")
_OF_IT = """UPDATE link_suggestions s SET {change}
WHERE s.organization_id = :org AND s.state = 'open' AND """
_OBSOLETE = "state = 'obsolete', decided_at = now()"
# A product stands for one article of a store only, so it is nothing else's candidate there any more.
_DROP_RIVALS = text(
    _OF_IT.format(change=_OBSOLETE)
    + "s.store_id = :store AND (s.external_id = :external_id OR s.candidate_id = :product)"
)
_REPOINT = text(
    _OF_IT.format(change="candidate_id = :product")
    + """s.candidate_id = :was AND s.product_id <> :product AND NOT EXISTS (
    SELECT 1 FROM link_suggestions o WHERE o.organization_id = :org AND o.store_id = s.store_id
      AND o.external_id = s.external_id AND o.candidate_id = :product)
  AND NOT EXISTS (SELECT 1 FROM product_links k WHERE k.organization_id = :org AND k.store_id = s.store_id
      AND k.product_id = :product AND k.gone_at IS NULL)"""
)
_DROP_EMPTIED = text(_OF_IT.format(change=_OBSOLETE) + "s.candidate_id = :was")
_FOLLOW = text(_OF_IT.format(change="product_id = :product") + "s.store_id = :store AND s.external_id = :external_id")
_REFUSE = text("""
INSERT INTO link_suggestions (organization_id, store_id, external_id, product_id, candidate_id, reason, state,
                              decided_at, decided_by)
VALUES (:org, :store, :external_id, :product, :was, 'cut', 'rejected', now(), :actor)
ON CONFLICT (organization_id, store_id, external_id, candidate_id) DO UPDATE
SET state = 'rejected', product_id = excluded.product_id, decided_at = now(), decided_by = excluded.decided_by
""")
_STATE = text("""
SELECT (SELECT true FROM products p WHERE p.organization_id = :org AND p.id = :product AND p.deleted_at IS NULL),
       EXISTS (SELECT 1 FROM product_links k WHERE k.organization_id = :org AND k.store_id = :store
               AND k.product_id = :product AND k.gone_at IS NULL)
""")


class LinkReviewRepository:
    """Reads and writes `link_suggestions`, and reads the links they speak of."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(self, actor: Actor, below: int, most: int) -> list[SuggestionRow]:
        """Return what is to be decided, newest first."""
        found = await self._session.execute(_OPEN, {"org": actor.tenant, "below": below, "most": most})
        return [msgspec.convert(dict(row), SuggestionRow) for row in found.mappings()]

    async def find(self, actor: Actor, suggestion_id: int, *, lock: bool = False) -> LinkSuggestion | None:
        """Return a suggestion as it stands; `lock` holds its row to the end of the transaction."""
        return await self._session.get(
            LinkSuggestion, (actor.tenant, suggestion_id), with_for_update=lock or None, populate_existing=True
        )

    async def link(self, actor: Actor, store_id: uuid.UUID, external_id: str) -> ProductLink | None:
        """Return the live link of a store's product."""
        found = await self._session.get(ProductLink, (actor.tenant, store_id, external_id), populate_existing=True)
        return found if found is not None and found.gone_at is None else None

    async def state(self, actor: Actor, store_id: uuid.UUID, product_id: int) -> tuple[bool, bool]:
        """Tell whether a product is in the catalog, and whether the store shows it."""
        row = (await self._run(_STATE, actor, store=store_id, product=product_id)).one()
        return bool(row[0]), bool(row[1])

    async def joined(self, actor: Actor, decided: LinkSuggestion, *, emptied: bool) -> None:
        """Settle what else was suggested, now that the product is the candidate."""
        values = {"store": decided.store_id, "external_id": decided.external_id, "product": decided.candidate_id}
        await self._run(_DROP_RIVALS, actor, **values)
        if emptied:
            await self._run(_REPOINT, actor, was=decided.product_id, product=decided.candidate_id)
            await self._run(_DROP_EMPTIED, actor, was=decided.product_id)

    async def parted(self, actor: Actor, link: ProductLink, was: int, product_id: int, who: str) -> None:
        """Keep that the store's product is not the one it was: nobody is asked about it again."""
        values = {"store": link.store_id, "external_id": link.external_id, "product": product_id}
        await self._run(_FOLLOW, actor, **values)
        await self._run(_REFUSE, actor, **values, was=was, actor=who)

    async def _run(self, statement: Any, actor_: Actor, /, **values: Any) -> Any:
        return await self._session.execute(statement, {"org": actor_.tenant, **values})
