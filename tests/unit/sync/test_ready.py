"""Pages worked out in slices are what they would be as a whole, and others get their turn in between."""

import asyncio
from collections.abc import AsyncIterator

from backend.domain.sync.ready import ready, ready_pages
from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant, RowIssue

LONG = "x" * 300


def variant(number: int, **said: str) -> PlatformVariant:
    return PlatformVariant(external_id=str(number), external_product_id="7", **{"sku": f"sku-{number}", **said})


def product(number: int) -> PlatformProduct:
    inner = variant(10_000 + number)
    return PlatformProduct(external_id=str(number), title="Mug", brand=LONG if number == 3 else "", variants=(inner,))


PAGE = CatalogPage(
    cursor="here",
    products=tuple(product(number) for number in range(120)),
    variants=(
        *(variant(number, barcode=LONG if number == 140 else "") for number in range(160)),
        variant(5, sku="later"),  # of what comes twice the later one counts, also across slices
    ),
    issues=(RowIssue(code="price_unreadable", message="odd"),),
)


async def pages() -> AsyncIterator[CatalogPage]:
    yield PAGE


async def test_a_page_in_slices_is_the_page() -> None:
    assert [page async for page in ready_pages(pages(), "EUR")] == [ready(PAGE, "EUR")]


async def test_it_has_all_rows_and_issues_in_order() -> None:
    (page,) = [page async for page in ready_pages(pages(), "EUR")]
    assert list(page.rows.products) == [str(number) for number in range(120)]
    assert page.rows.variants["5"].sku == "later"
    assert [issue.code for issue in page.issues] == ["price_unreadable", "too_long", "too_long"]
    assert page.cursor == "here"


async def test_others_get_their_turn_within_a_page() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    assert len([page async for page in ready_pages(pages(), "EUR")]) == 1
    beside.cancel()
    assert turns >= 6
