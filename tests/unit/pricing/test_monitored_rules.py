"""What products are told as, and how prices stand (contract rows PRI-06, 07, 13; decision G16)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.pricing.monitored_rules import (
    MOST_TAGS,
    NewProduct,
    PagePrice,
    market,
    new_product,
    title_in,
    titles_of,
    told_fields,
)
from backend.domain.pricing.products_rows import full_title
from backend.kit.errors import DomainError

NEEDED = {"name": "Lamp", "brand": "Acme", "category": "Light"}
AMOUNTS = st.decimals("0.01", "999999", places=2)


def page(
    price: str | None, *, own: bool = False, currency: str | None = "EUR", in_stock: bool | None = True
) -> PagePrice:
    return PagePrice(own=own, price=None if price is None else Decimal(price), currency=currency, in_stock=in_stock)


def test_a_product_is_read_with_all_its_fields() -> None:
    told = {"product_code": "L-1", "barcode": "0042", "cost": "12.50", "additional_cost": "1", "tags": "b, a,, b"}
    assert new_product({**NEEDED, **told, "unknown": "x", "external_ref": "77"}) == NewProduct(
        "Lamp", "Acme", "Light", "L-1", "0042", "77", Decimal("12.50"), Decimal(1), ("b", "a")
    )


@pytest.mark.parametrize("field", ["name", "brand", "category"])
@pytest.mark.parametrize("text", ["", "  "], ids=["empty", "blank"])
def test_what_is_required_must_hold_something(field: str, text: str) -> None:
    with pytest.raises(DomainError) as refused:
        new_product({**NEEDED, field: text})
    assert (refused.value.code, refused.value.facts["field"]) == ("PARAMETER_MISSING", field)
    with pytest.raises(DomainError):
        told_fields({field: text})


@pytest.mark.parametrize("field", ["cost", "additional_cost"])
@pytest.mark.parametrize("text", ["abc", "12,50", "NaN", "Infinity", "1e3", "-1", "1" * 40])
def test_an_amount_is_a_plain_number(field: str, text: str) -> None:
    with pytest.raises(DomainError, match=field):
        told_fields({field: text})


def test_an_empty_value_clears_and_an_absent_one_does_not() -> None:
    assert told_fields({"cost": "", "tags": " ", "barcode": ""}) == {"cost": None, "tags": (), "barcode": ""}
    assert told_fields({}) == {}


@pytest.mark.parametrize("value", ["a\x00b", "x" * 256, "a\x07"], ids=["zero byte", "too long", "bell"])
def test_a_text_that_cannot_be_kept_is_refused(value: str) -> None:
    with pytest.raises(DomainError, match="name:"):
        told_fields({"name": value})


def test_tags_have_a_number() -> None:
    with pytest.raises(DomainError, match="tags"):
        told_fields({"tags": ",".join(str(number) for number in range(MOST_TAGS + 1))})


@given(st.text(alphabet="ab -", max_size=12), st.text(alphabet="ab -", min_size=1, max_size=8))
def test_a_full_title_is_found_among_what_its_name_can_be(title: str, variant: str) -> None:
    assert (title, variant) in titles_of(full_title(title, variant))
    assert title_in(full_title(title, variant), variant) == title


def test_without_competitors_nothing_compares() -> None:
    alone = market([page("5", own=True)], None, "USD")
    assert (alone.my_price, alone.my_position, alone.min_price) == (Decimal(5), None, None)


@pytest.mark.parametrize(
    ("mine", "position"),
    [("9", "cheapest"), ("10", "cheapest"), ("14", "cheaper"), ("20", "average"), ("25", "higher"), ("30", "highest")],
)
def test_our_price_has_a_place_among_the_others(mine: str, position: str) -> None:
    stands = market([page("10"), page("20"), page("30")], Decimal(mine), "EUR")
    assert stands.my_position == position
    assert (stands.min_price, stands.avg_price, stands.max_price) == (Decimal(10), Decimal(20), Decimal(30))


def test_pages_that_say_nothing_about_our_market_do_not_count() -> None:
    pages = [page("1", currency="USD"), page("2", in_stock=False), page(None), page("30"), page("40", currency=None)]
    stands = market(pages, Decimal(35), "EUR")
    assert (stands.min_price, stands.max_price) == (Decimal(30), Decimal(40))


def test_our_own_page_tells_the_price_and_its_currency_when_the_catalog_has_none() -> None:
    stands = market([page("9", own=True, currency="CHF"), page("10", currency="CHF"), page("1")], None, "USD")
    assert (stands.my_price, stands.min_price, stands.my_position) == (Decimal(9), Decimal(10), "cheapest")


def test_without_any_price_of_ours_most_competitors_say_in_which_currency() -> None:
    stands = market([page("10"), page("20"), page("1", currency="USD")], None, "USD")
    assert (stands.min_price, stands.my_position) == (Decimal(10), None)


@given(st.lists(AMOUNTS, min_size=1, max_size=9), AMOUNTS)
def test_the_place_agrees_with_the_numbers_beside_it(prices: list[Decimal], mine: Decimal) -> None:
    stands = market([page(str(price)) for price in prices], mine, "EUR")
    assert stands.min_price is not None
    assert stands.max_price is not None
    assert stands.min_price <= stands.max_price
    assert (stands.my_position == "cheapest") == (mine <= min(prices))
    assert (stands.my_position == "highest") == (mine >= max(prices) and mine > min(prices))
