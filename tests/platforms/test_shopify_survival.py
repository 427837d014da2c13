"""A worker killed with -9 while Shopify exports, and while its export is read: nothing is lost or asked twice."""

import signal
from pathlib import Path

import pytest

from backend.settings import Shopify
from tests.support.product import Workbench
from tests.support.shopify import CLIENT_ID, CLIENT_SECRET, shopify_shop
from tests.support.shopify_work import Work
from tests.support.worker_process import start_worker, until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PRODUCTS, EACH = 8_000, 3


async def test_kill_minus_nine_during_and_behind_an_export(database_url: str, redis_url: str, tmp_path: Path) -> None:
    options = {"bulk_delay_s": 1.5, "restore_rate": 20_000.0}
    with shopify_shop(PRODUCTS, variants_per_product=EACH, key="loom-killed", options=options) as shop:
        settings = Shopify(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, shop_url=shop.shop_url_template)
        work = Work(Workbench(database_url, redis_url, tmp_path, shopify=settings), shop)
        await work.connect()

        async def is_asked() -> bool:
            return (await work.latest()).cursor is not None

        async def is_half_read() -> bool:
            run = await work.latest()
            return run.state == "completed" or run.stats.get("read_products", 0) > 0

        async def is_completed() -> bool:
            return bool((await work.latest()).state == "completed")

        killed_while = []
        for reached in (is_asked, is_half_read):
            worker = start_worker(work.bench, tmp_path)
            try:
                await until(reached)
            finally:
                worker.send_signal(signal.SIGKILL)
                worker.wait()
            run = await work.latest()
            killed_while.append((run.state, run.stats.get("read_variants", 0) < PRODUCTS * EACH))
        assert killed_while == [("running", True), ("running", True)]
        worker = start_worker(work.bench, tmp_path)
        try:
            await until(is_completed)
        finally:
            worker.kill()
            worker.wait()
        run = await work.latest()
        assert await work.counts() == (PRODUCTS, PRODUCTS * EACH)
        assert (run.stats["products_added"], run.stats["variants_added"]) == (PRODUCTS, PRODUCTS * EACH)
        assert len(shop.state["bulk_operations"]) == 2, "it goes on with the operations it had begun"
        await work.bench.aclose()
