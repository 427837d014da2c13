"""Bulk operations of the simulated shop: what is allowed, how they end, what their files hold."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.shopify import ShopifyShop, shopify_shop

START = """mutation($q: String!, $g: Boolean! = false) {bulkOperationRunQuery(query: $q, groupObjects: $g) {
    bulkOperation {id status type} userErrors {field message code}}}"""
STATE = """query($id: ID!) {bulkOperation(id: $id) {
    status errorCode objectCount rootObjectCount fileSize url partialDataUrl completedAt}}"""
PRODUCTS = "{products {edges {node {id title variants {edges {node {id sku}}}}}}}"


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(150, variants_per_product=2, options={"bulk_delay_s": 0.02}) as served:
        served.token = str(served.install()["access_token"])  # type: ignore[attr-defined]
        yield served


def run(shop: ShopifyShop, query: str, **variables: Any) -> Any:
    answer = shop.graphql(shop.token, query, variables)  # type: ignore[attr-defined]
    assert "errors" not in answer, answer["errors"]
    return next(iter(answer["data"].values()))


def start(shop: ShopifyShop, query: str, **more: Any) -> str:
    result = run(shop, START, q=query, **more)
    assert result["userErrors"] == []
    assert result["bulkOperation"]["status"] == "CREATED"
    return str(result["bulkOperation"]["id"])


def ended(shop: ShopifyShop, operation: str) -> dict[str, Any]:
    def look() -> Any:
        state = run(shop, STATE, id=operation)
        return state if state["status"] not in ("CREATED", "RUNNING", "CANCELING") else None

    found: dict[str, Any] = shop.until(look)
    return found


def lines(shop: ShopifyShop, url: str) -> list[dict[str, Any]]:
    answer = shop.http.get(url)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def test_every_object_has_its_line_and_children_name_their_parents(shop: ShopifyShop) -> None:
    state = ended(shop, start(shop, PRODUCTS))
    assert (state["status"], state["objectCount"], state["rootObjectCount"]) == ("COMPLETED", "450", "150")
    rows = lines(shop, state["url"])
    assert len(shop.http.get(state["url"]).content) == int(state["fileSize"])
    roots = {row["id"] for row in rows if "__parentId" not in row}
    children = [row for row in rows if "__parentId" in row]
    assert len(roots) == 150
    assert len(children) == 300
    assert {row["__parentId"] for row in children} == roots
    assert {row["sku"] for row in children} == {row["sku"] for row in shop.catalog}


def test_ungrouped_children_come_away_from_their_parents_and_grouped_ones_right_behind(shop: ShopifyShop) -> None:
    apart = lines(shop, ended(shop, start(shop, PRODUCTS))["url"])
    assert "__parentId" not in apart[1]
    together = lines(shop, ended(shop, start(shop, PRODUCTS, g=True))["url"])
    parent = ""
    for row in together:
        assert row.get("__parentId", row["id"]) == parent or "__parentId" not in row
        parent = row["id"] if "__parentId" not in row else parent


def test_children_can_come_first(shop: ShopifyShop) -> None:
    shop.fault("children_first")
    rows = lines(shop, ended(shop, start(shop, PRODUCTS))["url"])
    assert "__parentId" in rows[0]
    assert len(rows) == 450


def test_connections_below_an_object_hang_on_the_node_above_it(shop: ShopifyShop) -> None:
    query = """{productVariants {edges {node {id inventoryItem {sku inventoryLevels {edges {node {
        location {name} quantities(names: ["available"]) {quantity}}}}}}}}}"""
    rows = lines(shop, ended(shop, start(shop, query))["url"])
    levels = [row for row in rows if "__parentId" in row]
    assert len(levels) == 300
    assert all(row["__parentId"].startswith("gid://shopify/ProductVariant/") for row in levels)
    stock = {f"gid://shopify/ProductVariant/{row['id']}": row["stock"] for row in shop.catalog}
    assert {row["__parentId"]: row["quantities"][0]["quantity"] for row in levels} == stock
    assert "inventoryLevels" not in next(row for row in rows if "__parentId" not in row)["inventoryItem"]


def test_nothing_found_means_no_file(shop: ShopifyShop) -> None:
    state = ended(shop, start(shop, '{products(query: "status:draft") {edges {node {id}}}}'))
    assert (state["status"], state["objectCount"], state["url"]) == ("COMPLETED", "0", None)


def test_a_search_narrows_and_page_sizes_are_ignored(shop: ShopifyShop) -> None:
    one = shop.catalog[0]["product_id"]
    state = ended(shop, start(shop, f'{{products(first: 3, query: "id:{one}") {{edges {{node {{id}}}}}}}}'))
    assert state["objectCount"] == "1"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{shop {name}}", "at least one connection"),
        ("{products {edges {node {id}}} orders {edges {node {id}}}}", "single top-level field"),
        ("{products {nodes {id}}}", "'edges' and 'node'"),
        ("{products {edges {node {title variants {edges {node {id}}}}}}}", "must select the 'id' field"),
        ("{products {edges {node {nonsense}}}}", "Invalid bulk query"),
        ("query($a: Int) {products(first: $a) {edges {node {id}}}}", "variables are not supported"),
        ("{products {edges", "Invalid bulk query"),
        (
            "{products {edges {node {id collections {edges {node {id products {edges {node {id variants {edges {node "
            "{id}}}}}}}}}}}}}",
            "nesting depth",
        ),
        (
            "{products {edges {node {id variants {edges {node {id}}} media {edges {node {id}}} m: metafields {edges "
            "{node {id}}} n: metafields {edges {node {id}}} c: collections {edges {node {id}}}}}}}",
            "more than 5 connections",
        ),
    ],
    ids=["no connection", "two roots", "nodes", "no id", "unknown", "variables", "no query", "too deep", "too many"],
)
def test_what_cannot_run_in_bulk_is_refused(shop: ShopifyShop, query: str, said: str) -> None:
    result = run(shop, START, q=query)
    assert result["bulkOperation"] is None
    assert result["userErrors"][0]["code"] == "INVALID"
    assert said in result["userErrors"][0]["message"]


def test_five_run_at_once_and_the_sixth_is_refused(shop: ShopifyShop) -> None:
    shop.fault("bulk_stuck")
    for _ in range(5):
        start(shop, PRODUCTS)
    assert run(shop, START, q=PRODUCTS)["userErrors"][0]["code"] == "LIMIT_REACHED"
    shop.clear_faults()
    shop.until(lambda: all(one["status"] == "COMPLETED" for one in shop.state["bulk_operations"]))
    start(shop, PRODUCTS)


def test_a_stuck_operation_can_be_cancelled(shop: ShopifyShop) -> None:
    shop.fault("bulk_stuck")
    operation = start(shop, PRODUCTS)
    shop.until(lambda: run(shop, STATE, id=operation)["status"] == "RUNNING")
    cancel = "mutation($id: ID!) {bulkOperationCancel(id: $id) {bulkOperation {status} userErrors {message}}}"
    assert run(shop, cancel, id=operation)["bulkOperation"]["status"] == "CANCELING"
    assert ended(shop, operation)["status"] == "CANCELED"
    assert run(shop, cancel, id=operation)["userErrors"][0]["message"].startswith("A bulk operation cannot be canceled")


def test_a_failed_operation_leaves_a_part(shop: ShopifyShop) -> None:
    shop.fault("bulk_failed", next=1)
    state = ended(shop, start(shop, PRODUCTS))
    assert (state["status"], state["errorCode"], state["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    part = lines(shop, state["partialDataUrl"])
    assert 0 < len(part) == int(state["objectCount"]) < 450


def test_what_the_token_may_not_read_fails_the_operation(shop: ShopifyShop) -> None:
    shop.control("POST", "scopes", {"scopes": "read_orders"})
    state = ended(shop, start(shop, PRODUCTS))
    assert (state["status"], state["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_the_file_needs_its_signature_and_no_credentials(shop: ShopifyShop) -> None:
    url = ended(shop, start(shop, PRODUCTS))["url"]
    assert shop.http.get(url.partition("?")[0]).status_code == 403
    assert shop.http.get(url.replace("Signature=", "Signature=x")).status_code == 403
    assert shop.http.get(url, headers={"X-Shopify-Access-Token": "a token given away"}).status_code == 400
    assert shop.http.get(url).status_code == 200


def test_the_file_expires() -> None:
    with shopify_shop(2, options={"bulk_delay_s": 0.0, "bulk_kept_s": 0.3}) as shop:
        shop.token = str(shop.install()["access_token"])  # type: ignore[attr-defined]
        operation = start(shop, PRODUCTS)
        url = ended(shop, operation)["url"]
        assert url
        shop.until(lambda: shop.http.get(url).status_code == 403)
        assert run(shop, STATE, id=operation)["status"] == "EXPIRED"


def test_operations_are_listed_by_status_and_type(shop: ShopifyShop) -> None:
    operation = start(shop, PRODUCTS)
    ended(shop, operation)
    query = "query($q: String) {bulkOperations(first: 5, query: $q) {nodes {id}}}"
    assert run(shop, query, q="status:completed operation_type:query")["nodes"] == [{"id": operation}]
    assert run(shop, query, q="status:running")["nodes"] == []


def test_a_mutation_runs_once_for_each_line_of_the_upload(shop: ShopifyShop) -> None:
    first, _, third = shop.catalog[:3]
    stage = """mutation($i: [StagedUploadInput!]!) {stagedUploadsCreate(input: $i) {
        stagedTargets {url parameters {name value}} userErrors {message}}}"""
    wanted = {"resource": "BULK_MUTATION_VARIABLES", "filename": "v", "mimeType": "text/jsonl", "httpMethod": "POST"}
    target = run(shop, stage, i=[wanted])["stagedTargets"][0]
    fields = {one["name"]: one["value"] for one in target["parameters"]}
    upload = "\n".join(
        json.dumps(
            {
                "p": f"gid://shopify/Product/{row['product_id']}",
                "v": [{"id": f"gid://shopify/ProductVariant/{row['id']}", "price": "8"}],
            }
        )
        for row in (first, third)
    )
    sent = shop.http.post(target["url"], data=fields, files={"file": ("v", upload + "\nnonsense\n")})
    assert sent.status_code == 201
    mutation = """mutation($p: ID!, $v: [ProductVariantsBulkInput!]!) {
        productVariantsBulkUpdate(productId: $p, variants: $v) {productVariants {price} userErrors {message}}}"""
    begin = """mutation($m: String!, $u: String!) {bulkOperationRunMutation(mutation: $m, stagedUploadPath: $u) {
        bulkOperation {id type} userErrors {code message}}}"""
    assert run(shop, begin, m=mutation, u="tmp/nowhere")["userErrors"][0]["code"] == "NO_SUCH_FILE"
    state = ended(shop, run(shop, begin, m=mutation, u=fields["key"])["bulkOperation"]["id"])
    rows = lines(shop, state["url"])
    assert [row["__lineNumber"] for row in rows] == [0, 1, 2]
    assert rows[0]["data"]["productVariantsBulkUpdate"]["productVariants"] == [{"price": "8.00"}]
    assert "errors" in rows[2]
    assert [row["price"] for row in shop.catalog[:3:2]] == ["8.00", "8.00"]
    assert len(shop.writes) == 2


def test_an_upload_that_was_never_offered_is_refused(shop: ShopifyShop) -> None:
    sent = shop.http.post(f"{shop.store_url}/staged-uploads", data={"key": "tmp/x"}, files={"file": ("v", "{}")})
    assert sent.status_code == 403


def test_operations_are_listed_newest_first_unless_asked_otherwise(shop: ShopifyShop) -> None:
    first, second = start(shop, PRODUCTS), start(shop, PRODUCTS)
    listed = "query($r: Boolean) {bulkOperations(first: 5, reverse: $r) {nodes {id}}}"
    assert [one["id"] for one in run(shop, listed)["nodes"]] == [second, first]
    assert [one["id"] for one in run(shop, listed, r=True)["nodes"]] == [first, second]


def test_a_mutation_can_fail_half_way_and_leave_what_it_did(shop: ShopifyShop) -> None:
    stage = """mutation($i: [StagedUploadInput!]!) {stagedUploadsCreate(input: $i) {
        stagedTargets {url parameters {name value}} userErrors {message}}}"""
    wanted = {"resource": "BULK_MUTATION_VARIABLES", "filename": "v", "mimeType": "text/jsonl", "httpMethod": "POST"}
    target = run(shop, stage, i=[wanted])["stagedTargets"][0]
    fields = {one["name"]: one["value"] for one in target["parameters"]}
    products = sorted({row["product_id"] for row in shop.catalog})[:2]
    upload = "\n".join(json.dumps({"p": {"id": f"gid://shopify/Product/{one}", "title": "New"}}) for one in products)
    assert shop.http.post(target["url"], data=fields, files={"file": ("v", upload)}).status_code == 201
    begin = """mutation($m: String!, $u: String!) {bulkOperationRunMutation(mutation: $m, stagedUploadPath: $u) {
        bulkOperation {id} userErrors {code}}}"""
    mutation = "mutation($p: ProductUpdateInput!) {productUpdate(product: $p) {product {title} userErrors {message}}}"
    shop.fault("bulk_failed", next=1)
    state = ended(shop, run(shop, begin, m=mutation, u=fields["key"])["bulkOperation"]["id"])
    assert (state["status"], state["url"]) == ("FAILED", None)
    assert [row["__lineNumber"] for row in lines(shop, state["partialDataUrl"])] == [0]
    assert len(shop.writes) == 1
