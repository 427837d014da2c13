"""The catalog in the panel."""

from decimal import Decimal

import pytest

from backend.wiring import Container
from tests.support.panel import NewPerson, Person, Shown, add_product, add_store

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert('x')</script>\"'>"


def titles(shown: Shown) -> list[str]:
    return [one.text_content() for one in shown.all("//td[@class='product']//strong")]


async def test_an_empty_catalog_says_how_products_come_in(owner: Person) -> None:
    assert "The catalog is empty." in (await owner.see("/panel/products")).text


async def test_a_line_shows_title_sku_price_stock_and_stores(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name="Lampenladen")
    await add_product(container, owner, "Mug", sku="MUG-1", price=Decimal("11.5"), on_hand=1200, store=store)
    (line,) = (await owner.see("/panel/products")).all("//tbody/tr")
    text = " ".join(line.text_content().split())
    for part in ("Mug", "MUG-1", "11.50 EUR", "1,200", "Lampenladen"):
        assert part in text


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("mug", ["Enamel MUG"]),
        ("x-7", ["Lantern"]),
        ("100%", ["100% wool"]),
        ("_", []),
        ("MUG%", []),
        ("\x00mug", ["Enamel MUG"]),
    ],
)
async def test_search_looks_into_titles_and_skus(
    search: str, found: list[str], owner: Person, container: Container
) -> None:
    await add_product(container, owner, "Enamel MUG")
    await add_product(container, owner, "Lantern", sku="X-7")
    await add_product(container, owner, "100% wool")
    response = await owner.client.get("/panel/products", params={"q": search})
    assert response.status_code == 200
    assert titles(Shown(response)) == found


async def test_a_search_that_finds_nothing_says_so(owner: Person, container: Container) -> None:
    await add_product(container, owner, "Mug")
    shown = await owner.see("/panel/products?q=%3Cb%3Ex")
    assert "Nothing is called “<b>x”." in shown.text
    assert "<b>x" not in shown.source


async def test_pages_lead_on_and_back_without_gaps(owner: Person, container: Container) -> None:
    for number in range(120):
        await add_product(container, owner, f"Item {number:03}")
    expected = [f"Item {number:03}" for number in reversed(range(120))]
    pages, path = [], "/panel/products?q=item"
    for _ in range(3):
        shown = await owner.see(path)
        pages.append(titles(shown))
        older = shown.all("//a[@rel='next']/@href")
        path = older[0] if older else ""
    assert path == ""
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [one for page in pages for one in page] == expected
    second = await owner.see(shown.all("//a[@rel='prev']/@href")[0])
    assert titles(second) == pages[1]
    first = await owner.see(second.all("//a[@rel='prev']/@href")[0])
    assert titles(first) == pages[0]
    assert not first.all("//a[@rel='prev']")


async def test_a_key_that_is_none_is_no_error(owner: Person) -> None:
    for query in ("below=abc", "below=-1", f"above={'9' * 40}", f"below={'9' * 19}", "below=%C2%B2", "q=%ff"):
        await owner.see(f"/panel/products?{query}")


async def test_a_page_behind_the_last_product_leads_back(owner: Person) -> None:
    assert "There are no more products here." in (await owner.see("/panel/products?below=1")).text


async def test_a_product_shows_its_variants_and_where_it_is_sold(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name="Lampenladen")
    product = await add_product(
        container,
        owner,
        "Lantern",
        sku="L-1",
        store=store,
        url="https://shop.example.com/lantern",
        description="<p>Warm <b>light</b></p><script>alert(1)</script>",
        images=[{"url": "https://pictures.example.com/l.jpg"}],
        categories=["Outdoor > Lights"],
    )
    shown = await owner.see(f"/panel/products/{product.id}")
    for part in ("Lantern", "L-1", "12.50 EUR", "Warm light", "Lampenladen", "Outdoor > Lights"):
        assert part in shown.text
    assert "alert(1)" not in shown.source
    assert "https://shop.example.com/lantern" in shown.links
    assert shown.all("//img[@referrerpolicy='no-referrer']/@src") == ["https://pictures.example.com/l.jpg"]


async def test_a_product_without_price_and_texts_is_shown(owner: Person, container: Container) -> None:
    product = await add_product(container, owner, "", price=None, on_hand=None)
    await owner.see(f"/panel/products/{product.id}")
    assert titles(await owner.see("/panel/products")) == ["(without a title)"]


async def test_hostile_texts_of_a_store_are_shown_and_not_run(owner: Person, container: Container) -> None:
    product = await add_product(
        container,
        owner,
        HOSTILE,
        sku=HOSTILE,
        url="javascript:alert(1)",
        images=[{"url": "javascript:alert(1)"}, {"alt": "no address"}],
        tags=[HOSTILE],
        categories=[HOSTILE],
    )
    for path in ("/panel/products", f"/panel/products/{product.id}"):
        shown = await owner.see(path)
        assert HOSTILE in shown.tree.text_content()
        assert not shown.all("//script[not(@src)]")
        assert not [one for one in shown.all("//@href | //main//@src") if str(one).startswith("javascript")]


async def test_products_of_another_organization_are_404_and_in_no_list(
    owner: Person,
    new_owner: NewPerson,
    container: Container,
) -> None:
    other = await new_owner()
    product = await add_product(container, other, "Of somebody else")
    await owner.see(f"/panel/products/{product.id}", 404)
    assert "Of somebody else" not in (await owner.see("/panel/products?q=somebody")).text
    await other.see(f"/panel/products/{product.id}")


async def test_a_deleted_product_is_404(owner: Person, container: Container) -> None:
    product = await add_product(container, owner, "Gone")
    async with container.begin() as session:
        session.add(product)
        product.deleted_at = product.updated_at
    await owner.see(f"/panel/products/{product.id}", 404)
