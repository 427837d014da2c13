"""Opening organizations, their plans and their limits."""

import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.accounts.plans import PlanLimits, Plans
from backend.domain.accounts.repository import AccountRepository
from backend.domain.accounts.rules import email_key, name_of_host, organization_name
from backend.kit.clock import utc_now
from backend.kit.errors import conflict, not_found
from backend.kit.passwords import hash_password, new_password
from backend.models.accounts import Organization, User
from backend.ports.actor import Actor


class NewOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator made; the password is shown once and stored as a hash."""

    organization: Organization
    user: User
    password: str


class AccountService:
    """Accounts inside the caller's transaction.

    Args:     plans: the plan table. default_plan: of accounts that the plugin opens.
    """

    def __init__(self, session: AsyncSession, plans: Plans, default_plan: str) -> None:
        self._rows = AccountRepository(session)
        self._plans = plans
        self._default_plan = default_plan

    async def create_organization(self, name: str, email: str, plan: str) -> NewOrganization:
        """Make an organization and its owner with a new password: the operator's command.

        Raises:   invalid EMAIL_INVALID, NAME_INVALID, UNKNOWN_PLAN; conflict EMAIL_TAKEN.
        """
        self._plans.get(plan)
        name, email = organization_name(name), email_key(email)
        password = new_password()
        # Hashed before the first statement: no connection is held meanwhile.
        hashed = await hash_password(password)
        user = await self._rows.add_user(email, hashed, email_confirmed_at=utc_now())
        if user is None:
            raise conflict("EMAIL_TAKEN", "There is a user with this e-mail already")
        organization = await self._rows.add_organization(name, plan, user)
        return NewOrganization(organization=organization, user=user, password=password)

    async def open_account(self, email: str, store_url: str) -> tuple[Organization, User] | None:
        """Make an account without a password for a store's owner, named after the store's host.

        Args:     email: an `email_key`. store_url: canonical.
        Returns:  None when the e-mail has an account, also one that is being made at this moment.
        """
        user = await self._rows.add_user(email, None)
        if user is None:
            return None
        organization = await self._rows.add_organization(name_of_host(store_url), self._default_plan, user)
        return organization, user

    async def open_without_login(self, name: str) -> Organization:
        """Make an organization for a store that came without a person we know: whoever manages the store sees it.

        An e-mail that a store shows proves nothing (decision G10), so no user is made or attached.
        """
        return await self._rows.add_organization(organization_name(name), self._default_plan, None)

    async def set_plan(self, organization_id: uuid.UUID, plan: str) -> Organization:
        """Put an organization on a plan: the operator's command.

        Raises:   invalid UNKNOWN_PLAN, not_found.
        """
        self._plans.get(plan)
        organization = await self._rows.organization(organization_id)
        if organization is None:
            raise not_found("Organization")
        organization.plan = plan
        return organization

    async def rename(self, actor: Actor, name: str) -> Organization:
        """Give the acting organization another name; raise invalid NAME_INVALID."""
        organization = await self.organization(actor)
        organization.name = organization_name(name)
        return organization

    async def renew_password(self, email: str) -> str:
        """Give a user a new password and return it: the operator's way; raise not_found for an unknown e-mail."""
        password = new_password()
        hashed = await hash_password(password)
        user = await self._rows.user_by_email(email_key(email))
        if user is None:
            raise not_found("User")
        user.password_hash = hashed
        return password

    async def organization(self, actor: Actor) -> Organization:
        """Return the acting organization; raise forbidden for an unproven caller."""
        organization = await self._rows.organization(actor.tenant)
        if organization is None:
            raise not_found("Organization")
        return organization

    async def limits(self, actor: Actor) -> PlanLimits:
        """Return what the acting organization's plan allows."""
        return self._plans.limits_of((await self.organization(actor)).plan)
