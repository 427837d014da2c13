"""The process that hosts simulated stores: makes them, guards them, and has them still after a restart."""

import logging
import stat
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from woocommerce import API

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.sandbox.host import create_host
from plugin_bridge.sandbox.serving import Server
from tests.support.sandbox import eventually

TOKEN = "an admin token of some length"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def read_catalog(path: Path) -> list[PlatformProduct]:
    """A reader of one line a product: SKU and price."""
    rows = [line.split(",") for line in path.read_text().splitlines()]
    return [
        PlatformProduct(
            external_id=sku,
            title=f"Product {sku}",
            variants=(PlatformVariant(external_id=sku, external_product_id=sku, sku=sku, price=Decimal(price)),),
        )
        for sku, price in rows
    ]


class HostRun:
    """One run of the host on a folder."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(lambda base_url: create_host(folder, TOKEN, base_url, read_catalog))

    def make(self, **wanted: Any) -> dict[str, Any]:
        answer = self.ask("POST", json={"platform": "woocommerce", **wanted})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def ask(self, method: str, headers: dict[str, str] = BEARER, **more: Any) -> httpx.Response:
        return httpx.request(method, f"{self.server.base_url}/_control/stores", headers=headers, **more)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[], HostRun]]:
    runs: list[HostRun] = []

    def start() -> HostRun:
        for earlier in runs:
            earlier.server.stop()
        runs.append(HostRun(tmp_path / "stores"))
        return runs[-1]

    yield start
    for host in runs:
        host.server.stop()


def client_of(store: dict[str, Any]) -> API:
    return API(store["store_url"], store["consumer_key"], store["consumer_secret"], timeout=15)


def test_seven_products_with_one_variant_are_seven_products(run: Callable[[], HostRun]) -> None:
    store = run().make(products=7, variants_per_product=1)
    answer = client_of(store).get("products", params={"per_page": 100})
    assert [row["type"] for row in answer.json()] == ["simple"] * 7


def test_a_store_is_at_home_at_its_own_address(run: Callable[[], HostRun]) -> None:
    store = run().make(name="Berlin", timezone="Europe/Berlin", currency="EUR", key="berlin")
    assert store["store_url"].endswith("/berlin")
    index = httpx.get(f"{store['store_url']}/wp-json/?_fields=name,url,home,timezone_string").json()
    assert index == {
        "name": "Berlin",
        "url": store["store_url"],
        "home": store["store_url"],
        "timezone_string": "Europe/Berlin",
    }


def test_stores_know_nothing_of_each_other(run: Callable[[], HostRun]) -> None:
    host = run()
    first, second = host.make(products=1), host.make(products=2)
    assert len(client_of(first).get("products").json()) == 1
    assert len(client_of(second).get("products").json()) == 2
    foreign = API(second["store_url"], first["consumer_key"], first["consumer_secret"], timeout=15)
    assert foreign.get("products").status_code == 401
    assert len(httpx.get(f"{first['control_url']}/requests").json()) == 1


def test_the_catalog_of_a_file_is_sold(run: Callable[[], HostRun], tmp_path: Path) -> None:
    file = tmp_path / "catalog.csv"
    file.write_text("A-1,5.00\nA-2,6.50\n")
    host = run()
    store = host.make(catalog_file=str(file))
    file.unlink()
    rows = client_of(store).get("products", params={"orderby": "id", "order": "asc"}).json()
    assert [(row["sku"], row["price"]) for row in rows] == [("A-1", "5.00"), ("A-2", "6.50")]
    again = next(row for row in run().ask("GET").json() if row["key"] == store["key"])
    assert len(client_of(again).get("products").json()) == 2


def test_a_read_only_key_reads_only(run: Callable[[], HostRun]) -> None:
    client = client_of(run().make(read_only_key=True))
    assert client.get("products").status_code == 200
    assert client.post("products/batch", {"update": []}).status_code == 401


def test_stores_survive_a_restart_with_what_happened_to_them(run: Callable[[], HostRun]) -> None:
    store = run().make(products=3, variants_per_product=2)
    sku = httpx.get(f"{store['control_url']}/catalog").json()[1]["sku"]
    httpx.post(f"{store['control_url']}/change", json={"sku": sku, "price": "77.00"})
    client_of(store).post("webhooks", {"topic": "product.updated", "delivery_url": "http://127.0.0.1:9/"})
    host = run()
    again = host.ask("GET").json()[0]
    assert (again["key"], again["consumer_secret"]) == (store["key"], store["consumer_secret"])
    assert client_of(again).get("products", params={"sku": sku}).json()[0]["regular_price"] == "77.00"
    assert len(client_of(again).get("webhooks").json()) == 1
    assert len(httpx.get(f"{again['control_url']}/writes").json()) == 1


def test_a_change_is_on_disk_about_a_second_later(run: Callable[[], HostRun], tmp_path: Path) -> None:
    store = run().make(products=2, key="kept")
    sku = httpx.get(f"{store['control_url']}/catalog").json()[0]["sku"]
    httpx.post(f"{store['control_url']}/change", json={"sku": sku, "stock": 5})
    path = tmp_path / "stores" / "kept.state"
    eventually(path.exists, 5)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reading_writes_nothing(run: Callable[[], HostRun], tmp_path: Path) -> None:
    host = run()
    client_of(host.make(products=2, key="quiet")).get("products")
    host.server.stop()
    assert not (tmp_path / "stores" / "quiet.state").exists()


def test_a_damaged_state_falls_back_to_the_seed(
    run: Callable[[], HostRun], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = run()
    store = host.make(products=2, key="hurt")
    sku = httpx.get(f"{store['control_url']}/catalog").json()[0]["sku"]
    httpx.post(f"{store['control_url']}/change", json={"sku": sku, "price": "77.00"})
    host.server.stop()
    (tmp_path / "stores" / "hurt.state").write_bytes(b"\xc1 half a file")
    with caplog.at_level(logging.WARNING):
        again = run().ask("GET").json()[0]
        rows = client_of(again).get("products", params={"sku": sku}).json()
    assert rows[0]["regular_price"] != "77.00"
    assert "damaged" in caplog.text


def test_a_damaged_definition_does_not_stop_the_others(run: Callable[[], HostRun], tmp_path: Path) -> None:
    run().make(key="fine")
    (tmp_path / "stores" / "broken.json").write_text("{")
    assert [row["key"] for row in run().ask("GET").json()] == ["fine"]


def test_asking_for_a_key_twice_gives_the_same_store(run: Callable[[], HostRun]) -> None:
    host = run()
    assert host.make(key="demo", products=3) == host.make(key="demo", products=3)


def test_making_and_listing_need_the_token(run: Callable[[], HostRun]) -> None:
    host = run()
    for headers in ({}, {"authorization": "Bearer nonsense"}, {**BEARER, "origin": "https://evil.test"}):
        assert host.ask("GET", headers).status_code == 401
        assert host.ask("POST", headers, json={"platform": "woocommerce"}).status_code == 401


def test_control_refuses_pages_of_another_origin(run: Callable[[], HostRun]) -> None:
    store = run().make()
    url = f"{store['control_url']}/faults"
    assert httpx.post(url, json={"kind": "html"}, headers={"origin": "https://evil.test"}).status_code == 403
    assert httpx.post(url, json={"kind": "html"}, headers={"origin": "null"}).status_code == 403
    assert httpx.delete(url).status_code == 204


@pytest.mark.parametrize(
    "wanted",
    [
        {"platform": "magento"},
        {"platform": "woocommerce", "products": -1},
        {"platform": "woocommerce", "variants_per_product": 0},
        {"platform": "woocommerce", "products": "many"},
        {"platform": "woocommerce", "key": "../up"},
        {"platform": "woocommerce", "key": "stores"},
        {"platform": "woocommerce", "timezone": "Mars/Olympus"},
        {"platform": "woocommerce", "currency": "euro"},
        {"platform": "woocommerce", "catalog_file": "/no/such/file"},
        {"platform": "woocommerce", "catalog_file": "/no/such/file", "products": 3},
        {"platform": "woocommerce", "nonsense": True},
        {},
        [],
    ],
)
def test_a_store_that_cannot_be_made_is_400(run: Callable[[], HostRun], wanted: Any) -> None:
    host = run()
    answer = host.ask("POST", json=wanted)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert host.ask("GET").json() == []


def test_an_unknown_store_is_404(run: Callable[[], HostRun]) -> None:
    host = run()
    assert httpx.get(f"{host.server.base_url}/nobody/wp-json/").status_code == 404
    assert httpx.get(f"{host.server.base_url}/_control/nobody/requests").status_code == 404


def test_a_store_asked_by_many_at_once_after_a_restart_is_built_once(run: Callable[[], HostRun]) -> None:
    run().make(key="busy", products=500)
    again = run().ask("GET").json()[0]
    threads = [
        threading.Thread(target=httpx.get, args=(f"{again['store_url']}/wp-json/?_fields=name",)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(httpx.get(f"{again['control_url']}/requests").json()) == 6


def test_a_lost_answer_leaves_the_client_waiting_and_the_write_done(run: Callable[[], HostRun]) -> None:
    store = run().make(products=1)
    httpx.post(f"{store['control_url']}/faults", json={"kind": "timeout_after_write", "next": 1, "seconds": 30})
    impatient = API(store["store_url"], store["consumer_key"], store["consumer_secret"], timeout=0.5)
    started = time.monotonic()
    with pytest.raises(OSError, match="timed out"):
        impatient.put("products/10", {"name": "Written"})
    assert time.monotonic() - started < 5
    assert client_of(store).get("products/10").json()["name"] == "Written"
    assert 0 in [row["status"] for row in httpx.get(f"{store['control_url']}/requests").json()]


def test_a_token_must_be_long_enough(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 characters"):
        create_host(tmp_path, "short", "http://127.0.0.1", read_catalog)
