"""The numbers of a shop (contract row SHS-10)."""

from typing import Literal

import msgspec
from litestar.di import NamedDependency
from litestar.types import ASGIApp
from msgspec import field

from backend.api.external_v1.answers import Answer
from backend.api.external_v1.auth import READ, WITH_KEY
from backend.api.external_v1.errors import answers
from backend.api.external_v1.operation import KeyedOperation
from backend.api.external_v1.paging import Count
from backend.api.shared.hot_routes import HotRoute
from backend.domain.pricing.stats import PricingStats, StatsReader
from backend.ports.actor import Actor


class StatsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many of what there is."""

    total_products: Count
    active_products: Count
    """Whose competitors' prices are watched."""
    total_competitors: Count
    """As many as the list of competitors has."""
    price_changes_24h: Count = field(name="priceChanges24h")
    """In the last 24 hours."""
    plan: str
    shop_domain: str | None
    """Of the first connected store; null before there is one."""


class StatsAnswerOut(msgspec.Struct, frozen=True, rename="camel"):
    """The numbers of a shop."""

    success: Literal[True]
    data: StatsOut


def stats_out(stats: PricingStats) -> StatsOut:
    """Present the numbers."""
    return StatsOut(
        total_products=stats.products,
        active_products=stats.monitored,
        total_competitors=stats.competitors,
        price_changes_24h=stats.price_changes_of_day,
        plan=stats.plan,
        shop_domain=stats.shop_domain,
    )


@HotRoute(
    "/stats",
    http_method="GET",
    opt=READ,
    security=WITH_KEY,
    operation_id="external.stats",
    operation_class=KeyedOperation,
    summary="Statistics",
    tags=["Statistics"],
    responses=answers(StatsAnswerOut),
)
async def show_stats(actor: NamedDependency[Actor], pricing_stats: NamedDependency[StatsReader]) -> ASGIApp:
    """Return how many products, competitors and changes of prices there are, the plan and the shop's domain."""
    return Answer(StatsAnswerOut(True, stats_out(await pricing_stats.read(actor))))
