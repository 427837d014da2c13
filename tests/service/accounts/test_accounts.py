"""Organizations and plans, on a real database."""

import asyncio
import uuid

import pytest

from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import Actor, system_actor
from backend.wiring import Container

pytestmark = pytest.mark.anyio


def new_email() -> str:
    return f"Owner-{uuid.uuid4().hex[:8]}@Example.com"


async def test_the_operator_gets_the_owners_password_once(container: Container) -> None:
    email = new_email()
    async with container.transaction() as services:
        made = await services.accounts.create_organization(" A shop ", email, "pro")
    assert (made.organization.name, made.organization.plan, made.user.email) == ("A shop", "pro", email.lower())
    assert made.user.password_hash is not None
    assert made.user.password_hash.startswith("$argon2id$")
    assert made.password not in made.user.password_hash
    assert (await container.password_login.login(email, made.password)).user_id == made.user.id


@pytest.mark.parametrize(
    ("name", "email", "plan", "code"),
    [
        ("", "a@example.com", "pro", "NAME_INVALID"),
        ("A", "a", "pro", "EMAIL_INVALID"),
        ("A", "a@example.com", "gold", "UNKNOWN_PLAN"),
    ],
)
async def test_bad_input_makes_nothing(container: Container, name: str, email: str, plan: str, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        async with container.transaction() as services:
            await services.accounts.create_organization(name, email, plan)
    assert refusal.value.code == code


async def test_an_email_has_one_account_also_when_asked_twice_at_once(container: Container) -> None:
    email = new_email()

    async def create() -> None:
        async with container.transaction() as services:
            await services.accounts.create_organization("A", email, "pro")

    outcomes = await asyncio.gather(*(create() for _ in range(3)), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert [(one.kind, one.code) for one in refusals] == [(ErrorKind.CONFLICT, "EMAIL_TAKEN")] * 2


async def test_a_plan_can_be_changed_and_decides_the_limits(container: Container) -> None:
    async with container.transaction() as services:
        made = await services.accounts.create_organization("A", new_email(), "starter")
    actor = system_actor(made.organization.id)
    async with container.transaction() as services:
        assert (await services.accounts.limits(actor)).products == 1_000
        await services.accounts.set_plan(made.organization.id, "enterprise")
    async with container.transaction() as services:
        assert (await services.accounts.limits(actor)).products is None


async def test_a_plan_of_nobody_cannot_be_changed(container: Container) -> None:
    with pytest.raises(DomainError) as refusal:
        async with container.transaction() as services:
            await services.accounts.set_plan(uuid.uuid4(), "pro")
    assert refusal.value.kind is ErrorKind.NOT_FOUND


async def test_an_unproven_actor_has_no_organization(container: Container) -> None:
    with pytest.raises(DomainError) as refusal:
        async with container.transaction() as services:
            await services.accounts.organization(Actor(organization_id=None))
    assert refusal.value.kind is ErrorKind.FORBIDDEN
