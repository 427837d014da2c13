"""Reading the simulated shop: paging, searching, costs, scopes, versions."""

from collections.abc import Iterator
from typing import Any

import pytest

from plugin_bridge.sandbox.generator import generate_products
from tests.support.shopify import ShopifyShop, shopify_shop

CALLBACK = "http://127.0.0.1:1/api/shopify/oauth/callback"


@pytest.fixture(scope="module")
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(12, variants_per_product=3, options={"locations": ["Warehouse", "Corner store"]}) as served:
        yield served


@pytest.fixture(scope="module")
def token(shop: ShopifyShop) -> str:
    return str(shop.install()["access_token"])


def data(shop: ShopifyShop, token: str, query: str, **variables: Any) -> Any:
    answer = shop.graphql(token, query, variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


def walk(shop: ShopifyShop, token: str, name: str, size: int, **more: Any) -> list[str]:
    args = "".join(f", {key}: {value}" for key, value in more.items())
    found: list[str] = []
    after: str | None = None
    while True:
        asked = f"{name}(first: {size}, after: $after{args})"
        query = f"query($after: String) {{page: {asked} {{nodes {{id}} pageInfo {{hasNextPage endCursor}}}}}}"
        page = data(shop, token, query, after=after)["page"]
        found += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("sort", ["ID", "UPDATED_AT", "TITLE", "VENDOR"])
@pytest.mark.parametrize("reverse", ["true", "false"])
def test_pages_of_any_order_show_each_product_once(shop: ShopifyShop, token: str, sort: str, reverse: str) -> None:
    found = walk(shop, token, "products", 5, sortKey=sort, reverse=reverse)
    assert len(found) == len(set(found)) == 12


def test_a_reversed_walk_is_the_walk_reversed(shop: ShopifyShop, token: str) -> None:
    forward = walk(shop, token, "productVariants", 7)
    assert walk(shop, token, "productVariants", 7, reverse="true") == forward[::-1]
    assert len(forward) == 36


def test_last_and_before_go_backwards(shop: ShopifyShop, token: str) -> None:
    everything = walk(shop, token, "products", 50)
    page = data(shop, token, "{products(last: 3) {edges {cursor node {id}} pageInfo {hasPreviousPage hasNextPage}}}")
    edges = page["products"]["edges"]
    assert [edge["node"]["id"] for edge in edges] == everything[-3:]
    query = "query($b: String) {products(last: 2, before: $b) {nodes {id}}}"
    before = data(shop, token, query, b=edges[0]["cursor"])["products"]["nodes"]
    assert [node["id"] for node in before] == everything[-5:-3]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ("", "BAD_REQUEST"),
        ("(first: 251)", "BAD_REQUEST"),
        ("(first: 1, last: 1)", "BAD_REQUEST"),
        ('(first: 1, after: "nonsense")', "INVALID_CURSOR"),
    ],
    ids=["no size", "too large", "both ends", "bad cursor"],
)
def test_wrong_paging_is_refused(shop: ShopifyShop, token: str, args: str, code: str) -> None:
    assert codes(shop.graphql(token, f"{{products{args} {{nodes {{id}}}}}}")) == [code]


def test_paging_ends_at_25000_objects() -> None:
    with shopify_shop(25_200) as large:
        token = str(large.install()["access_token"])
        large.shop.bucket.rate = 100_000
        found, after = 0, None
        query = "query($a: String) {products(first: 250, after: $a) {nodes {id} pageInfo {endCursor hasNextPage}}}"
        while "errors" not in (answer := large.graphql(token, query, {"a": after})):
            page = answer["data"]["products"]
            found, after = found + len(page["nodes"]), page["pageInfo"]["endCursor"]
        assert found == 25_000
        assert codes(answer) == ["PAGINATION_LIMIT"]
        count = data(
            large, token, "{productsCount {count precision} all: productsCount(limit: null) {count precision}}"
        )
        assert count["productsCount"] == {"count": 10_000, "precision": "AT_LEAST"}
        assert count["all"] == {"count": 25_200, "precision": "EXACT"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status:active", 12),
        ("status:draft", 0),
        ("updated_at:>'2020-01-01T00:00:00Z'", 12),
        ("updated_at:>'2120-01-01T00:00:00Z'", 0),
        ("updated_at:<2120-01-01", 12),
        ("NOT status:active", 0),
        ("-status:active", 0),
        ("status:active AND updated_at:>2120-01-01", 0),
        ("status:draft OR updated_at:>2020-01-01", 12),
        ("(status:draft OR status:active) updated_at:>2020-01-01", 12),
        ("", 12),
    ],
)
def test_products_are_found_by_their_terms(shop: ShopifyShop, token: str, query: str, expected: int) -> None:
    found = data(shop, token, "query($q: String) {productsCount(query: $q) {count}}", q=query)
    assert found["productsCount"]["count"] == expected


