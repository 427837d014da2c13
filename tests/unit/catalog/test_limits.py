"""What a catalog cannot hold is left out or left empty, and said."""

import pytest

from backend.domain.catalog.limits import MOST_NAME, within_limits
from backend.ports.store_platform import PlatformProduct, PlatformVariant

LONGEST, TOO_LONG = "x" * MOST_NAME, "x" * (MOST_NAME + 1)


def variant(name: str, parent: str = "7", **said: str) -> PlatformVariant:
    return PlatformVariant(external_id=name, external_product_id=parent, **said)


def product(name: str, *variants: PlatformVariant, **said: str) -> PlatformProduct:
    return PlatformProduct(external_id=name, title="Mug", variants=variants, **said)


@pytest.mark.parametrize(("name", "code"), [("", "id_missing"), (TOO_LONG, "too_long")])
def test_what_has_no_id_to_be_known_by_is_left_out(name: str, code: str) -> None:
    fit = product("7", variant("1"))
    products, apart, issues = within_limits([product(name), fit], [variant(name), variant("2")])
    assert (products, apart) == ([fit], [variant("2")])
    assert [(issue.code, issue.field, len(issue.external_id) <= MOST_NAME) for issue in issues] == [
        (code, "id", True),
        (code, "id", True),
    ]


def test_a_variant_inside_its_product_is_left_out_alone() -> None:
    (kept,), _, issues = within_limits([product("7", variant("1"), variant(""), variant("2"))], [])
    assert [one.external_id for one in kept.variants] == ["1", "2"]
    assert [issue.code for issue in issues] == ["id_missing"]


def test_what_just_fits_stays_the_very_same() -> None:
    fit = product(LONGEST, variant(LONGEST, sku=LONGEST, barcode=LONGEST), brand=LONGEST, handle=LONGEST)
    (kept,), _, issues = within_limits([fit], [])
    assert kept is fit
    assert not issues


def test_fields_that_are_too_long_are_left_empty() -> None:
    long = product("7", variant("1", sku=TOO_LONG, barcode=TOO_LONG), brand=TOO_LONG, handle=TOO_LONG)
    (kept,), _, issues = within_limits([long], [])
    assert (kept.brand, kept.handle, kept.variants[0].sku, kept.variants[0].barcode) == ("", "", "", "")
    assert [issue.field for issue in issues] == ["brand", "handle", "sku", "barcode"]
