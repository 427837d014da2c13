"""Lists of products: plain, with prices, and SmartPrices alone (contract rows PRI-03 to 05)."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from msgspec import Meta

from backend.api.price_v2.auth import WITH_TOKEN
from backend.api.price_v2.fields import AmountText, Id, amount_text, barcode_out
from backend.api.price_v2.paging import OF_A_LIST, NextUrl, StartFrom, next_url, skipped
from backend.api.price_v2.products import TAGS, ProductOut, product_values
from backend.domain.pricing.monitored import MonitoredProduct, MonitoredProducts
from backend.domain.pricing.monitored_repository import MonitoredRow
from backend.ports.actor import Actor
from backend.settings import Settings

_OTHERS = "of competitors who have it to sell, in the currency of my_price; null when none is known"


class ProductSummaryOut(ProductOut):
    """A product in a list, with what is known of its prices."""

    min_price: Annotated[AmountText | None, Meta(description=f"Lowest {_OTHERS}.")]
    max_price: Annotated[AmountText | None, Meta(description=f"Highest {_OTHERS}.")]
    avg_price: Annotated[AmountText | None, Meta(description=f"Average {_OTHERS}.")]
    my_price: AmountText | None
    my_position: str | None


class SmartPriceOut(msgspec.Struct):
    """A product's SmartPrice."""

    id: Id
    product_code: str
    barcode: Annotated[int | str, Meta(description="A number when that shows every digit, else a text.")]
    smart_price: str | None


class ProductPageOut(msgspec.Struct):
    """A page of products."""

    results: list[ProductOut]
    next_url: NextUrl | None = msgspec.field(name="nextURL")


class SummaryPageOut(msgspec.Struct):
    """A page of products with their prices."""

    results: list[ProductSummaryOut]
    next_url: NextUrl | None = msgspec.field(name="nextURL")


class SmartPricePageOut(msgspec.Struct):
    """A page of SmartPrices."""

    results: list[SmartPriceOut]
    next_url: NextUrl | None = msgspec.field(name="nextURL")


def summary_out(product: MonitoredProduct) -> ProductSummaryOut:
    """Present a product with its prices."""
    market = product.market
    return ProductSummaryOut(
        **product_values(product.row),
        min_price=amount_text(market.min_price),
        max_price=amount_text(market.max_price),
        avg_price=amount_text(market.avg_price),
        my_price=amount_text(market.my_price),
        my_position=market.my_position,
    )


def smart_price_out(row: MonitoredRow) -> SmartPriceOut:
    """Present a product's SmartPrice."""
    return SmartPriceOut(str(row.id), row.product_code, barcode_out(row.barcode), None)


@get(
    "/list/product/startFrom/{start_from:str}",
    security=WITH_TOKEN,
    operation_id="price.list_products",
    summary="List products",
    tags=TAGS,
    responses=OF_A_LIST,
)
async def list_products(
    request: Request[Any, Any, Any],
    start_from: StartFrom,
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    monitored_products: NamedDependency[MonitoredProducts],
) -> ProductPageOut:
    """List products, a hundred at a time, oldest first."""
    start = skipped(start_from)
    page = await monitored_products.page(actor, start)
    results = [ProductOut(**product_values(row)) for row in page.items]
    return ProductPageOut(results, next_url(request, settings, "product", start, more=page.more))


@get(
    "/list/product",
    security=WITH_TOKEN,
    operation_id="price.list_first_products",
    summary="List the first products",
    tags=TAGS,
    responses=OF_A_LIST,
)
async def list_first_products(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    monitored_products: NamedDependency[MonitoredProducts],
) -> ProductPageOut:
    """List the first hundred products."""
    answer: ProductPageOut = await list_products.fn(request, "0", actor, settings, monitored_products)
    return answer


@get(
    "/list/product/summary/startFrom/{start_from:str}",
    security=WITH_TOKEN,
    operation_id="price.list_summaries",
    summary="List products with their prices",
    tags=TAGS,
    responses=OF_A_LIST,
)
async def list_summaries(
    request: Request[Any, Any, Any],
    start_from: StartFrom,
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    monitored_products: NamedDependency[MonitoredProducts],
) -> SummaryPageOut:
    """List products with competitors' prices and ours, a hundred at a time, oldest first."""
    start = skipped(start_from)
    page = await monitored_products.summary(actor, start)
    results = [summary_out(product) for product in page.items]
    return SummaryPageOut(results, next_url(request, settings, "product/summary", start, more=page.more))


@get(
    "/list/product/summary",
    security=WITH_TOKEN,
    operation_id="price.list_first_summaries",
    summary="List the first products with their prices",
    tags=TAGS,
    responses=OF_A_LIST,
)
async def list_first_summaries(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    monitored_products: NamedDependency[MonitoredProducts],
) -> SummaryPageOut:
    """List the first hundred products with competitors' prices and ours."""
    answer: SummaryPageOut = await list_summaries.fn(request, "0", actor, settings, monitored_products)
    return answer


@get(
    "/list/smartprice/startFrom/{start_from:str}",
    security=WITH_TOKEN,
    operation_id="price.list_smart_prices",
    summary="List SmartPrices",
    tags=TAGS,
    responses=OF_A_LIST,
)
async def list_smart_prices(
    request: Request[Any, Any, Any],
    start_from: StartFrom,
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    monitored_products: NamedDependency[MonitoredProducts],
) -> SmartPricePageOut:
    """List the SmartPrices of products, a hundred at a time, oldest first."""
    start = skipped(start_from)
    page = await monitored_products.page(actor, start)
    results = [smart_price_out(row) for row in page.items]
    return SmartPricePageOut(results, next_url(request, settings, "smartprice", start, more=page.more))


@get(
    "/list/smartprice",
    security=WITH_TOKEN,
    operation_id="price.list_first_smart_prices",
    summary="List the first SmartPrices",
    tags=TAGS,
    responses=OF_A_LIST,
)
async def list_first_smart_prices(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    monitored_products: NamedDependency[MonitoredProducts],
) -> SmartPricePageOut:
    """List the SmartPrices of the first hundred products."""
    answer: SmartPricePageOut = await list_smart_prices.fn(request, "0", actor, settings, monitored_products)
    return answer
