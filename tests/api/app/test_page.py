"""The first page in the admin."""

import pytest

from backend.wiring import Container
from tests.api.app.conftest import Merchant
from tests.support.panel import add_product, add_run

pytestmark = pytest.mark.anyio


async def test_s2s_14_it_shows_the_connection_and_what_came_of_the_last_sync(
    merchant: Merchant, container: Container
) -> None:
    run = await add_run(container, merchant.store, issues=12)
    await add_product(container, merchant.person, "Lantern", store=merchant.store)
    shown = await merchant.see()
    for part in ("Lamp Shop", "Connected", "Completed", "took 8.0 s", "price_unreadable × 12 The price cannot be read"):
        assert part in shown.text
    rows = [[cell.text for cell in row] for row in shown.all("//table[@class='counts']//tr")]
    assert rows == [
        [None, "Added", "Updated", "Removed", "Unchanged"],
        ["Products", "7", "3", "2", "1,234"],
        ["Variants", "0", "40", "0", "0"],
    ]
    assert shown.all("//*[@id='products']/text()") == ["1"]
    assert any(link.startswith(f"/app/runs/{run.id}?shop={merchant.shop}&host=") for link in shown.links)