def test_variants_are_found_by_sku_product_and_id(shop: ShopifyShop, token: str) -> None:
    row = shop.catalog[4]
    ask = "query($q: String) {productVariants(first: 10, query: $q) {nodes {legacyResourceId sku}}}"
    by_sku = data(shop, token, ask, q=f"sku:{row['sku']}")["productVariants"]["nodes"]
    assert by_sku == [{"legacyResourceId": str(row["id"]), "sku": row["sku"]}]
    by_id = data(shop, token, ask, q=f"id:{row['id']} OR id:{shop.catalog[0]['id']}")["productVariants"]["nodes"]
    assert len(by_id) == 2
    product = row["product_id"]
    for query in (f"product_id:{product}", f"product_ids:{product}", f'sku:"{row["sku"][:10]}*"'):
        assert len(data(shop, token, ask, q=query)["productVariants"]["nodes"]) == 3


def test_a_term_that_is_not_known_finds_everything_and_a_warning_says_so(shop: ShopifyShop, token: str) -> None:
    answer = shop.graphql(token, '{products(first: 50, query: "nonsense:1") {nodes {id}}}')
    assert len(answer["data"]["products"]["nodes"]) == 12
    warning = answer["extensions"]["search"][0]["warnings"][0]
    assert warning == {"field": "nonsense", "message": "Invalid search field for this query."}


def test_stock_stands_at_its_places(shop: ShopifyShop, token: str) -> None:
    row = shop.catalog[0]
    query = """query($q: String) {inventoryItems(first: 1, query: $q) {nodes {inventoryLevels(first: 5) {nodes {
        location {name} quantities(names: ["available", "on_hand", "committed"]) {name quantity}}}}}}"""
    node = data(shop, token, query, q=f"sku:{row['sku']}")["inventoryItems"]["nodes"][0]
    assert node["inventoryLevels"]["nodes"] == [
        {
            "location": {"name": "Warehouse"},
            "quantities": [
                {"name": "available", "quantity": row["stock"]},
                {"name": "on_hand", "quantity": row["stock"]},
                {"name": "committed", "quantity": 0},
            ],
        }
    ]


def test_nodes_answer_in_order_with_null_for_what_is_not_there(shop: ShopifyShop, token: str) -> None:
    row = shop.catalog[0]
    ids = [
        f"gid://shopify/ProductVariant/{row['id']}",
        "gid://shopify/Product/1",
        f"gid://shopify/Product/{row['product_id']}",
        f"gid://shopify/InventoryItem/{row['inventory_item_id']}",
        "gid://shopify/Nonsense/1",
    ]
    nodes = data(shop, token, "query($ids: [ID!]!) {nodes(ids: $ids) {__typename id}}", ids=ids)["nodes"]
    assert [node and node["__typename"] for node in nodes] == ["ProductVariant", None, "Product", "InventoryItem", None]


def test_an_id_that_is_none_is_an_error(shop: ShopifyShop, token: str) -> None:
    assert codes(shop.graphql(token, '{node(id: "7") {id}}')) == ["RESOURCE_NOT_FOUND"]


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ("{shop {name id}}", 1),
        ("{products(first: 10) {nodes {id}}}", 12),
        ("{products(first: 10) {edges {node {id title}} pageInfo {endCursor}}}", 12),
        ("{products(first: 5) {nodes {variants(first: 4) {nodes {id}}}}}", 2 + 5 * (1 + 2 + 4)),
        ("{productVariants(first: 3) {nodes {inventoryItem {unitCost {amount}}}}}", 2 + 3 * 3),
        ('mutation {productDelete(input: {id: "gid://shopify/Product/1"}) {userErrors {message}}}', 10),
    ],
    ids=["object", "nodes", "edges", "nested", "objects", "mutation"],
)
def test_a_query_costs_what_its_shape_says(shop: ShopifyShop, token: str, query: str, points: int) -> None:
    cost = shop.graphql(token, query)["extensions"]["cost"]
    assert cost["requestedQueryCost"] == points


