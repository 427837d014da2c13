"""Catalog rows become items."""

from datetime import date
from decimal import Decimal

from backend.domain.feeds.filters import FeedFilters, wanted
from backend.domain.feeds.items import feed_item, product_facts
from tests.support.feed_rows import an_item, product_row, variant_row

TODAY = date(2024, 3, 15)


def left_out(product_status: str = "active", **changes: object) -> object:
    return feed_item(variant_row(**changes), product_facts(product_row(status=product_status)), TODAY)


def test_an_item_takes_what_product_and_variant_say() -> None:
    item = an_item()
    assert (item.id, item.sku, item.title, item.product.description) == ("42", "MUG-1", "Mug", "Holds coffee & tea")
    assert (item.link, item.image_link) == ("https://shop.test/mug", "https://shop.test/1.jpg")
    assert item.additional_image_links == ("https://shop.test/2.jpg",)
    assert (item.price, item.currency, item.availability) == ("15.00", "USD", "in_stock")
    assert (item.product.brand, item.gtin, item.product.product_type) == ("Acme", "4006381333931", "Home > Kitchen")
    assert item.item_group_id == ""


def test_what_the_variant_says_itself_comes_first() -> None:
    item = an_item(
        title="Large", url="https://shop.test/mug?v=1", image_url="https://shop.test/2.jpg", options='{"Size": "L"}'
    )
    assert item.title == "Mug - Large"
    assert item.link == "https://shop.test/mug?v=1"
    assert (item.image_link, item.additional_image_links) == ("https://shop.test/2.jpg", ("https://shop.test/1.jpg",))
    assert (item.item_group_id, item.details.size) == ("7", "L")


def test_inactive_and_unpriced_variants_are_left_out_by_reason() -> None:
    assert left_out(active=False) == "inactive"
    assert left_out(product_status="draft") == "inactive"
    assert left_out(price=None) == "price_missing"
    assert left_out(price=Decimal(0)) == "price_missing"


def test_a_sale_price_counts_only_below_the_price() -> None:
    assert an_item(sale_price=Decimal("9.5")).sale_price == "9.50"
    assert an_item(sale_price=Decimal("15")).sale_price == ""
    assert an_item(sale_price=Decimal("0")).sale_price == ""


def test_options_and_attributes_fill_what_channels_ask_for() -> None:
    item = an_item(
        options='{"Colour": "Blue", "Taille": "M"}',
        attributes='{"gender": "Female", "age_group": "giant", "condition": "Used", "mpn": "M 1", "color": "Navy"}',
    )
    details = item.details
    assert (details.color, details.size, details.gender, details.age_group) == ("Navy", "M", "female", "")
    assert (details.condition, details.mpn) == ("used", "M 1")


def test_a_future_date_makes_a_preorder() -> None:
    item = an_item(attributes='{"availability_date": "2024-04-01"}')
    assert (item.availability, item.details.availability_date) == ("preorder", "2024-04-01")


def test_pictures_that_are_no_web_addresses_are_dropped_and_ten_more_kept() -> None:
    pictures = ", ".join(f'{{"url": "https://shop.test/{n}.jpg"}}' for n in range(20))
    item = an_item({"images": f'[{{"url": "data:x"}}, {{"alt": "none"}}, {pictures}]'})
    assert item.image_link == "https://shop.test/0.jpg"
    assert len(item.additional_image_links) == 10


def test_filters_choose_by_stock_brand_and_category() -> None:
    item = an_item()
    assert wanted(item, FeedFilters(in_stock_only=True, brands=("ACME",), categories=("home",)))
    assert not wanted(an_item(on_hand=0), FeedFilters(in_stock_only=True))
    assert not wanted(item, FeedFilters(brands=("Other",)))
    assert not wanted(item, FeedFilters(categories=("Ho", "Home > Kitchen > Mugs")))
