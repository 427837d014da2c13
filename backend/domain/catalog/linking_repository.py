"""Every query that linking asks of the catalog; answers come as arrays in one row, which the driver reads fastest."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.linking_rules import MOST_HITS, Doubt, HeldVariant, gtin, sku_key, spellings
from backend.domain.catalog.merge_sql import LOCK_COUNT, ORG, STORE

_IS_SHARED = "SELECT EXISTS (SELECT 1 FROM stores WHERE organization_id = :org AND id <> :store)"

# Each word is one look-up by the whole key of an index, whatever the statistics say. Of a tenant that came after they
# were taken the planner knows nothing: compared with a constant, any index that begins with the organization looks as
# good to it, so the organization stands in each row; and OFFSET 0 hides from it that an index by store would do.
_IS_HERE = """EXISTS (SELECT 1 FROM (SELECT l.store_id, l.gone_at FROM product_links l
    WHERE l.organization_id = h.organization_id AND l.product_id = h.product_id OFFSET 0) l
  WHERE l.store_id = :store AND l.gone_at IS NULL)"""
# One more than identifies anything: more need not be read.
_HITS = f"""
SELECT array_agg(h.id), array_agg(h.product_id), array_agg(h.sku), array_agg(h.barcode), array_agg({_IS_HERE})
FROM (SELECT cast(:org AS uuid) AS org, word FROM unnest(cast(:words AS text[])) AS word OFFSET 0) wanted
CROSS JOIN LATERAL (
    SELECT v.organization_id, v.id, v.product_id, v.sku, v.barcode FROM variants v
    WHERE v.organization_id = wanted.org AND v.{{column}} = wanted.word AND {{condition}} AND v.deleted_at IS NULL
    LIMIT {MOST_HITS + 1}
) h
CROSS JOIN LATERAL (
    SELECT p.deleted_at FROM products p WHERE p.organization_id = wanted.org AND p.id = h.product_id LIMIT 1
) p
WHERE p.deleted_at IS NULL
"""
HITS_BY_SKU = _HITS.format(column="sku", condition="true")
HITS_BY_BARCODE = _HITS.format(column="barcode", condition="v.barcode <> ''")
"""Variant ids, product ids, skus, barcodes, and whether the product is in this store already."""

UNPLACED = """
SELECT array_agg(h.id), array_agg(h.product_id), array_agg(h.sku), array_agg(h.barcode),
       array_agg(cast(h.options AS text))
FROM (SELECT cast(:org AS uuid) AS org, one FROM unnest(cast(:products AS bigint[])) AS one OFFSET 0) wanted
CROSS JOIN LATERAL (
    SELECT v.organization_id, v.id, v.product_id, v.sku, v.barcode, v.options FROM variants v
    WHERE v.organization_id = wanted.org AND v.product_id = wanted.one AND v.deleted_at IS NULL OFFSET 0
) h
WHERE NOT EXISTS (SELECT 1 FROM (SELECT l.store_id, l.gone_at FROM listings l
                                 WHERE l.organization_id = h.organization_id AND l.variant_id = h.id OFFSET 0) l
                  WHERE l.store_id = :store AND l.gone_at IS NULL)
"""
"""The live variants of products that this store does not show: ids, product ids, skus, barcodes, options."""

_LISTED = f"""
SELECT array_agg(l.external_id)
FROM unnest(cast(:names AS text[])) AS name
CROSS JOIN LATERAL (
    SELECT k.external_id FROM listings k
    WHERE k.organization_id = {ORG} AND k.store_id = {STORE} AND k.external_id = name LIMIT 1
) l
"""

_OTHER_LINKS = """EXISTS (SELECT 1 FROM (
    SELECT o.store_id, o.external_id, o.gone_at FROM product_links o
    WHERE o.organization_id = l.organization_id AND o.product_id = l.product_id OFFSET 0) o WHERE {which})"""
PARENT_STATES = f"""
SELECT array_agg(l.external_id),
       array_agg(l.shown IS NULL AND l.due IS NULL
           AND NOT EXISTS (SELECT 1 FROM variants v
                           WHERE v.organization_id = l.organization_id AND v.product_id = l.product_id)
           AND NOT {_OTHER_LINKS.format(which="(o.store_id, o.external_id) <> (l.store_id, l.external_id)")}
           AND NOT EXISTS (SELECT 1 FROM field_changes c
                           WHERE c.organization_id = l.organization_id AND c.product_id = l.product_id)
           AND NOT EXISTS (SELECT 1 FROM listing_requests r
                           WHERE r.organization_id = l.organization_id AND r.product_id = l.product_id)),
       array_agg({_OTHER_LINKS.format(which="o.store_id <> l.store_id AND o.gone_at IS NULL")})
FROM (SELECT cast(:org AS uuid) AS org, cast(:store AS uuid) AS store, name
      FROM unnest(cast(:names AS text[])) AS name OFFSET 0) told
