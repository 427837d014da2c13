"""How prices came to be (contract row SHS-09)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.types import ASGIApp

from backend.api.external_v1.answers import Amount, Answer
from backend.api.external_v1.auth import READ, WITH_KEY
from backend.api.external_v1.errors import answers
from backend.api.external_v1.ids import ProductId, product_id_of
from backend.api.external_v1.operation import KeyedOperation
from backend.api.external_v1.paging import Limit, PageNumber, Pagination, pagination
from backend.api.shared.hot_routes import HotRoute
from backend.domain.pricing.price_history import PriceHistory
from backend.domain.pricing.price_history_repository import PriceMove
from backend.ports.actor import Actor

MOST_DAYS = 365
Days = Annotated[int, QueryParameter(ge=1, le=MOST_DAYS, description="How many days back.")]


class PriceChangeOut(msgspec.Struct, frozen=True, rename="camel"):
    """One change of what customers pay."""

    price: Amount
    """null: not for sale since then."""
    old_price: Amount
    currency: str
    reason: str
    """`store` when the price came from a store, `manual`, `import`, `rule`…"""
    source: str
    """Which store, rule or person."""
    changed_at: datetime


class PriceHistoryOut(msgspec.Struct, frozen=True, rename="camel"):
    """One page of changes, newest first."""

    success: Literal[True]
    data: list[PriceChangeOut]
    pagination: Pagination


def price_change_out(move: PriceMove) -> PriceChangeOut:
    """Present a change."""
    return PriceChangeOut(
        price=move.price,
        old_price=move.old_price,
        currency=move.currency,
        reason=move.reason,
        source=move.source,
        changed_at=move.changed_at,
    )


@HotRoute(
    "/price-history/{product_id:str}",
    http_method="GET",
    opt=READ,
    security=WITH_KEY,
    operation_id="external.price_history",
    operation_class=KeyedOperation,
    summary="Price history of a product",
    tags=["Price history"],
    responses=answers(PriceHistoryOut, 404),
)
async def list_price_changes(
    product_id: ProductId,
    actor: NamedDependency[Actor],
    price_history: NamedDependency[PriceHistory],
    days: Days = 30,
    page: PageNumber = 1,
    limit: Limit = 50,
) -> ASGIApp:
    """Return the changes of a product's price in the last days, newest first."""
    number = product_id_of(product_id)
    found = await price_history.page(actor, number, days=days, offset=(page - 1) * limit, limit=limit)
    data = [price_change_out(move) for move in found.rows]
    return Answer(PriceHistoryOut(True, data, pagination(page, limit, found.total)))
