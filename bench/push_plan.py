"""Planning a push: what it costs must follow what changed, not how large the catalog is."""

import time
import uuid
from statistics import median

from sqlalchemy import text

from backend.domain.catalog.merge import StoreMerge
from backend.domain.sync.change_sets import ChangeSets
from backend.kit.ids import uuid7
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.wiring import Container
from bench import stage
from bench.report import Figure
from plugin_bridge.sandbox.generator import generate_products

LARGE, SMALL, CHANGES, ROUNDS = 100_000, 5_000, 100, 5
CHUNK = 10_000

_DUE = text("""
WITH moved AS (
    UPDATE variants SET price = price + 1 WHERE organization_id = :org AND id IN (
        SELECT id FROM variants WHERE organization_id = :org ORDER BY id LIMIT :most)
    RETURNING id, price - 1 AS old
)
UPDATE listings l SET shown = jsonb_build_object('price', trim_scale(moved.old)::text), due = '{price}'
FROM moved WHERE l.organization_id = :org AND l.variant_id = moved.id
""")


async def measure() -> list[Figure]:
    """Return the time of a plan of 100 changes among 100,000 listings, its memory, and its ratio to 5,000."""
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            small_s, _ = await _plan_s(box, SMALL)
            large_s, grown_mb = await _plan_s(box, LARGE)
    ratio = large_s / small_s
    return [
        Figure(
            name=f"plan of {CHANGES} changes among {LARGE:,} listings, s",
            value=large_s,
            target="<= 2",
            met=large_s <= 2,
        ),
        Figure(name="growth of resident memory by it, MB", value=grown_mb, target="< 300", met=grown_mb < 300),
        Figure(
            name=f"the same plan: {LARGE:,} / {SMALL:,} listings",
            value=ratio,
            target="<= 1.5",
            met=ratio <= 1.5,
            note=f"{large_s * 1000:.0f} ms / {small_s * 1000:.0f} ms",
        ),
    ]


async def _plan_s(box: Container, listings: int) -> tuple[float, float]:
    actor = await stage.organization(box)
    store_id = await _filled(box, actor, listings)
    async with box.begin() as session:
        await session.execute(_DUE, {"org": actor.tenant, "most": CHANGES})
        await session.execute(text("ANALYZE listings, variants, products"))
    before_mb, times = stage.rss_mb(), []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        async with box.begin() as session:
            store = await session.get_one(Store, store_id)
            found = await ChangeSets(session, store, box.platforms.get("woocommerce").writes).preview()
        times.append(time.perf_counter() - started)
        assert len(found.changes) == CHANGES
    return median(times[1:]), stage.rss_mb() - before_mb


async def _filled(box: Container, actor: Actor, listings: int) -> uuid.UUID:
    """Make a connected store that shows so many products, all of them in the catalog."""
    store_id = uuid7()
    async with box.begin() as session:
        session.add(
            Store(
                id=store_id,
                organization_id=actor.tenant,
                platform="woocommerce",
                url=f"https://{store_id}.example",
                name="Bench",
                state="active",
                currency="EUR",
            )
        )
    products = list(generate_products(listings))
    for start in range(0, listings, CHUNK):
        async with box.begin() as session:
            merge = StoreMerge(session, organization_id=actor.tenant, store_id=store_id, currency="EUR")
            await merge.merge(products[start : start + CHUNK])
    return store_id
