"""Lists of a hundred (contract rows PRI-03 to 05, decision G13)."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from backend.ports.actor import Actor
from backend.wiring import Container
from tests.api.price_v2.test_products import observe
from tests.support.monitoring import Monitoring, NewMonitoring, batch_form, refused, some_products

LISTS = ["product", "product/summary", "smartprice", "brand", "category"]
WorkOff = Callable[[str], Awaitable[int]]


async def filled(account: Monitoring, work_off: WorkOff, number: int) -> Monitoring:
    products = some_products(number, "Paged")
    for place, one in enumerate(products):
        one |= {"brand": f"Brand {place:03d}", "category": f"Category {place:03d}"}
    assert (await account.post("add/batch", batch_form(products))).status_code == 200
    await work_off("pricing.import_batch")
    return account


@pytest.mark.parametrize("what", LISTS)
async def test_pri_03_an_empty_list_has_an_empty_first_page(api: Monitoring, what: str) -> None:
    for path in (f"list/{what}", f"list/{what}/startFrom/0", f"list/{what}/"):
        assert (await api.get(path)).json() == {"results": [], "nextURL": None}
    refused(await api.get(f"list/{what}/startFrom/100"), 404, "NOT_FOUND")


async def test_pri_03_04_05_18_a_hundred_and_five_make_two_pages(new_account: NewMonitoring, work_off: WorkOff) -> None:
    account = await filled(await new_account(), work_off, 105)
    for what in LISTS:
        first = (await account.get(f"list/{what}")).json()
        assert len(first["results"]) == 100
        assert first["nextURL"] == f"https://hub.example.com/api/v2/list/{what}/startFrom/100"
        second = (await account.get(f"list/{what}/startFrom/100")).json()
        assert (len(second["results"]), second["nextURL"]) == (5, None)
        assert len({row["id"] for row in await account.walk(what)}) == 105
        for start, status in (("200", 404), ("1000000", 404), ("9" * 18 + "00", 404), ("50", 400), ("x", 400)):
            refused(await account.get(f"list/{what}/startFrom/{start}"), status)


async def test_pri_03_a_full_last_page_has_no_next_one(new_account: NewMonitoring, work_off: WorkOff) -> None:
    account = await filled(await new_account(), work_off, 100)
    for what in LISTS:
        body = (await account.get(f"list/{what}")).json()
        assert (len(body["results"]), body["nextURL"]) == (100, None)


async def test_pri_03_a_row_of_the_list(api: Monitoring) -> None:
    product = await api.add(name="Lamp", product_code="L-1", barcode="007", cost="12.50", tags="a, b")
    [row] = await api.walk()
    brand, category = row.pop("brand"), row.pop("category")
    assert (brand["name"], category["name"]) == ("Acme", "Tools")
    assert row == {
        "id": product,
        "name": "Lamp",
        "product_code": "L-1",
        "barcode": "007",
        "cost": "12.5",
        "additional_cost": None,
        "tags": "a, b",
        "external_ref": "",
    }


async def test_pri_04_the_summary_tells_competitors_prices_and_our_place(
    api: Monitoring, container: Container, actor: Actor
) -> None:
    product = await api.add()
    async with container.transaction() as services:
        held = (await services.monitored_products.product(actor, int(product))).row
        await services.catalog_edits.apply(actor, [_price(held.product_id, held.id, "15")], origin="person")
    for number, price in enumerate(("10", "20", "30.01")):
        url = await api.add_url(product, f"https://rival-{number}.example.com/p/1")
        await observe(container, actor, url, price, 1)
    sold_out = await api.add_url(product, "https://empty.example.com/p/1")
    await observe(container, actor, sold_out, "1", 1, in_stock=False)

    plain, [row] = (await api.walk())[0], await api.walk("product/summary")

    told = {key: value for key, value in row.items() if key not in plain}
    assert {key: row[key] for key in plain} == plain
    assert told == {
        "min_price": "10",
        "max_price": "30.01",
        "avg_price": "20",
        "my_price": "15",
        "my_position": "cheaper",
    }
    assert (await api.product(product))["my_position"] == "cheaper"


def _price(product_id: int, variant_id: int, price: str) -> Any:
    from backend.domain.catalog.edits import FieldEdit

    return FieldEdit(product_id=product_id, variant_id=variant_id, field="price", value=Decimal(price))


async def test_pri_05_a_row_of_smart_prices(api: Monitoring) -> None:
    product = await api.add(product_code="L-1", barcode="4006381333931", cost="5")
    assert await api.walk("smartprice") == [
        {"id": product, "product_code": "L-1", "barcode": 4006381333931, "smart_price": None}
    ]
