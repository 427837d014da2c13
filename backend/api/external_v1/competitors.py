"""Competitors' pages over all products (contract row SHS-08)."""

from typing import Any, Literal

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.types import ASGIApp
from msgspec.structs import astuple

from backend.api.external_v1.answers import Amount, Answer
from backend.api.external_v1.auth import READ, WITH_KEY
from backend.api.external_v1.errors import answers
from backend.api.external_v1.operation import KeyedOperation
from backend.api.external_v1.paging import Limit, PageNumber, Pagination, pagination
from backend.api.external_v1.products import CompetitorOut, competitor_out
from backend.api.shared.hot_routes import HotRoute
from backend.api.shared.mount import provide_actor
from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.products_rows import WatchingCompetitor


class LinkedProductOut(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The product that a competitor is watched for."""

    id: int
    title: str
    current_price: Amount


class LinkedCompetitorOut(CompetitorOut, frozen=True, rename="camel"):
    """A competitor's page with its newest reading and the product it is watched for."""

    product: LinkedProductOut


class CompetitorListOut(msgspec.Struct, frozen=True, rename="camel"):
    """One page of competitors in the order of their ids."""

    success: Literal[True]
    data: list[LinkedCompetitorOut]
    pagination: Pagination


def linked_competitor_out(one: WatchingCompetitor) -> LinkedCompetitorOut:
    """Present a competitor with its product."""
    product = LinkedProductOut(one.product_id, one.product_title, one.product_price)
    fields = (*astuple(competitor_out(one.competitor)), product)
    return LinkedCompetitorOut(*fields)


@HotRoute(
    "/competitors",
    http_method="GET",
    opt=READ,
    security=WITH_KEY,
    operation_id="external.list_competitors",
    operation_class=KeyedOperation,
    summary="List competitors",
    tags=["Competitors"],
    responses=answers(CompetitorListOut),
)
async def list_competitors(
    request: Request[Any, Any, Any],
    product_lists: NamedDependency[ProductLists],
    page: PageNumber = 1,
    limit: Limit = 50,
) -> ASGIApp:
    """Return the competitors of all products, page by page, each with its product."""
    actor = provide_actor(request)  # asked for beside another one, it would cost a group of tasks
    found = await product_lists.competitors(actor, offset=(page - 1) * limit, limit=limit)
    data = [linked_competitor_out(one) for one in found.rows]
    return Answer(CompetitorListOut(True, data, pagination(page, limit, found.total)))
