"""A name is looked up by key in a catalog that the statistics do not know."""

import re

import pytest
from sqlalchemy import text

from backend.domain.pricing.identity_repository import TITLED
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
FILL = (
    "INSERT INTO brands (organization_id, name) VALUES (:org, 'Acme')",
    """INSERT INTO products (organization_id, title, brand_id)
    SELECT :org, 'Lamp ' || n, (SELECT id FROM brands WHERE organization_id = :org)
    FROM generate_series(1, 2000) n""",
)


@pytest.mark.parametrize("statistics", ["never taken", "taken before the tenant came"])
async def test_a_name_is_looked_up_by_key(bench: Workbench, statistics: str) -> None:
    actors = [await bench.organization(), await bench.organization()]
    for nth, actor in enumerate(actors):
        async with bench.container.begin() as session:
            for statement in FILL:
                await session.execute(text(statement), {"org": actor.tenant})
            if statistics != "never taken" and nth == 0:
                await session.execute(text("ANALYZE products, brands"))
    told = {"places": [0, 1], "titles": ["lamp 7", "LAMP 1999"], "variants": ["", ""], "brands": ["acme", "ACME"]}
    async with bench.container.begin() as session:
        explained = text(f"EXPLAIN (ANALYZE, TIMING OFF) {TITLED.text}")
        values = {"org": actors[1].tenant, **told, "codes": ["", ""]}
        plan = "\n".join((await session.execute(explained, values)).scalars())
        assert "ix_products_organization_id_name" in plan
        assert max(map(int, re.findall(r"Rows Removed by \w+(?: \w+)*: (\d+)", plan)), default=0) < 10, plan
        assert len((await session.execute(TITLED, values)).all()) == 2
