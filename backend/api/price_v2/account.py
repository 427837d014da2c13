"""The account: its plan and what the plan holds (contract row PRI-19)."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta

from backend.api.price_v2.auth import WITH_TOKEN
from backend.api.price_v2.errors import refusals
from backend.domain.accounts.service import AccountService
from backend.ports.actor import Actor

NO_LIMIT = 2_147_483_647
"""What callers who expect a number are told of a plan without a limit."""


class AccountOut(msgspec.Struct):
    """An account."""

    package: Annotated[str, Meta(description="Name of the plan.", examples=["starter"])]
    product_limit: Annotated[int, Meta(description=f"Products that the plan holds; {NO_LIMIT}: any number.")]
    company_status: Annotated[str, Meta(description="Always active: there are no trials.")]
    remaining_trial_days: Annotated[int | None, Meta(description="Always null.")]
    api_enabled: bool
    competitor_monitoring_style: str


@get(
    "/account",
    security=WITH_TOKEN,
    operation_id="price.show_account",
    summary="See the account",
    tags=["Account"],
    responses=refusals(),
)
async def show_account(actor: NamedDependency[Actor], accounts: NamedDependency[AccountService]) -> AccountOut:
    """Tell the plan of the account and how many products it holds."""
    organization = await accounts.organization(actor)
    limit = (await accounts.limits(actor)).products
    return AccountOut(
        package=organization.plan,
        product_limit=NO_LIMIT if limit is None else limit,
        company_status="active",
        remaining_trial_days=None,
        api_enabled=True,
        competitor_monitoring_style="url_based",
    )
