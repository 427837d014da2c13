"""What a merge says of the catalog: that its rows say something else, or that there are other rows."""

from decimal import Decimal

import pytest

from tests.support.linked_shops import Shop, product, simple, variant
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


async def moved(shop: Shop, since: tuple[int, int]) -> tuple[tuple[int, int], tuple[bool, bool]]:
    """Return both revisions now, and which of them moved: the catalog's, the lists'."""
    query = "SELECT catalog_revision, lists_revision FROM organizations WHERE id = :org"
    [(catalog, lists)] = await shop.bench.rows(query, org=shop.actor.tenant)
    return (catalog, lists), (catalog > since[0], lists > since[1])


async def test_a_change_of_values_leaves_the_lists_as_long_as_they_are(bench: Workbench) -> None:
    shop = await Shop.opened(bench, await bench.organization(), "first")
    await shop.shows(simple("1", "S-1"))
    at, _ = await moved(shop, (0, 0))
    await shop.shows(simple("1", "S-1", price=Decimal("5.00"), title="Another title"))
    at, told = await moved(shop, at)
    assert told == (True, False)
    await shop.shows(simple("1", "S-1", price=Decimal("5.00"), title="Another title"))
    assert (await moved(shop, at))[1] == (False, False)


async def test_what_comes_goes_and_comes_back_changes_the_lists(bench: Workbench) -> None:
    shop = await Shop.opened(bench, await bench.organization(), "first")
    await shop.shows(simple("1", "S-1"))
    at, told = await moved(shop, (0, 0))
    assert told == (True, True)
    await shop.shows(product("2", variant("2a", "2", "S-2")))
    at, told = await moved(shop, at)
    assert told == (True, True)
    await shop.shows(product("2", variant("2a", "2", "S-2"), variant("2b", "2", "S-3")))
    at, told = await moved(shop, at)
    assert told == (True, True)
    await shop.drops("2")
    at, told = await moved(shop, at)
    assert told == (True, True)
    await shop.shows(product("2", variant("2a", "2", "S-2")))
    assert (await moved(shop, at))[1] == (True, True)
