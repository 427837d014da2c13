"""Simulated Shopify shops on the host: made beside other platforms, alive after a restart, without an app too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plugin_bridge.sandbox.host import create_host
from plugin_bridge.sandbox.serving import Server
from tests.support.shopify import CLIENT_ID, HOST_TOKEN, ShopifyShop, shopify_shop

BEARER = {"authorization": f"Bearer {HOST_TOKEN}"}
STOCK = """mutation($i: InventorySetQuantitiesInput!) {inventorySetQuantities(input: $i) @idempotent(key: "k") {
    inventoryAdjustmentGroup {id changes {delta item {id} location {id}}} userErrors {code}}}"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Callable[..., httpx.Response]]:
    """A host without any app."""
    server = Server(lambda base_url: create_host(tmp_path, HOST_TOKEN, base_url, lambda _: []))

    def ask(**wanted: Any) -> httpx.Response:
        return httpx.post(f"{server.base_url}/_control/stores", json=wanted, headers=BEARER, trust_env=False)

    yield ask
    server.stop()


def test_a_shop_tells_its_domain_and_no_key(host: Callable[..., httpx.Response]) -> None:
    made = host(platform="shopify", products=1)
    assert made.status_code == 201
    told = made.json()
    assert set(told) == {"platform", "key", "store_url", "control_url", "shop_domain"}
    assert told["shop_domain"] == f"{told['key']}.myshopify.com"


def test_without_an_app_nobody_can_install_one(host: Callable[..., httpx.Response]) -> None:
    told = host(platform="shopify", products=1).json()
    query = {"client_id": CLIENT_ID, "redirect_uri": "http://127.0.0.1:1/api/shopify/oauth/callback"}
    page = httpx.get(f"{told['store_url']}/admin/oauth/authorize", params=query, trust_env=False)
    assert page.status_code == 400
    token = httpx.post(f"{told['control_url']}/id_token", json={}, trust_env=False)
    assert (token.status_code, token.json()["error"]) == (400, "no app was set up for this shop")
    assert httpx.get(f"{told['store_url']}/admin/apps/app", trust_env=False).status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [
        {"options": {"nonsense": 1}},
        {"options": {"locations": "one"}},
        {"options": {"key": "another"}},
        {"read_only_key": True},
        {"platform": "woocommerce", "options": {"locations": ["a"]}},
        {"platform": "magento"},
    ],
    ids=["unknown option", "wrong type", "common option", "key", "option of another platform", "platform"],
)
def test_what_no_store_can_be_made_of_is_refused(host: Callable[..., httpx.Response], wanted: dict[str, Any]) -> None:
    assert host(**{"platform": "shopify", "products": 1, **wanted}).status_code == 400


def test_both_platforms_live_on_one_host(host: Callable[..., httpx.Response]) -> None:
    shop, store = host(platform="shopify", products=2).json(), host(platform="woocommerce", products=3).json()
    sizes = [len(httpx.get(f"{one['control_url']}/catalog", trust_env=False).json()) for one in (shop, store)]
    assert sizes == [2, 3]


def test_control_is_closed_to_pages_of_other_origins(tmp_path: Path) -> None:
    with shopify_shop(1) as shop:
        answer = shop.http.post(f"{shop.control_url}/uninstall", headers={"origin": "https://evil.example"})
        assert answer.status_code == 403


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with shopify_shop(4, variants_per_product=2, folder=tmp_path, options={"bulk_delay_s": 0.0}) as shop:
        tokens = shop.install()
        row = shop.catalog[0]
        shop.change(shop.catalog[2]["sku"], price="99.00", title="Renamed")
        shop.change(shop.catalog[6]["sku"], delete=True)
        sent = stock_write(shop, tokens["access_token"], row)
        shop.control("POST", "orders", {"lines": [{"sku": row["sku"], "quantity": 1}]})
        start_bulk(shop, tokens["access_token"])
        shop.until(lambda: shop.state["bulk_operations"][0]["status"] == "COMPLETED")
        shop.fault("bulk_stuck")
        start_bulk(shop, tokens["access_token"])
        catalog, writes, state = shop.catalog, shop.writes, shop.state
    with shopify_shop(4, variants_per_product=2, folder=tmp_path) as shop:
        assert shop.catalog == catalog
        assert shop.writes == writes
        assert shop.state["generation"] == state["generation"]
        assert stock_write(shop, tokens["access_token"], row) == sent
        renewed = shop.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert renewed.status_code == 200
        found = shop.graphql(tokens["access_token"], "{orders(first: 5) {nodes {name}}}")
        assert found["data"]["orders"]["nodes"] == [{"name": "#1001"}]
        assert shop.state["bulk_operations"][0]["status"] == "COMPLETED"
        shop.until(lambda: shop.state["bulk_operations"][1]["status"] == "COMPLETED")
        urls = shop.graphql(tokens["access_token"], "{bulkOperations(first: 5) {nodes {url}}}")
        for node in urls["data"]["bulkOperations"]["nodes"]:
            name = node["url"].rpartition("/")[2]
            assert shop.http.get(f"{shop.store_url}/bulk-files/{name}").status_code == 200


def test_a_damaged_state_starts_from_the_seed(tmp_path: Path) -> None:
    with shopify_shop(2, folder=tmp_path) as shop:
        before = shop.catalog
        shop.change(before[0]["sku"], title="Changed")
    (tmp_path / "test-shop.state").write_bytes(b"\x93nonsense")
    with shopify_shop(2, folder=tmp_path) as shop:
        assert [row["title"] for row in shop.catalog] == [row["title"] for row in before]


def stock_write(shop: ShopifyShop, token: str, row: dict[str, Any]) -> Any:
    one = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{row['inventory_item_id']}",
        "locationId": f"gid://shopify/Location/{next(iter(shop.shop.locations))}",
        "quantity": 41,
        "changeFromQuantity": row["stock"],
    }
    wanted = {"name": "available", "reason": "correction", "quantities": [one]}
    result = shop.graphql(token, STOCK, {"i": wanted})["data"]["inventorySetQuantities"]
    assert result["userErrors"] == []
    return result


def start_bulk(shop: ShopifyShop, token: str) -> None:
    start = 'mutation {bulkOperationRunQuery(query: "{products {edges {node {id}}}}") {userErrors {code}}}'
    assert shop.graphql(token, start)["data"]["bulkOperationRunQuery"]["userErrors"] == []
