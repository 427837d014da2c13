"""The official `woocommerce` client works, unchanged, against the simulated store over plain http, where it signs."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from woocommerce import API

from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.host import create_host
from plugin_bridge.sandbox.serving import Server
from tests.support.sandbox import KEY, SECRET
from tests.support.sandbox import woo as new_store


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    products = [*generate_products(23), *list(generate_products(25, 3))[23:]]
    server = Server(lambda base_url: new_store(products, address=base_url, clock=time.time))
    yield server
    server.stop()


@pytest.fixture
def client(server: Server) -> API:
    return API(server.base_url, KEY, SECRET, timeout=15)


def test_it_lists_with_parameters(client: API) -> None:
    answer = client.get("products", params={"per_page": 10, "orderby": "id", "order": "asc", "status": "publish"})
    assert answer.status_code == 200
    assert len(answer.json()) == 10
    assert answer.headers["X-WP-Total"] == "25"


def test_it_walks_all_pages(client: API) -> None:
    found: list[int] = []
    for page in (1, 2, 3):
        answer = client.get("products", params={"per_page": 10, "page": page, "orderby": "id", "order": "asc"})
        found += [row["id"] for row in answer.json()]
    assert len(set(found)) == 25


def test_it_creates_updates_and_deletes(client: API) -> None:
    made = client.post("products", {"name": "Tea & co/operation", "regular_price": "21.99", "sku": "TEA-1"})
    assert made.status_code == 201
    path = f"products/{made.json()['id']}"
    assert client.put(path, {"regular_price": "24.54"}).json()["price"] == "24.54"
    assert client.get(path).json()["name"] == "Tea &amp; co/operation"
    assert client.delete(path, params={"force": True}).status_code == 200
    assert client.get(path).status_code == 404


def test_it_writes_a_batch(client: API) -> None:
    first = client.get("products", params={"orderby": "id", "order": "asc", "per_page": 2}).json()
    update = [{"id": row["id"], "regular_price": "5.00", "sale_price": ""} for row in first]
    rows = client.post("products/batch", {"update": update}).json()["update"]
    assert [row["regular_price"] for row in rows] == ["5.00", "5.00"]


def test_it_reads_variations_and_options(client: API) -> None:
    parent = client.get("products", params={"type": "variable"}).json()[0]["id"]
    assert len(client.get(f"products/{parent}/variations").json()) == 3
    assert client.options("products").status_code == 200


def test_its_old_faults_are_still_faults(client: API) -> None:
    # It signs a slash differently from the store; a list is sent as one text and signed as another.
    assert client.get("products", params={"search": "a/b"}).status_code == 401
    assert client.get("products", params={"include": [10, 11]}).status_code == 401
    assert client.get("products", params={"search": "plain words"}).status_code == 200


def test_it_works_against_a_store_below_a_path(tmp_path: Path) -> None:
    token = "t" * 20
    server = Server(lambda base_url: create_host(tmp_path, token, base_url, lambda _: []))
    try:
        made = httpx.post(
            f"{server.base_url}/_control/stores",
            json={"platform": "woocommerce", "products": 7},
            headers={"authorization": f"Bearer {token}"},
        ).json()
        client = API(made["store_url"], made["consumer_key"], made["consumer_secret"], timeout=15)
        assert len(client.get("products").json()) == 7
    finally:
        server.stop()
