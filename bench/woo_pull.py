"""A full pull of 20,000 products and 20,000 variations against a loop that only fetches the same pages."""

import asyncio
import time
import uuid
from urllib.parse import parse_qsl

import httpx
from sqlalchemy import update

from backend.domain.stores.connecting import ConnectRequest
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.wiring import Container
from bench import stage
from bench.report import Figure
from bench.store import KEY, SECRET
from plugin_bridge.woocommerce.signing import OAuth1

PRODUCTS, VARIATIONS = 20_000, 20_000
CONCURRENCY = 2
ROUNDS = 3
REAL_LATENCY_S = 0.094
"""The least a real WooCommerce on a bare server takes for one request; hosts with plugins take 0.5 to 3 s."""


async def measure() -> list[Figure]:
    """Return the number of list requests, the wall time as a ratio, and what the pull itself can take."""
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            (ratio, ours_s, floor_s), asked = await _compare(box, latency_s=REAL_LATENCY_S, rounds=1)
            (_, alone_s, instant_s), _ = await _compare(box, latency_s=0.0, rounds=ROUNDS)
    expected = -(-PRODUCTS // 100) + -(-VARIATIONS // 100)
    note = f"{alone_s:.1f} s; the bare fetch takes {instant_s:.1f} s"
    return [
        Figure(name="woo pull: list requests", value=asked, target=f"= {expected}", met=asked == expected),
        Figure(
            name=f"woo pull / bare fetch, {REAL_LATENCY_S * 1000:.0f} ms a request as a real store",
            value=ratio,
            target="<= 1.25",
            met=ratio <= 1.25,
            note=f"ours {ours_s:.1f} s, floor {floor_s:.1f} s",
        ),
        Figure(
            name="woo pull: rows/s of a store that answers at once",
            value=(PRODUCTS + VARIATIONS) / alone_s,
            target="none",
            met=True,
            note=note,
        ),
    ]


async def _compare(box: Container, *, latency_s: float, rounds: int) -> tuple[tuple[float, float, float], int]:
    """Return the median (ratio, ours, floor) of interleaved rounds, and how many lists a pull asks for."""
    with stage.simulated_store(10_000, 2, mixed=10_000, latency_s=latency_s) as url:
        asked = await _counted(box, url)
        rows = []
        for _ in range(rounds):
            floor_s = await _fetch_and_throw_away(url, asked)
            ours_s = await _pull(box, url)
            rows.append((ours_s / floor_s, ours_s, floor_s))
        return sorted(rows)[rounds // 2], len(asked)


async def _counted(box: Container, url: str) -> list[str]:
    """Pull once and return the list requests that it took, without those of the connect check before it."""
    pull = await _connect(box, url)
    before = len(await _requests(url))
    await _pull(box, url, pull)
    return (await _requests(url))[before:]


async def _requests(url: str) -> list[str]:
    async with httpx.AsyncClient(timeout=30) as http:
        log = (await http.get(f"{url}/_control/requests")).json()
    asked = [entry for entry in log if entry["method"] == "GET"]
    lists = [entry for entry in asked if entry["path"].endswith(("/wc/v3/products", "/variations"))]
    return [f"{entry['path']}?{entry['query']}" for entry in lists]


async def _connect(box: Container, url: str) -> tuple[Actor, uuid.UUID]:
    """Connect the store to a new organization; return who acts there and its first pull."""
    actor = await stage.organization(box)
    credentials = {"consumer_key": KEY, "consumer_secret": SECRET}
    request = ConnectRequest(platform="woocommerce", url=url, credentials=credentials)
    store = await box.store_connecting.connect_as(actor, request)
    async with box.transaction() as services:
        return actor, (await services.sync.history(actor, store.id))[0].id


async def _pull(box: Container, url: str, pull: tuple[Actor, uuid.UUID] | None = None) -> float:
    """Work a first pull off; return its seconds. The store is let go of afterwards, so that another may hold it."""
    actor, run_id = pull or await _connect(box, url)
    started = time.perf_counter()
    await box.store_pull.run(run_id)
    took_s = time.perf_counter() - started
    async with box.transaction() as services:
        run = await services.sync.run(actor, run_id)
        assert run.state == "completed", run.error_message
        assert run.stats["products_added"] == PRODUCTS
        await services.session.execute(update(Store).where(Store.id == run.store_id).values(state="disconnected"))
    return took_s


async def _fetch_and_throw_away(url: str, paths: list[str]) -> float:
    """Fetch the pages as our client does (signed anew each time, keep-alive) and look at nothing but the status."""
    signing, waiting = OAuth1(KEY, SECRET), iter(paths)
    started = time.perf_counter()
    async with httpx.AsyncClient(timeout=60) as http:

        async def fetch() -> None:
            for path in waiting:
                bare, _, query = path.partition("?")
                signed = signing.query("GET", f"{url}{bare}", parse_qsl(query, keep_blank_values=True))
                answer = await http.get(f"{url}{bare}?{signed}")
                assert answer.status_code == 200, answer.text[:200]

        await asyncio.gather(*(fetch() for _ in range(CONCURRENCY)))
    return time.perf_counter() - started
