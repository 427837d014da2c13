"""Queries that tell which product of the catalog is meant: by name, brand and code, compared without case."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.domain.pricing.monitored_rules import NewProduct, titles_of
from backend.ports.actor import Actor


class Known(msgspec.Struct, frozen=True):
    """What is known of a product that is told: the line before it that is the same, and the catalog's."""

    same_as: int
    """Place in the list of the first line of the same identity; its own place when it is the first."""
    variant_id: int | None
    monitored: bool | None


_FIRST = text("""
SELECT min(place) OVER (PARTITION BY lower(name), lower(brand), lower(code)) - 1
FROM unnest(cast(:names AS text[]), cast(:brands AS text[]), cast(:codes AS text[]))
     WITH ORDINALITY AS line(name, brand, code, place)
ORDER BY place
""")
# `OFFSET 0` and a tenant that the planner is not told hold it to looking each name up in its index: of one that grew
# since statistics were taken it believes that it has next to no products.
TITLED = text(f"""
SELECT told.place, p.id, told.variant, told.code
FROM unnest(cast(:places AS bigint[]), cast(:titles AS text[]), cast(:variants AS text[]), cast(:brands AS text[]),
            cast(:codes AS text[])) AS told(place, title, variant, brand, code)
CROSS JOIN LATERAL (
    SELECT id, brand_id FROM products
    WHERE organization_id = {merge_sql.ORG} AND md5(lower(title))::uuid = md5(lower(told.title))::uuid
      AND deleted_at IS NULL AND lower(title) = lower(told.title) OFFSET 0
) p
CROSS JOIN LATERAL (
    SELECT 1 FROM brands WHERE organization_id = :org AND id = p.brand_id AND lower(name) = lower(told.brand) OFFSET 0
) b
""")
_MET = text("""
SELECT told.place, v.id, v.monitored
FROM unnest(cast(:places AS bigint[]), cast(:products AS bigint[]), cast(:variants AS text[]), cast(:codes AS text[]))
     AS told(place, product_id, variant, code)
CROSS JOIN LATERAL (
    SELECT id, monitored FROM variants
    WHERE organization_id = :org AND product_id = told.product_id AND deleted_at IS NULL
      AND lower(title) = lower(told.variant) AND lower(sku) = lower(told.code) OFFSET 0
) v
ORDER BY told.place, v.monitored DESC, v.id
""")


class IdentityRepository:
    """Looks for products in the acting organization's catalog."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def known(self, actor: Actor, products: Sequence[NewProduct]) -> list[Known]:
        """Return for each product, in their order, what is known of its identity."""
        values = {
            "names": [one.name for one in products],
            "brands": [one.brand for one in products],
            "codes": [one.product_code for one in products],
        }
        firsts = (await self._session.execute(_FIRST, values)).scalars()
        met: dict[int, tuple[int, bool]] = {}
        for place, variant_id, monitored in await self._met(actor, products):
            met.setdefault(place, (variant_id, monitored))
        return [Known(first, *met.get(place, (None, None))) for place, first in enumerate(firsts)]

    async def has_twin(self, actor: Actor, variant_id: int, product: NewProduct) -> bool:
        """Tell whether another monitored product has this identity."""
        return any(found != variant_id and monitored for _, found, monitored in await self._met(actor, [product]))

    async def _met(self, actor: Actor, products: Sequence[NewProduct]) -> list[tuple[int, int, bool]]:
        every = [(place, *titles, one) for place, one in enumerate(products) for titles in titles_of(one.name)]
        values = {
            "org": actor.tenant,
            "places": [place for place, _, _, _ in every],
            "titles": [title for _, title, _, _ in every],
            "variants": [variant for _, _, variant, _ in every],
            "brands": [one.brand for _, _, _, one in every],
            "codes": [one.product_code for _, _, _, one in every],
        }
        titled = (await self._session.execute(TITLED, values)).all()
        if not titled:
            return []
        places, found, variants, codes = (list(column) for column in zip(*titled, strict=True))
        told = {"places": places, "products": found, "variants": variants, "codes": codes}
        found_variants = await self._session.execute(_MET, {"org": actor.tenant, **told})
        return [(row[0], row[1], row[2]) for row in found_variants]
