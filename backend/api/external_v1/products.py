"""Products of the external API: each is one variant (contract rows SHS-05, SHS-06, SHS-07)."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter
from litestar.types import ASGIApp
from msgspec import Meta
from msgspec.structs import astuple

from backend.api.external_v1.answers import Amount, Answer
from backend.api.external_v1.auth import READ, WITH_KEY, WRITE
from backend.api.external_v1.errors import answers
from backend.api.external_v1.ids import ProductId, product_id_of
from backend.api.external_v1.operation import KeyedOperation
from backend.api.external_v1.paging import Limit, PageNumber, Pagination, pagination
from backend.api.external_v1.price_history import PriceChangeOut, price_change_out
from backend.api.external_v1.settings_body import UpdateOperation, settings_of
from backend.api.shared.hot_routes import HotRoute
from backend.api.shared.mount import provide_actor
from backend.domain.pricing.price_history import PriceHistory
from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.products_rows import CompetitorPrice, WatchedProduct
from backend.domain.pricing.settings import PricingSettings
from backend.ports.actor import Actor

LATEST = 10
"""Entries of its price history that a single product carries."""

Active = Annotated[
    bool | None,
    QueryParameter(
        description="Only products that are monitored, or that are not.",
        schema_extra={"type": OpenAPIType.BOOLEAN, "one_of": None},
    ),
]


class CompetitorOut(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A competitor's page with its newest reading."""

    id: int
    name: str
    url: str
    price: Amount
    """null before the first reading, or when the page shows none."""
    currency: str | None
    in_stock: bool | None
    last_checked: datetime | None


class ProductOut(msgspec.Struct, frozen=True, rename="camel"):
    """One variant with its price, its limits and its competitors."""

    id: int
    title: str
    sku: str
    current_price: Amount
    """What customers pay now; null: not for sale."""
    currency: str
    min_price: Amount
    max_price: Amount
    cost_price: Amount
    auto_reprice: bool
    active: bool
    """Whether its competitors' prices are watched."""
    competitors: list[CompetitorOut]


class OneProductOut(ProductOut, frozen=True, rename="camel"):
    """A product with the newest changes of its price, newest first."""

    price_history: Annotated[list[PriceChangeOut], Meta(max_length=LATEST)]


class ProductListOut(msgspec.Struct, frozen=True, rename="camel"):
    """One page of products in the order of their ids."""

    success: Literal[True]
    data: list[ProductOut]
    pagination: Pagination


class ProductAnswerOut(msgspec.Struct, frozen=True, rename="camel"):
    """One product."""

    success: Literal[True]
    data: OneProductOut


def competitor_out(one: CompetitorPrice) -> CompetitorOut:
    """Present a competitor."""
    return CompetitorOut(one.id, one.name, one.url, one.price, one.currency, one.in_stock, one.checked_at)


def product_out(one: WatchedProduct) -> ProductOut:
    """Present a product."""
    return ProductOut(
        one.id,
        one.title,
        one.sku,
        one.price,
        one.currency,
        one.min_price,
        one.max_price,
        one.cost,
        one.auto_reprice,
        one.monitored,
        [competitor_out(competitor) for competitor in one.competitors],
    )


@HotRoute(
    "/products",
    http_method="GET",
    opt=READ,
    security=WITH_KEY,
    operation_id="external.list_products",
    operation_class=KeyedOperation,
    summary="List products",
    tags=["Products"],
    responses=answers(ProductListOut),
)
async def list_products(
    request: Request[Any, Any, Any],
    product_lists: NamedDependency[ProductLists],
    page: PageNumber = 1,
    limit: Limit = 50,
    active: Active = None,
) -> ASGIApp:
    """Return products with their competitors, page by page."""
    actor = provide_actor(request)  # asked for beside another one, it would cost a group of tasks
    found = await product_lists.products(actor, offset=(page - 1) * limit, limit=limit, active=active)
    data = [product_out(one) for one in found.rows]
    return Answer(ProductListOut(True, data, pagination(page, limit, found.total)))


@HotRoute(
    "/products/{product_id:str}",
    http_method="GET",
    opt=READ,
    security=WITH_KEY,
    operation_id="external.get_product",
    operation_class=KeyedOperation,
    summary="Get a product",
    tags=["Products"],
    responses=answers(ProductAnswerOut, 404),
)
async def get_product(
    product_id: ProductId,
    actor: NamedDependency[Actor],
    product_lists: NamedDependency[ProductLists],
    price_history: NamedDependency[PriceHistory],
) -> ASGIApp:
    """Return one product with its competitors and the newest changes of its price."""
    one = await product_lists.product(actor, product_id_of(product_id))
    return Answer(await _answer(actor, one, price_history))


@HotRoute(
    "/products/{product_id:str}",
    http_method="PUT",
    opt=WRITE,
    security=WITH_KEY,
    operation_id="external.update_product",
    operation_class=UpdateOperation,
    summary="Set the limits of a product",
    tags=["Products"],
    responses=answers(ProductAnswerOut, 404, 413),
)
async def update_product(
    request: Request[Any, Any, Any],
    product_id: ProductId,
    actor: NamedDependency[Actor],
    pricing_settings: NamedDependency[PricingSettings],
    price_history: NamedDependency[PriceHistory],
) -> ASGIApp:
    """Change the settings that the body names and keep the others; return the product as it is then."""
    number = product_id_of(product_id)
    one = await pricing_settings.change(actor, number, settings_of(await request.body()))
    return Answer(await _answer(actor, one, price_history))


async def _answer(actor: Actor, one: WatchedProduct, history: PriceHistory) -> ProductAnswerOut:
    moves = await history.latest(actor, one.id, LATEST)
    fields = (*astuple(product_out(one)), [price_change_out(move) for move in moves])
    return ProductAnswerOut(True, OneProductOut(*fields))