def test_what_was_not_needed_comes_back(shop: ShopifyShop, token: str) -> None:
    cost = shop.graphql(token, "{products(first: 100) {nodes {id}}}")["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (102, 14)
    status = cost["throttleStatus"]
    assert status["maximumAvailable"] == 2000
    assert status["restoreRate"] == 100


def test_a_query_over_a_thousand_points_is_refused_before_it_runs(shop: ShopifyShop, token: str) -> None:
    answer = shop.graphql(token, "{products(first: 250) {nodes {variants(first: 50) {nodes {id}}}}}")
    assert codes(answer) == ["MAX_COST_EXCEEDED"]
    assert answer["errors"][0]["extensions"]["cost"] == 2 + 250 * 53
    assert "data" not in answer


def test_an_empty_bucket_throttles_with_200_and_says_what_is_left() -> None:
    with shopify_shop(1, options={"restore_rate": 10.0, "bucket_size": 1000.0}) as small:
        token = str(small.install()["access_token"])
        expensive = (
            "mutation {"
            + " ".join(f'm{n}: productDelete(input: {{id: "x"}}) {{userErrors {{message}}}}' for n in range(60))
            + "}"
        )
        first = small.graphql(token, expensive)
        assert first["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 400
        answer = small.graphql(token, expensive)
        assert codes(answer) == ["THROTTLED"]
        assert answer["data"] is None
        assert answer["extensions"]["cost"]["requestedQueryCost"] == 600
        assert answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 600


def test_a_field_that_does_not_exist_is_an_error_of_the_whole_query(shop: ShopifyShop, token: str) -> None:
    answer = shop.graphql(token, "{shop {nonsense}}")
    assert "data" not in answer
    assert "nonsense" in answer["errors"][0]["message"]


def test_a_variable_of_the_wrong_type_is_refused(shop: ShopifyShop, token: str) -> None:
    answer = shop.graphql(token, "query($n: Int!) {products(first: $n) {nodes {id}}}", {"n": "many"})
    assert codes(answer) == ["INVALID_VARIABLE"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"7",
        b"{}",
        b'{"query": 7}',
        b'{"query": "{shop{name}}", "variables": []}',
        b'{"query": null}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
    ids=["empty", "no json", "list", "number", "no query", "query 7", "variables", "null", "bytes", "deep"],
)
def test_a_body_that_is_no_request_is_a_400(shop: ShopifyShop, token: str, body: bytes) -> None:
    headers = {"X-Shopify-Access-Token": token, "content-type": "application/json"}
    answer = shop.http.post(f"{shop.store_url}/admin/api/2026-10/graphql.json", content=body, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "",
        "{",
        "{" * 3000,
        "{shop{" + "a{" * 2000,
        "subscription {shop {name}}",
        "query A {shop {id}} query B {shop {id}}",
    ],
    ids=["empty", "half", "braces", "deep", "subscription", "two operations"],
)
def test_a_document_that_cannot_run_is_an_error(shop: ShopifyShop, token: str, query: str) -> None:
    answer = shop.graphql(token, query)
    assert answer["errors"]
    assert "data" not in answer


@pytest.mark.parametrize(
    "query",
    [
        '{node(id: "gid://shopify/Product/²") {id}}',
        '{product(id: "gid://shopify/Product/999999999999999999999") {id}}',
        '{products(first: 1, query: "id:² updated_at:>0001-01-01T00:00:00+14:00") {nodes {id}}}',
        '{inventoryLevel(id: "gid://shopify/InventoryLevel/1?inventory_item_id=²") {id}}',
        'mutation {metafieldsSet(metafields: {ownerId: "gid://shopify/Product/²", key: "ab", value: "1"}) '
        "{userErrors {code}}}",
        "mutation {productUpdate(product: {}) {userErrors {message}}}",
        "mutation {productSet(input: {}) {userErrors {message}}}",
        "mutation {productCreate {userErrors {message}}}",
    ],
    ids=["digit", "long", "search", "level", "owner", "update", "set", "create"],
)
def test_odd_values_are_no_internal_error(shop: ShopifyShop, token: str, query: str) -> None:
    answer = shop.graphql(token, query)
    assert "INTERNAL_SERVER_ERROR" not in str(answer)


@pytest.mark.parametrize("token", ["", "shpat_0123456789abcdef0123456789abcdef"], ids=["none", "unknown"])
def test_an_unknown_token_is_a_401(shop: ShopifyShop, token: str) -> None:
    answer = shop.post_graphql(token, "{shop {name}}")
    assert answer.status_code == 401
    assert "Invalid API key or access token" in answer.json()["errors"]


@pytest.mark.parametrize(
    ("asked", "served", "status"),
    [("2026-07", "2026-07", 200), ("2025-01", "2026-01", 200), ("2031-01", None, 404), ("nonsense", None, 404)],
)
def test_versions_fall_forward_and_the_answer_says_so(
    shop: ShopifyShop, token: str, asked: str, served: str | None, status: int
) -> None:
    answer = shop.post_graphql(token, "{shop {name}}", path=f"/admin/api/{asked}/graphql.json")
    assert (answer.status_code, answer.headers.get("x-shopify-api-version")) == (status, served)


@pytest.mark.parametrize(
    ("scope", "query", "denied"),
    [
        ("read_orders", "{products(first: 1) {nodes {id}}}", True),
        ("read_products", "{products(first: 1) {nodes {id}}}", False),
        (
            "read_products",
            "{productVariants(first: 1) {nodes {inventoryItem {inventoryLevels(first: 1) {nodes {id}}}}}}",
            True,
        ),
        ("read_products", "{productVariants(first: 1) {nodes {inventoryItem {sku}}}}", False),
        ("read_products,read_inventory", "{locations(first: 1) {nodes {id}}}", False),
        ("read_products,read_inventory", "{locations(first: 1) {nodes {name}}}", True),
        ("read_products", "{orders(first: 1) {nodes {id}}}", True),
        ("read_products", "{a: productsCount {count}}", False),
        (
            "read_products",
            'mutation {productDelete(input: {id: "gid://shopify/Product/1"}) {userErrors {message}}}',
            True,
        ),
        ("write_products", "{products(first: 1) {nodes {id}}}", False),
    ],
    ids=[
        "products",
        "products ok",
        "levels",
        "items ok",
        "places ok",
        "place names",
        "orders",
        "count ok",
        "write",
        "write implies read",
    ],
)
def test_scopes_are_enforced(scope: str, query: str, denied: bool) -> None:
    with shopify_shop(2) as other:
        answer = other.graphql(str(other.install(scope)["access_token"]), query)
        assert ("errors" in answer) == denied
        if denied:
            assert set(codes(answer)) == {"ACCESS_DENIED"}


def test_orders_older_than_sixty_days_and_their_customers_are_not_shown() -> None:
    with shopify_shop(1) as other:
        sku = other.catalog[0]["sku"]
        other.control("POST", "orders", {"lines": [{"sku": sku, "quantity": 2}]})
        other.control("POST", "orders", {"lines": [{"sku": sku, "quantity": 1}], "days_ago": 61})
        token = str(other.install("read_orders,read_products,read_customers")["access_token"])
        query = """{orders(first: 5) {nodes {name email customer {firstName} shippingAddress {city}
            totalPriceSet {shopMoney {amount currencyCode}} lineItems(first: 5) {nodes {sku quantity}}}}}"""
        nodes = data(other, token, query)["orders"]["nodes"]
        assert [node["name"] for node in nodes] == ["#1001"]
        assert (nodes[0]["email"], nodes[0]["customer"], nodes[0]["shippingAddress"]) == (None, None, None)
        assert nodes[0]["lineItems"]["nodes"] == [{"sku": sku, "quantity": 2}]


def test_every_seeded_value_comes_out_as_it_went_in() -> None:
    given = list(generate_products(4, 3, seed=5))
    with shopify_shop(given) as other:
        token = str(other.install()["access_token"])
        query = """{products(first: 9) {nodes {title descriptionHtml handle vendor tags status category {fullName}
            options {name} variants(first: 5) {nodes {sku barcode price compareAtPrice selectedOptions {name value}
            inventoryQuantity inventoryItem {unitCost {amount} measurement {weight {unit value}}}}}}}}"""
        nodes = data(other, token, query)["products"]["nodes"]
    for product, node in zip(given, nodes, strict=True):
        assert (node["title"], node["vendor"], node["handle"]) == (product.title, product.brand, product.handle)
        assert node["descriptionHtml"] == product.description
        assert sorted(node["tags"]) == sorted(product.tags)
        assert node["category"]["fullName"] == product.categories[-1]
        for variant, row in zip(product.variants, node["variants"]["nodes"], strict=True):
            assert (row["sku"], row["barcode"]) == (variant.sku, variant.barcode)
            assert {one["name"]: one["value"] for one in row["selectedOptions"]} == dict(variant.options)
            assert row["inventoryQuantity"] == variant.stock
            assert row["inventoryItem"]["measurement"]["weight"] == {"unit": "GRAMS", "value": variant.weight_g}
            asked = variant.price if variant.sale_price is None else variant.sale_price
            assert row["price"] == f"{asked:.2f}"
            assert row["compareAtPrice"] == (None if variant.sale_price is None else f"{variant.price:.2f}")
