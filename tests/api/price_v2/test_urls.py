"""URLs over HTTP (contract rows PRI-15 to 17)."""

from datetime import UTC, datetime

import pytest
import time_machine

from backend.ports.actor import Actor
from backend.wiring import Container
from tests.api.price_v2.test_products import observe
from tests.support.monitoring import Monitoring, refused


async def test_pri_15_a_fresh_url_has_nothing_read(api: Monitoring) -> None:
    url = await api.add_url(await api.add(), "https://WWW.rival.example.com/p/1#top")
    assert (await api.get(f"get/url/id/{url}")).json() == {
        "id": url,
        "url": "https://www.rival.example.com/p/1",
        "price": None,
        "in_stock": None,
        "last_check": None,
        "change_day": None,
        "currency": None,
        "last_changed": None,
        "old_price": None,
    }


async def test_pri_15_a_read_url_is_told_in_the_documented_formats(
    api: Monitoring, container: Container, actor: Actor
) -> None:
    with time_machine.travel(datetime(2017, 10, 21, 12, tzinfo=UTC), tick=False):
        url = await api.add_url(await api.add())
        await observe(container, actor, url, "754.75", 24)
        await observe(container, actor, url, "769.99", 0.5)

        body = (await api.get(f"get/url/id/{url}/")).json()

    assert body | {"url": ""} == {
        "id": url,
        "url": "",
        "price": "769.99",
        "in_stock": "1",
        "last_check": "2017-10-21 11:30:00",
        "change_day": "0.02",
        "currency": "USD",
        "last_changed": "21/10/2017",
        "old_price": "754.75",
    }


@pytest.mark.parametrize("wanted", ["999999999", "0", "abc", "9" * 30])
async def test_pri_15_an_unknown_url_is_404(api: Monitoring, wanted: str) -> None:
    refused(await api.get(f"get/url/id/{wanted}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("multipart", [False, True], ids=["urlencoded", "multipart"])
async def test_pri_16_a_url_is_added_to_its_product(api: Monitoring, multipart: bool) -> None:
    product = await api.add()
    answer = await api.post(
        "add/url/", {"product_id": product, "url": "https://rival.example.com/p/1"}, multipart=multipart
    )
    assert answer.json() == {"id": answer.json()["id"], "result": True}
    assert (await api.product(product))["urls"] == [answer.json()["id"]]


async def test_pri_16_the_same_url_again_is_422(api: Monitoring) -> None:
    product = await api.add()
    await api.add_url(product, "https://rival.example.com/p/1")
    form = {"product_id": product, "url": "https://RIVAL.example.com:443/p/1#reviews"}
    refused(await api.post("add/url", form), 422, "URL_EXISTS")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"product_id": "", "url": "https://rival.example.com/p/1"}, "PARAMETER_MISSING"),
        ({"product_id": "1"}, "PARAMETER_MISSING"),
        ({"product_id": "one", "url": "https://rival.example.com/p/1"}, "PARAMETER_INVALID"),
        ({"product_id": "1", "url": "ftp://rival.example.com/p/1"}, "URL_INVALID"),
        ({"product_id": "1", "url": "https://a\x00b.example/"}, "URL_INVALID"),
        ({"product_id": "1", "url": "https://x.example/" + "a" * 50_000}, "URL_INVALID"),
    ],
    ids=["no product", "no url", "odd product", "ftp", "zero byte", "very long"],
)
async def test_pri_16_what_cannot_be_tracked_is_400(api: Monitoring, form: dict[str, str], code: str) -> None:
    refused(await api.post("add/url", form), 400, code)


@pytest.mark.parametrize("product", ["999999999", "9" * 40, "0"])
async def test_pri_16_an_unknown_product_is_404(api: Monitoring, product: str) -> None:
    form = {"product_id": product, "url": "https://rival.example.com/p/1"}
    refused(await api.post("add/url", form), 404, "NOT_FOUND")


@pytest.mark.parametrize("url", ["https://www.example.com", "https://www.example.com/search?q=lamps"])
async def test_pri_16_pages_of_many_products_are_taken_and_not_read(api: Monitoring, url: str) -> None:
    added = await api.add_url(await api.add(), url)
    assert (await api.get(f"get/url/id/{added}")).json()["price"] is None


async def test_pri_17_a_url_goes_alone(api: Monitoring) -> None:
    product = await api.add()
    gone, kept = await api.add_url(product), await api.add_url(product)
    assert (await api.post(f"delete/url/id/{gone}")).json() == {"result": True}
    refused(await api.get(f"get/url/id/{gone}"), 404)
    refused(await api.post(f"delete/url/id/{gone}"), 404)
    assert (await api.product(product))["urls"] == [kept]
