"""Silent registration by the plugin, and what a token may know of its account (contract rows S2S-04, 05, 10)."""

import uuid
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from backend.api.plugin.auth import FOR_ANYBODY, PUBLIC
from backend.api.plugin.fields import WITH_TOKEN, Email, Jwt, StoreUrl, refusals
from backend.domain.access.registration import Registration, RegistrationService
from backend.domain.stores.service import AccountStatus, StoreService
from backend.ports.actor import Actor

PLUGIN_PLATFORM = "woocommerce"
"""The plugin that registers accounts lives in WooCommerce."""


class RegisterIn(msgspec.Struct, rename="camel"):
    """Who runs which store."""

    email: Email
    store_url: StoreUrl
    source: Annotated[str, Meta(max_length=40, examples=["woo-plugin"])] = "woo-plugin"


class RegisteredUserOut(msgspec.Struct):
    """The user as the caller may know it."""

    id: uuid.UUID
    email: str


class RegisterOut(msgspec.Struct, rename="camel"):
    """A token; that of a known e-mail only serves to connect the store."""

    token: Jwt
    user: RegisteredUserOut
    is_new_account: bool


class AccountStatusOut(msgspec.Struct, rename="camel"):
    """The account behind a token; plan and name are null until control of it is proven."""

    connected: bool
    email: str
    plan: str | None
    organization_name: str | None


def register_out(registration: Registration, email: str) -> RegisterOut:
    """Present a registration with the e-mail as given."""
    user = RegisteredUserOut(id=registration.user_id, email=email)
    return RegisterOut(token=registration.token, user=user, is_new_account=registration.is_new)


def account_status_out(status: AccountStatus) -> AccountStatusOut:
    """Present an account's status."""
    return AccountStatusOut(
        connected=status.connected, email=status.email, plan=status.plan, organization_name=status.organization_name
    )


@post(
    "/auth/register-from-plugin",
    status_code=200,
    opt=PUBLIC,
    operation_id="plugin.register_from_plugin",
    summary="Register from the plugin",
    tags=["Account"],
    responses=refusals(400),
)
async def register_from_plugin(
    data: JSONBody[RegisterIn], registration: NamedDependency[RegistrationService]
) -> RegisterOut:
    """Make an account for a new e-mail, or answer alike for a known one, and give a token for this store."""
    made = await registration.register(data.email, PLUGIN_PLATFORM, data.store_url)
    return register_out(made, data.email)


@get(
    "/auth/account-status",
    opt=FOR_ANYBODY,
    security=WITH_TOKEN,
    operation_id="plugin.account_status",
    summary="Account status",
    tags=["Account"],
    responses=refusals(401, 403),
)
async def account_status(actor: NamedDependency[Actor], stores: NamedDependency[StoreService]) -> AccountStatusOut:
    """Tell whether the store is connected, and on which plan the account is."""
    return account_status_out(await stores.account_status(actor))
