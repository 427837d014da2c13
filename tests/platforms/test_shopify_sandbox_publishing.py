"""The simulated shop's sales channels: what an app makes lies on none of them until it is published."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.shopify import ShopifyShop, shopify_shop

MAKE = "mutation($i: ProductSetInput!) { productSet(input: $i) { product {id onlineStoreUrl publishedAt} } }"
CHANNELS = """{ publications(first: 5, catalogType: APP) {
    nodes {id catalog {title ... on AppCatalog {apps(first: 1) {nodes {handle}}}}} } }"""
PUBLISH = """mutation($id: ID!, $p: ID!) { publishablePublish(id: $id, input: [{publicationId: $p}]) {
    publishable {publishedOnPublication(publicationId: $p) ... on Product {onlineStoreUrl publishedAt}}
    userErrors {field message} } }"""


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(1) as served:
        yield served


def run(shop: ShopifyShop, token: str, query: str, **variables: Any) -> Any:
    answer = shop.graphql(token, query, variables)
    assert "errors" not in answer, answer["errors"]
    return next(iter(answer["data"].values()))


def test_a_shop_tells_its_channels_by_title_and_handle(shop: ShopifyShop) -> None:
    nodes = run(shop, shop.install()["access_token"], CHANNELS)["nodes"]
    told = [(one["catalog"]["title"], one["catalog"]["apps"]["nodes"][0]["handle"]) for one in nodes]
    assert told == [("Online Store", "online_store"), ("Pos", "pos")]


def test_what_is_made_by_api_has_no_address_until_it_is_published(shop: ShopifyShop) -> None:
    token = shop.install()["access_token"]
    made = run(shop, token, MAKE, i={"title": "Lamp"})["product"]
    assert (made["onlineStoreUrl"], made["publishedAt"]) == (None, None)
    assert [row["channels"] for row in shop.catalog] == [["online_store", "pos"], []]
    publication = run(shop, token, CHANNELS)["nodes"][0]["id"]
    done = run(shop, token, PUBLISH, id=made["id"], p=publication)
    assert done["userErrors"] == []
    assert done["publishable"]["onlineStoreUrl"] == f"https://{shop.domain}/products/lamp"
    assert done["publishable"]["publishedOnPublication"]
    assert done["publishable"]["publishedAt"] is not None
    assert shop.catalog[1]["channels"] == ["online_store"]


def test_publishing_twice_changes_nothing(shop: ShopifyShop) -> None:
    token = shop.install()["access_token"]
    publication = run(shop, token, CHANNELS)["nodes"][0]["id"]
    before = shop.catalog
    run(shop, token, PUBLISH, id=f"gid://shopify/Product/{before[0]['product_id']}", p=publication)
    assert shop.catalog == before


def test_an_unknown_publication_is_an_error_of_the_item(shop: ShopifyShop) -> None:
    token = shop.install()["access_token"]
    product = f"gid://shopify/Product/{shop.catalog[0]['product_id']}"
    done = run(shop, token, PUBLISH, id=product, p="gid://shopify/Publication/1")
    assert done["userErrors"][0]["field"] == ["input", "0", "publicationId"]


def test_channels_are_told_to_whom_they_were_granted(shop: ShopifyShop) -> None:
    token = shop.install("read_products,write_products")["access_token"]
    assert shop.graphql(token, CHANNELS)["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_channels_outlive_a_restart(shop: ShopifyShop, tmp_path: Any) -> None:
    with shopify_shop(1, folder=tmp_path, key="lasting") as first:
        token = first.install()["access_token"]
        made = run(first, token, MAKE, i={"title": "Lamp"})["product"]
        publication = run(first, token, CHANNELS)["nodes"][0]["id"]
        run(first, token, MAKE, i={"title": "Bulb"})
        run(first, token, PUBLISH, id=made["id"], p=publication)
    with shopify_shop(1, folder=tmp_path, key="lasting") as second:
        found = {row["title"]: row["channels"] for row in second.catalog}
        assert (found["Lamp"], found["Bulb"]) == (["online_store"], [])
        assert run(second, second.install()["access_token"], CHANNELS)["nodes"][0]["id"] == publication
