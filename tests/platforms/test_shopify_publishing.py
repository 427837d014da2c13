"""Products put up for sale lie on the Online Store; where they cannot, the write stands and says so."""

from typing import Any

import pytest

from backend.ports.platform_errors import StoreUnavailable
from backend.ports.store_writes import ProductRemoval, ProductWrite, WriteResult
from tests.support.shopify_writes import Writer, creation, lamp, writing

pytestmark = pytest.mark.anyio
BOTH = ["online_store", "pos"]
SCOPES = "read_products,write_products,read_inventory,write_inventory,read_locations,read_orders"


def lamp_row(shop: Writer) -> dict[str, Any]:
    return next(row for row in shop.shop.catalog if row["sku"] == "018F-LAMP-RED")


def status(shop: Writer, value: str, place: int = 0, key: str = "k") -> ProductWrite:
    product = str(shop.rows[place]["product_id"])
    return ProductWrite(key=key, external_product_id=product, fields={"status": value})


def said(result: WriteResult) -> tuple[str, str]:
    return result.outcome, result.code


# Creations.


async def test_a_created_product_lies_on_the_online_store_and_nowhere_else() -> None:
    with writing(1) as shop:
        made = (await shop.write(creation()))["c"]
        assert said(made) == ("written", "")
        assert made.created is not None
        assert made.created.url.startswith(f"https://{shop.shop.domain}/products/reading-lamp-")
        assert lamp_row(shop)["channels"] == ["online_store"]


async def test_a_repeated_creation_is_not_published_once_more() -> None:
    with writing(1) as shop:
        await shop.write(creation())
        again = (await shop.write(creation(), repeated=True))["c"]
        assert said(again) == ("unchanged", "")
        assert len(shop.done("publishablePublish")) == 1


async def test_a_product_that_was_made_and_not_published_is_published_when_it_is_repeated() -> None:
    with writing(1) as shop:
        shop.shop.fault("publish_refused", next=1)
        await shop.write(creation())
        assert lamp_row(shop)["channels"] == []
        again = (await shop.write(creation(), repeated=True))["c"]
        assert said(again) == ("written", "")
        assert lamp_row(shop)["channels"] == ["online_store"]
        assert len(shop.done("productSet")) == 1


async def test_a_product_whose_publication_was_not_answered_is_made_and_published_once() -> None:
    with writing(1) as shop:
        found: list[WriteResult] = []
        shop.shop.fault("timeout_after_write", seconds=0.02)
        error = await shop.collect([creation()], found)
        assert isinstance(error, StoreUnavailable)
        assert found == []
        shop.shop.clear_faults()
        assert said((await shop.write(creation(), repeated=True))["c"]) == ("unchanged", "")
        assert lamp_row(shop)["channels"] == ["online_store"]
        assert [row["sku"] for row in shop.shop.catalog].count("018F-LAMP-RED") == 1


async def test_a_draft_is_not_put_before_customers() -> None:
    with writing(1) as shop:
        made = (await shop.write(creation("c", lamp(status="draft"))))["c"]
        assert said(made) == ("written", "")
        assert lamp_row(shop)["channels"] == []


async def test_a_product_of_the_merchants_own_stays_where_the_merchant_put_it() -> None:
    with writing([lamp()]) as shop:
        made = (await shop.write(creation(), repeated=True))["c"]
        assert said(made) == ("unchanged", "")
        assert shop.shop.writes == []


# Where it does not work.


async def test_a_shop_without_an_online_store_has_the_product_and_says_what_is_missing() -> None:
    with writing(1, options={"channels": ["pos"]}) as shop:
        made = (await shop.write(creation()))["c"]
        assert said(made) == ("written", "not_published")
        assert "no Online Store" in made.message
        assert made.created is not None
        assert len(made.created.variants) == 2
        assert lamp_row(shop)["channels"] == []


async def test_a_shop_that_refuses_has_the_product_and_says_why() -> None:
    with writing(1) as shop:
        shop.shop.fault("publish_refused")
        made = (await shop.write(creation()))["c"]
        assert said(made) == ("written", "not_published")
        assert "not publishable" in made.message
        assert made.created is not None


async def test_a_shop_that_was_connected_without_the_permission_has_the_product_and_says_so() -> None:
    with writing(1) as shop:
        shop.shop.control("POST", "scopes", {"scopes": SCOPES})
        made = (await shop.write(creation()))["c"]
        assert said(made) == ("written", "not_published")
        assert "accept its permissions" in made.message
        assert made.created is not None


async def test_a_title_in_another_language_does_not_hide_the_online_store() -> None:
    """Only the handle of the app behind a channel is the same everywhere."""
    with writing(1, options={"channels": ["pos", "online_store"]}) as shop:
        await shop.write(creation())
        assert lamp_row(shop)["channels"] == ["online_store"]


# Back on sale.


async def test_a_product_that_is_back_on_sale_is_published() -> None:
    with writing(1) as shop:
        await shop.write(creation("c", lamp(status="draft")))
        product = str(lamp_row(shop)["product_id"])
        write = ProductWrite(key="k", external_product_id=product, fields={"status": "active"})
        assert said((await shop.write(write))["k"]) == ("written", "")
        assert (lamp_row(shop)["status"], lamp_row(shop)["channels"]) == ("active", ["online_store"])
        again = (await shop.write(write, repeated=True))["k"]
        assert said(again) == ("unchanged", "")
        assert len(shop.done("publishablePublish")) == 1


async def test_a_removed_product_keeps_its_channels_for_the_day_it_is_back() -> None:
    with writing(1) as shop:
        await shop.write(ProductRemoval(key="r", external_product_id=str(shop.rows[0]["product_id"])))
        assert said((await shop.write(status(shop, "active")))["k"]) == ("written", "")
        assert (shop.row(0)["status"], shop.row(0)["channels"]) == ("active", BOTH)
        assert shop.done("publishablePublish") == []


async def test_other_writes_of_a_product_publish_nothing() -> None:
    with writing(2) as shop:
        product = str(shop.rows[1]["product_id"])
        title = ProductWrite(key="t", external_product_id=product, fields={"title": "Mug"})
        await shop.write(title, status(shop, "draft"))
        assert not any("Publi" in str(one) for one in shop.shop.requests)
        assert shop.done("publishablePublish") == []


async def test_many_products_back_on_sale_are_looked_at_together() -> None:
    with writing(30) as shop:
        writes = [status(shop, "archived", at, str(at)) for at in range(30)]
        await shop.write(*writes)
        asked = shop.asked
        back = await shop.write(*[status(shop, "active", at, str(at)) for at in range(30)])
        assert {said(one) for one in back.values()} == {("written", "")}
        assert len(back) == 30
        assert shop.asked - asked == 30 + 2  # each status, then which channels there are and what lies on them


async def test_a_product_back_on_sale_in_a_shop_without_an_online_store_says_so() -> None:
    with writing(2, options={"channels": ["pos"]}) as shop:
        found = await shop.write(status(shop, "active"), status(shop, "draft", 1, "d"))
        assert said(found["k"]) == ("written", "not_published")
        assert said(found["d"]) == ("written", "")
