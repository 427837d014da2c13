"""Writing to the simulated shop: prices, stock with keys and beliefs, products; what is accepted is noted."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.shopify import ShopifyShop, shopify_shop

PRICES = """mutation($p: ID!, $v: [ProductVariantsBulkInput!]!, $partial: Boolean) {
    productVariantsBulkUpdate(productId: $p, variants: $v, allowPartialUpdates: $partial) {
        productVariants {id price compareAtPrice} userErrors {field message code}}}"""
SET = """mutation($i: InventorySetQuantitiesInput!, $k: String!) {
    inventorySetQuantities(input: $i) @idempotent(key: $k) {
        inventoryAdjustmentGroup {id changes {delta quantityAfterChange item {id} location {name}}}
        userErrors {field message code}}}"""
ADJUST = """mutation($i: InventoryAdjustQuantitiesInput!, $k: String!) {
    inventoryAdjustQuantities(input: $i) @idempotent(key: $k) {
        inventoryAdjustmentGroup {changes {delta}} userErrors {field code}}}"""


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(3, variants_per_product=2) as served:
        served.token = str(served.install()["access_token"])  # type: ignore[attr-defined]
        yield served


def run(shop: ShopifyShop, query: str, **variables: Any) -> Any:
    answer = shop.graphql(shop.token, query, variables)  # type: ignore[attr-defined]
    assert "errors" not in answer, answer["errors"]
    return next(iter(answer["data"].values()))


def refused(shop: ShopifyShop, query: str, **variables: Any) -> str:
    answer = shop.graphql(shop.token, query, variables)  # type: ignore[attr-defined]
    return str(answer["errors"][0]["message"])


def stocked(shop: ShopifyShop, sku: str) -> int:
    return int(next(row["stock"] for row in shop.catalog if row["sku"] == sku))


def quantities(row: dict[str, Any], location: int, quantity: int, **more: Any) -> dict[str, Any]:
    one = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{row['inventory_item_id']}",
        "locationId": f"gid://shopify/Location/{location}",
        "quantity": quantity,
        **more,
    }
    return {"name": "available", "reason": "correction", "quantities": [one]}


def place(shop: ShopifyShop) -> int:
    return next(iter(shop.shop.locations))


def product_gid(row: dict[str, Any]) -> str:
    return f"gid://shopify/Product/{row['product_id']}"


def variant_gid(row: dict[str, Any]) -> str:
    return f"gid://shopify/ProductVariant/{row['id']}"


def test_prices_of_several_variants_change_at_once(shop: ShopifyShop) -> None:
    first, second = shop.catalog[:2]
    changes = [
        {"id": variant_gid(first), "price": "12.5", "compareAtPrice": "20"},
        {"id": variant_gid(second), "price": 7, "compareAtPrice": None},
    ]
    result = run(shop, PRICES, p=product_gid(first), v=changes)
    assert result["userErrors"] == []
    assert result["productVariants"][0] == {"id": variant_gid(first), "price": "12.50", "compareAtPrice": "20.00"}
    assert [row["price"] for row in shop.catalog[:2]] == ["12.50", "7.00"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "gid://shopify/ProductVariant/1", "price": "1"}, "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        ({"price": "1"}, "PRODUCT_VARIANT_ID_MISSING"),
        ({"id": "own", "price": "-1"}, "GREATER_THAN_OR_EQUAL_TO"),
        ({"id": "other", "price": "1"}, "MUST_BE_FOR_THIS_PRODUCT"),
        ({"id": "own", "inventoryQuantities": [{"locationId": "x", "availableQuantity": 1}]}, None),
    ],
    ids=["unknown", "no id", "negative", "of another product", "stock"],
)
def test_a_wrong_variant_changes_nothing(shop: ShopifyShop, change: dict[str, Any], code: str | None) -> None:
    first, second, third = shop.catalog[:3]
    named = {"own": variant_gid(second), "other": variant_gid(third)}
    change = {**change, **({"id": named.get(change["id"], change["id"])} if "id" in change else {})}
    result = run(shop, PRICES, p=product_gid(first), v=[{"id": variant_gid(first), "price": "1.00"}, change])
    assert result["userErrors"][0]["code"] == (code or "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE")
    assert result["userErrors"][0]["field"][:2] == ["variants", "1"]
    assert shop.catalog[0]["price"] == first["price"]
    assert shop.writes == []


def test_partial_updates_keep_the_good_ones(shop: ShopifyShop) -> None:
    first = shop.catalog[0]
    changes = [{"id": variant_gid(first), "price": "3"}, {"id": "gid://shopify/ProductVariant/1", "price": "3"}]
    result = run(shop, PRICES, p=product_gid(first), v=changes, partial=True)
    assert len(result["userErrors"]) == 1
    assert shop.catalog[0]["price"] == "3.00"
    assert len(shop.writes) == 1


def test_stock_is_set_when_the_belief_is_right(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    result = run(shop, SET, i=quantities(row, place(shop), 77, changeFromQuantity=row["stock"]), k="key-1")
    assert result["userErrors"] == []
    change = result["inventoryAdjustmentGroup"]["changes"][0]
    assert (change["delta"], change["quantityAfterChange"]) == (77 - row["stock"], 77)
    assert stocked(shop, row["sku"]) == 77


def test_a_stale_belief_changes_nothing(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    result = run(shop, SET, i=quantities(row, place(shop), 77, changeFromQuantity=row["stock"] + 1), k="key-1")
    assert result["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert result["inventoryAdjustmentGroup"] is None
    assert stocked(shop, row["sku"]) == row["stock"]
    assert shop.writes == []


def test_one_stale_belief_of_two_changes_neither(shop: ShopifyShop) -> None:
    first, second = shop.catalog[:2]
    wanted = quantities(first, place(shop), 1, changeFromQuantity=first["stock"])
    wanted["quantities"] += quantities(second, place(shop), 1, changeFromQuantity=-5)["quantities"]
    result = run(shop, SET, i=wanted, k="key-1")
    assert [error["field"] for error in result["userErrors"]] == [["input", "quantities", "1", "changeFromQuantity"]]
    assert stocked(shop, first["sku"]) == first["stock"]


def test_null_skips_the_comparison(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    assert run(shop, SET, i=quantities(row, place(shop), 5, changeFromQuantity=None), k="k")["userErrors"] == []
    assert stocked(shop, row["sku"]) == 5


def test_leaving_the_belief_out_is_an_error_of_the_query(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    assert "changeFromQuantity" in refused(shop, SET, i=quantities(row, place(shop), 5), k="k")
    assert stocked(shop, row["sku"]) == row["stock"]


@pytest.mark.parametrize("mutation", [SET, ADJUST], ids=["set", "adjust"])
def test_leaving_the_key_out_is_an_error_of_the_query(shop: ShopifyShop, mutation: str) -> None:
    row = shop.catalog[0]
    keyless = mutation.replace(" @idempotent(key: $k)", "").replace(", $k: String!", "")
    wanted = quantities(row, place(shop), 5, changeFromQuantity=None)
    if mutation == ADJUST:
        wanted["changes"] = [{**wanted.pop("quantities")[0], "delta": 5}]
        del wanted["changes"][0]["quantity"]
    assert "@idempotent directive is required" in refused(shop, keyless, i=wanted)
    assert stocked(shop, row["sku"]) == row["stock"]


def test_the_same_key_brings_the_first_result_and_does_nothing(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    wanted = quantities(row, place(shop), 50, changeFromQuantity=row["stock"])
    first = run(shop, SET, i=wanted, k="key-1")
    shop.change(row["sku"], stock=3)
    assert run(shop, SET, i=wanted, k="key-1") == first
    assert stocked(shop, row["sku"]) == 3
    assert len(shop.writes) == 1
    assert shop.writes[0]["body"]["idempotency_key"] == "key-1"


def test_the_same_key_brings_the_first_refusal_too(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    wanted = quantities(row, place(shop), 50, changeFromQuantity=-1)
    first = run(shop, SET, i=wanted, k="key-1")
    shop.change(row["sku"], stock=-1)
    assert run(shop, SET, i=wanted, k="key-1") == first


def test_the_same_key_for_another_write_is_refused(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    run(shop, SET, i=quantities(row, place(shop), 50, changeFromQuantity=None), k="key-1")
    result = run(shop, SET, i=quantities(row, place(shop), 51, changeFromQuantity=None), k="key-1")
    assert result["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert stocked(shop, row["sku"]) == 50


def test_adjusting_twice_with_one_key_adds_once(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    wanted = quantities(row, place(shop), 0, changeFromQuantity=None, delta=4)
    wanted["changes"] = wanted.pop("quantities")
    del wanted["changes"][0]["quantity"]
    for _ in range(2):
        assert run(shop, ADJUST, i=wanted, k="key-1")["userErrors"] == []
    assert stocked(shop, row["sku"]) == row["stock"] + 4


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"name": "committed"}, "INVALID_NAME"),
        ({"reason": "because"}, "INVALID_REASON"),
        ({"quantities": [{"inventoryItemId": "gid://shopify/InventoryItem/1"}]}, "INVALID_INVENTORY_ITEM"),
        ({"quantities": [{"locationId": "gid://shopify/Location/1"}]}, "INVALID_LOCATION"),
        ({"quantities": [{"quantity": 1_000_000_001}]}, "INVALID_QUANTITY_TOO_HIGH"),
    ],
    ids=["name", "reason", "item", "location", "too high"],
)
def test_wrong_stock_is_refused_by_name(shop: ShopifyShop, over: dict[str, Any], code: str) -> None:
    row = shop.catalog[0]
    wanted = quantities(row, place(shop), 5, changeFromQuantity=None)
    rows = [{**wanted["quantities"][0], **over.get("quantities", [{}])[0]}]
    result = run(shop, SET, i={**wanted, **over, "quantities": rows}, k="k")
    assert result["userErrors"][0]["code"] == code


def test_more_than_250_entries_are_refused(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    changes = [{"id": variant_gid(row), "price": "1"}] * 251
    assert "greater than the maximum allowed of 250" in refused(shop, PRICES, p=product_gid(row), v=changes)


def test_a_product_lives_from_create_to_delete(shop: ShopifyShop) -> None:
    create = """mutation($p: ProductCreateInput!) {productCreate(product: $p) {
        product {id handle status variants(first: 3) {nodes {id title price}}} userErrors {message}}}"""
    made = run(shop, create, p={"title": "New Thing", "productOptions": [{"name": "Size", "values": [{"name": "S"}]}]})
    product = made["product"]
    assert (product["handle"], product["status"]) == ("new-thing", "ACTIVE")
    assert product["variants"]["nodes"][0]["title"] == "S"
    add = """mutation($p: ID!, $v: [ProductVariantsBulkInput!]!) {
        productVariantsBulkCreate(productId: $p, variants: $v) {productVariants {title sku price} userErrors {code}}}"""
    rows = [{"price": "5", "optionValues": [{"optionName": "Size", "name": "M"}], "inventoryItem": {"sku": "NEW-M"}}]
    added = run(shop, add, p=product["id"], v=rows)
    assert added["productVariants"] == [{"title": "M", "sku": "NEW-M", "price": "5.00"}]
    assert run(shop, add, p=product["id"], v=rows)["userErrors"][0]["code"] == "VARIANT_ALREADY_EXISTS"
    update = (
        "mutation($p: ProductUpdateInput!) {productUpdate(product: $p) {product {title tags} userErrors {message}}}"
    )
    changed = run(shop, update, p={"id": product["id"], "title": "Newer", "tags": ["b", "a"]})
    assert changed["product"] == {"title": "Newer", "tags": ["a", "b"]}
    delete = "mutation($i: ProductDeleteInput!) {productDelete(input: $i) {deletedProductId userErrors {message}}}"
    assert run(shop, delete, i={"id": product["id"]})["deletedProductId"] == product["id"]
    assert run(shop, delete, i={"id": product["id"]})["userErrors"][0]["message"] == "Product does not exist"
    assert all(row["sku"] != "NEW-M" for row in shop.catalog)


def test_product_set_removes_the_variants_it_does_not_name(shop: ShopifyShop) -> None:
    first = shop.catalog[0]
    mutation = """mutation($id: ProductSetIdentifiers, $i: ProductSetInput!) {productSet(identifier: $id, input: $i) {
        product {variants(first: 5) {nodes {id sku price}}} userErrors {field message code}}}"""
    name, choice = next(iter(first["options"].items()))
    given = {
        "productOptions": [{"name": name, "values": [{"name": choice}]}],
        "variants": [{"optionValues": [{"optionName": name, "name": choice}], "price": "9"}],
    }
    result = run(shop, mutation, id={"id": product_gid(first)}, i=given)
    assert result["userErrors"] == []
    assert result["product"]["variants"]["nodes"] == [{"id": variant_gid(first), "sku": first["sku"], "price": "9.00"}]
    assert len(shop.catalog) == 5


def test_metafields_are_set_all_or_none(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    mutation = """mutation($m: [MetafieldsSetInput!]!) {metafieldsSet(metafields: $m) {
        metafields {namespace key value} userErrors {code elementIndex}}}"""
    good = {"ownerId": variant_gid(row), "namespace": "mm-google-shopping", "key": "mpn", "value": "M1"}
    assert run(shop, mutation, m=[good])["metafields"] == [
        {"namespace": "mm-google-shopping", "key": "mpn", "value": "M1"}
    ]
    bad = {**good, "ownerId": "gid://shopify/Product/1"}
    assert run(shop, mutation, m=[{**good, "value": "M2"}, bad])["userErrors"][0]["code"] == "INVALID"
    asked = 'query($id: ID!) {productVariant(id: $id) {metafield(namespace: "mm-google-shopping", key: "mpn") {value}}}'
    assert run(shop, asked, id=variant_gid(row))["metafield"] == {"value": "M1"}


def test_the_log_shows_each_accepted_write_with_its_body(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    run(shop, PRICES, p=product_gid(row), v=[{"id": variant_gid(row), "price": "4"}])
    run(shop, PRICES, p="gid://shopify/Product/1", v=[{"id": variant_gid(row), "price": "5"}])
    assert [write["body"]["mutation"] for write in shop.writes] == ["productVariantsBulkUpdate"]
    assert shop.writes[0]["body"]["arguments"]["variants"] == [{"id": variant_gid(row), "price": "4"}]
    assert shop.writes[0]["at"].endswith("Z")


def test_a_lost_answer_leaves_the_write_done_and_noted(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    shop.fault("timeout_after_write", next=1, seconds=0.1)
    body = {"p": product_gid(row), "v": [{"id": variant_gid(row), "price": "6"}]}
    with pytest.raises(Exception, match=r"disconnected|timed out|EOF|reset"):
        run(shop, PRICES, **body)
    assert shop.catalog[0]["price"] == "6.00"
    assert len(shop.writes) == 1
    assert shop.requests[-1]["status"] == 0


BEGIN = """mutation($i: ID!, $l: ID!, $a: Int, $k: String!) {
    inventoryActivate(inventoryItemId: $i, locationId: $l, available: $a) @idempotent(key: $k) {
        inventoryLevel {quantities(names: ["available"]) {quantity}} userErrors {message}}}"""


def test_an_item_is_begun_in_a_place_once_for_each_key() -> None:
    with shopify_shop(1, options={"locations": ["Berlin", "Bremen"]}) as shop:
        shop.token = str(shop.install()["access_token"])  # type: ignore[attr-defined]
        row = shop.catalog[0]
        where = {
            "i": f"gid://shopify/InventoryItem/{row['inventory_item_id']}",
            "l": f"gid://shopify/Location/{list(shop.shop.locations)[1]}",
            "a": 4,
        }
        for _ in range(2):
            told = run(shop, BEGIN, **where, k="once")
            assert told == {"inventoryLevel": {"quantities": [{"quantity": 4}]}, "userErrors": []}
        assert shop.catalog[0]["levels"]["Bremen"] == 4
        assert len(shop.writes) == 1
        assert run(shop, BEGIN, **where, k="other")["userErrors"]
        unkeyed = BEGIN.replace("@idempotent(key: $k)", "").replace(", $k: String!", "")
        assert "@idempotent" in refused(shop, unkeyed, **where)


def test_product_set_keeps_the_pictures_it_names_and_no_others(shop: ShopifyShop) -> None:
    row = shop.catalog[0]
    files = """mutation($id: ID!, $f: [FileSetInput!]) {productSet(identifier: {id: $id}, input: {files: $f}) {
        product {media(first: 9) {nodes {id alt ... on MediaImage {image {url}}}} variantsCount {count}}
        userErrors {code}}}"""
    sources = [{"originalSource": f"https://shop.test/{name}.jpg", "contentType": "IMAGE"} for name in "abc"]
    first = run(shop, files, id=product_gid(row), f=sources)["product"]
    kept = first["media"]["nodes"][1]
    wanted = [{"originalSource": "https://shop.test/d.jpg"}, {"id": kept["id"], "alt": "B"}]
    then = run(shop, files, id=product_gid(row), f=wanted)["product"]
    assert [one["image"]["url"][-5:] for one in then["media"]["nodes"]] == ["d.jpg", "b.jpg"]
    assert then["media"]["nodes"][1] == {**kept, "alt": "B"}
    assert then["variantsCount"] == {"count": 2}
    foreign = [{"id": "gid://shopify/MediaImage/1"}]
    assert run(shop, files, id=product_gid(row), f=foreign)["userErrors"] == [{"code": "NOT_FOUND"}]
