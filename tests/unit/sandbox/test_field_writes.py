"""What WordPress makes of single fields that are written: markup, barcodes, pictures, tags."""

from typing import Any

import pytest

from tests.support.sandbox import ask, woo

FIRST = 10


def put(body: dict[str, Any]) -> Any:
    return ask(woo(), "PUT", f"products/{FIRST}", body).json()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<p>Tea</p>", "<p>Tea</p>"),
        ("Tea<script>x</script>", "Teax"),
        ('<IFRAME src="a">b</iframe >', "b"),
        ("Tom & Jerry &amp; &#8211; &nope", "Tom &amp; Jerry &amp; &#8211; &amp;nope"),
        (None, ""),
    ],
)
def test_dangerous_tags_fall_out_and_ampersands_become_entities(sent: str | None, kept: str) -> None:
    answer = put({"name": sent, "description": sent})
    assert answer["name"] == kept
    assert kept in answer["description"]


def test_letters_fall_out_of_a_barcode() -> None:
    assert put({"global_unique_id": "ISBN 978-3-16"})["global_unique_id"] == "978-3-16"


def test_the_store_keeps_a_copy_of_a_picture_under_its_own_address() -> None:
    (image,) = put({"images": [{"src": "https://cdn.example/a/b.png?x=1", "alt": "B"}]})["images"]
    assert image["src"] == "https://shop.test/wp-content/uploads/2026/09/b.png"
    assert (image["name"], image["alt"]) == ("b", "B")


def test_a_picture_named_by_its_id_stays_and_may_be_renamed() -> None:
    store = woo()
    path = f"products/{FIRST}"
    (image,) = ask(store, "PUT", path, {"images": [{"src": "https://cdn.example/b.png", "alt": "B"}]}).json()["images"]
    (again,) = ask(store, "PUT", path, {"images": [{"id": image["id"], "alt": "C"}]}).json()["images"]
    assert (again["id"], again["src"], again["alt"]) == (image["id"], image["src"], "C")


@pytest.mark.parametrize("src", ["https://cdn.invalid/b.png", "https://[broken/b.png"])
def test_a_picture_that_cannot_be_fetched_refuses_an_update(src: str) -> None:
    store = woo()
    answer = ask(store, "PUT", f"products/{FIRST}", {"name": "New", "images": [{"src": src}]})
    assert (answer.status, answer.code) == (400, "woocommerce_product_image_upload_error")
    assert ask(store, "GET", f"products/{FIRST}").json()["name"] != "New"


def test_a_picture_that_cannot_be_fetched_refuses_a_creation_that_is_done_all_the_same() -> None:
    store = woo()
    body = {"name": "New", "sku": "NEW", "images": [{"src": "https://cdn.invalid/b.png"}]}
    assert ask(store, "POST", "products", body).code == "woocommerce_product_image_upload_error"
    (made,) = ask(store, "GET", "products", sku="NEW").json()
    assert (made["name"], made["images"]) == ("New", [])


def test_a_variation_with_a_picture_that_cannot_be_fetched_is_not_made() -> None:
    store = woo()
    parent = ask(store, "POST", "products", {"name": "P", "type": "variable"}).json()["id"]
    rows = [{"sku": "V", "image": {"src": "https://cdn.invalid/b.png"}}]
    answer = ask(store, "POST", f"products/{parent}/variations/batch", {"create": rows}).json()
    assert answer["create"][0]["error"]["code"] == "woocommerce_product_image_upload_error"
    assert ask(store, "GET", f"products/{parent}/variations").json() == []


def test_tags_are_made_or_named_with_the_id_that_stands_in_the_way() -> None:
    store = woo()
    rows = [{"name": "Fresh"}, {"name": " fresh "}, {"name": ""}, 7]
    made, known, *nameless = ask(store, "POST", "products/tags/batch", {"create": rows}).json()["create"]
    assert (made["name"], made["slug"]) == ("Fresh", "fresh")
    assert known["error"]["code"] == "term_exists"
    assert known["error"]["data"] == {"status": 400, "resource_id": made["id"]}
    assert {one["error"]["code"] for one in nameless} == {"empty_term_name"}
    assert made["id"] in [tag["id"] for tag in ask(store, "GET", "products/tags", per_page=100).json()]


def test_a_batch_of_tags_without_rows_does_nothing() -> None:
    assert ask(woo(), "POST", "products/tags/batch", {"update": []}).json() == {}
