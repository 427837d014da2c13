"""One product (contract rows PRI-06 to 08, 13, 14)."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.ports.actor import Actor
from backend.wiring import Container
from tests.support.monitoring import Monitoring, refused

FULL = {
    "name": "Samsung S8",
    "brand": "Samsung",
    "category": "Phones",
    "product_code": "XQ1899",
    "barcode": "194252022191",
    "cost": "499",
    "additional_cost": "40.50",
    "tags": "Tag1, tag2, tag name4, tag_name3",
    "external_ref": "75643231",
}


async def observe(container: Container, actor: Actor, url: str, price: str, hours: float, **more: Any) -> None:
    async with container.transaction() as services:
        await services.observations.record(
            actor,
            int(url),
            price=Decimal(price),
            currency="USD",
            in_stock=more.get("in_stock", True),
            source="manual",
            observed_at=datetime.now(UTC) - timedelta(hours=hours),
        )


async def test_pri_06_the_whole_body_of_a_product(api: Monitoring, container: Container, actor: Actor) -> None:
    product = await api.add(**FULL)
    rival, own = await api.add_url(product), await api.add_url(product, "https://dear.example.com/p/1")
    await observe(container, actor, rival, "799", 1)
    await observe(container, actor, own, "899", 1)

    body = await api.product(product)

    assert list(body) == [
        *("id", "name", "category", "brand", "product_code", "barcode", "cost", "additional_cost", "tags"),
        *("external_ref", "smart_price", "my_position", "urls"),
    ]
    brand, category = body.pop("brand"), body.pop("category")
    assert (brand["name"], category["name"]) == ("Samsung", "Phones")
    assert brand["id"].isdigit()
    assert category["id"].isdigit()
    assert body == {
        "id": product,
        "name": "Samsung S8",
        "product_code": "XQ1899",
        "barcode": 194252022191,
        "cost": "499",
        "additional_cost": "40.5",
        "tags": "Tag1, tag2, tag name4, tag_name3",
        "external_ref": "75643231",
        "smart_price": None,
        "my_position": None,
        "urls": [rival, own],
    }


async def test_pri_06_absent_values_are_empty(api: Monitoring) -> None:
    body = await api.product(await api.add())
    empty = ("product_code", "barcode", "cost", "additional_cost", "tags", "external_ref", "smart_price", "my_position")
    assert [key for key in empty if body[key] not in (None, "")] == []
    assert body["urls"] == []


@pytest.mark.parametrize("wanted", ["999999999", "0", "abc", "-1", "1.5", "9" * 30, "%00", "١"])
async def test_pri_06_what_is_no_product_is_404(api: Monitoring, wanted: str) -> None:
    refused(await api.get(f"get/product/id/{wanted}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("multipart", [False, True], ids=["urlencoded", "multipart"])
async def test_pri_07_a_product_is_added_and_read_back(api: Monitoring, multipart: bool) -> None:
    form = {"name": "Kühlschrank № 5 & 100% = 冷蔵庫 😀", "brand": "Acme", "category": "Tools", "tags": "größe, été"}

    answer = await api.post("add/product/", form, multipart=multipart)

    assert answer.status_code == 200
    assert answer.json() == {"id": answer.json()["id"], "result": True}
    body = await api.product(answer.json()["id"])
    assert (body["name"], body["tags"]) == (form["name"], form["tags"])


@pytest.mark.parametrize("absent", ["name", "brand", "category"])
@pytest.mark.parametrize("how", ["absent", "blank"])
async def test_pri_07_name_brand_and_category_are_required(api: Monitoring, absent: str, how: str) -> None:
    form = {"name": "Lamp", "brand": "Acme", "category": "Light", absent: " "}
    if how == "absent":
        del form[absent]
    refused(await api.post("add/product", form), 400, "PARAMETER_MISSING")
    assert await api.walk() == []


async def test_pri_07_the_same_product_again_is_422(api: Monitoring) -> None:
    await api.add(**FULL)
    refused(await api.post("add/product", {**FULL, "name": "SAMSUNG s8"}), 422, "PRODUCT_EXISTS")
    assert len(await api.walk()) == 1


async def test_pri_07_08_posted_at_once_it_is_stored_once(api: Monitoring) -> None:
    answers = await asyncio.gather(*(api.post("add/product", FULL) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 7
    assert [len(await api.walk(what)) for what in ("product", "brand", "category")] == [1, 1, 1]


@pytest.mark.parametrize(
    "form",
    [
        {"name": "a\x00b", "brand": "Acme", "category": "Tools"},
        {"name": "x" * 100_000, "brand": "Acme", "category": "Tools"},
        {"name": "Lamp", "brand": "Acme", "category": "Tools", "cost": "9" * 500},
        {"name": "Lamp", "brand": "Acme", "category": "Tools", "tags": "," * 10_000 + "\x00"},
    ],
    ids=["zero byte", "very long name", "huge cost", "bad tag"],
)
async def test_pri_07_what_cannot_be_kept_is_400(api: Monitoring, form: dict[str, str]) -> None:
    refused(await api.post("add/product", form), 400, "PARAMETER_INVALID")


async def test_pri_08_a_known_name_is_used_again_whatever_its_case(api: Monitoring) -> None:
    first = await api.product(await api.add(brand="Acme", category="Light"))
    second = await api.product(await api.add(brand="ACME", category="light"))
    assert first["brand"] == second["brand"] == {"id": first["brand"]["id"], "name": "Acme"}
    assert first["category"] == second["category"]


@pytest.mark.parametrize("multipart", [False, True], ids=["urlencoded", "multipart"])
async def test_pri_13_an_edit_changes_what_it_names(api: Monitoring, multipart: bool) -> None:
    product = await api.add(**FULL)
    before = await api.product(product)

    answer = await api.post(
        f"edit/product/id/{product}/", {"name": "S9", "cost": "12.5", "id": "1"}, multipart=multipart
    )

    assert (answer.status_code, answer.json()) == (200, {"id": product, "result": True})
    assert await api.product(product) == {**before, "name": "S9", "cost": "12.5"}


async def test_pri_13_tags_are_replaced_and_empty_values_clear(api: Monitoring) -> None:
    product = await api.add(**FULL)
    await api.post(f"edit/product/id/{product}", {"tags": "fresh, new"})
    assert (await api.product(product))["tags"] == "fresh, new"

    cleared = ("tags", "product_code", "barcode", "cost", "additional_cost", "external_ref")
    answer = await api.post(f"edit/product/id/{product}", dict.fromkeys(cleared, ""))

    assert answer.status_code == 200
    body = await api.product(product)
    assert [body[key] for key in cleared] == ["", "", "", None, None, ""]


@pytest.mark.parametrize("form", [{"name": "Half", "cost": "abc"}, {"name": ""}], ids=["wrong cost", "no name"])
async def test_pri_13_a_refused_edit_changes_nothing(api: Monitoring, form: dict[str, str]) -> None:
    product = await api.add(**FULL)
    before = await api.product(product)
    refused(await api.post(f"edit/product/id/{product}", form), 400)
    assert await api.product(product) == before


async def test_pri_13_an_empty_edit_is_one(api: Monitoring) -> None:
    product = await api.add(**FULL)
    assert (await api.post(f"edit/product/id/{product}")).json() == {"id": product, "result": True}


async def test_pri_14_a_product_goes_with_its_urls(api: Monitoring) -> None:
    product = await api.add(**FULL)
    url = await api.add_url(product)

    answer = await api.post(f"delete/product/id/{product}")

    assert (answer.status_code, answer.json()) == (200, {"result": True})
    for path in (f"get/product/id/{product}", f"get/url/id/{url}"):
        refused(await api.get(path), 404, "NOT_FOUND")
    refused(await api.post(f"delete/product/id/{product}"), 404, "NOT_FOUND")
    assert await api.add(**FULL) != product


async def test_pri_22_without_a_rule_there_is_no_smart_price(api: Monitoring) -> None:
    assert (await api.product(await api.add(cost="5")))["smart_price"] is None