CROSS JOIN LATERAL (
    SELECT k.organization_id, k.store_id, k.external_id, k.product_id, k.shown, k.due FROM product_links k
    WHERE k.organization_id = told.org AND k.store_id = told.store AND k.external_id = told.name AND k.gone_at IS NULL
    LIMIT 1
) l
"""
"""External ids; whether nothing would be lost with the product; whether other stores show it."""

_ADD_SUGGESTIONS = """
INSERT INTO link_suggestions (organization_id, store_id, external_id, product_id, candidate_id, reason, facts)
SELECT :org, :store, one.external_id, one.product_id, one.candidate_id, one.reason, cast(one.facts AS jsonb)
FROM unnest(cast(:names AS text[]), cast(:products AS bigint[]), cast(:candidates AS bigint[]),
            cast(:reasons AS text[]), cast(:facts AS text[]))
     AS one(external_id, product_id, candidate_id, reason, facts)
ON CONFLICT (organization_id, store_id, external_id, candidate_id) DO NOTHING
"""


class LinkingRepository:
    """Reads what a store's products may be, and writes what a person has to decide."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def is_shared(self) -> bool:
        """Tell whether the organization has other stores: one alone has nothing to link."""
        return bool((await self._run(_IS_SHARED)).scalar_one())

    async def lock(self) -> None:
        """Let nobody else add products to the organization, or link them, until the transaction ends."""
        await self._run(LOCK_COUNT)

    async def by_sku(self, skus: Iterable[str]) -> dict[str, list[HeldVariant]]:
        """Return the live variants with these skus, by `sku_key`."""
        words = {word for sku in skus if sku_key(sku) for word in (sku, sku_key(sku))}
        found: dict[str, list[HeldVariant]] = {}
        for hit in await self._hits(HITS_BY_SKU, words):
            found.setdefault(sku_key(hit.sku), []).append(hit)
        return found

    async def by_gtin(self, barcodes: Iterable[str]) -> dict[str, list[HeldVariant]]:
        """Return the live variants with these barcodes, however they are spelled, by `gtin`."""
        words = {word for barcode in barcodes for word in spellings(barcode)}
        found: dict[str, list[HeldVariant]] = {}
        for hit in await self._hits(HITS_BY_BARCODE, words):
            found.setdefault(gtin(hit.barcode), []).append(hit)
        return found

    async def unplaced(self, products: Collection[int]) -> dict[int, list[HeldVariant]]:
        """Return the live variants of products that the store does not show, by product."""
        held: dict[int, list[HeldVariant]] = {}
        if not products:
            return held
        found = await self._arrays(UNPLACED, products=list(products))
        for number, product_id, sku, barcode, options in zip(*found, strict=True):
            one = HeldVariant(number, product_id, sku, barcode, msgspec.json.decode(options))
            held.setdefault(product_id, []).append(one)
        return held

    async def listed(self, names: Collection[str]) -> set[str]:
        """Return which variants, by external id, have a listing in the store, even a gone one."""
        if not names:
            return set()
        (found,) = await self._arrays(_LISTED, names=list(names))
        return set(found)

    async def parent_states(self, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """Return which of the store's products have nothing to lose, and which ones other stores show, too."""
        found, bare, shared = await self._arrays(PARENT_STATES, names=list(names))
        return _where(found, bare), _where(found, shared)

    async def suggest(self, doubts: Mapping[str, Sequence[Doubt]], products: Mapping[str, int]) -> None:
        """Put doubts, by external id of the store's product, into the review queue; known pairs are left alone.

        Args:     products: what the store's products are meanwhile.
        """
        rows = [(name, doubt) for name, of_one in doubts.items() for doubt in of_one]
        if rows:
            await self._run(
                _ADD_SUGGESTIONS,
                names=[name for name, _ in rows],
                products=[products[name] for name, _ in rows],
                candidates=[doubt.candidate_id for _, doubt in rows],
                reasons=[doubt.reason for _, doubt in rows],
                facts=[msgspec.json.encode(doubt.facts).decode() for _, doubt in rows],
            )

    async def _hits(self, statement: str, words: Collection[str]) -> list[HeldVariant]:
        if not words:
            return []
        found = await self._arrays(statement, words=sorted(words))
        return [
            HeldVariant(id=number, product_id=product_id, sku=sku, barcode=barcode, here=here)
            for number, product_id, sku, barcode, here in zip(*found, strict=True)
        ]

    async def _arrays(self, statement: str, **values: Any) -> Sequence[Sequence[Any]]:
        row = (await self._run(statement, **values)).one()
        return [array or () for array in row]

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})


def _where(names: Sequence[str], flags: Sequence[bool]) -> set[str]:
    return {name for name, flag in zip(names, flags, strict=True) if flag}
