"""`org create`, `org set-plan`, `jwt create`."""

import uuid
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show


@click.group()
def org() -> None:
    """Make organizations and put them on plans."""


@org.command("create")
@click.option("--name", required=True, help="Name of the organization.")
@click.option("--email", required=True, help="E-mail of its owner.")
@click.option("--plan", default="starter", show_default=True, help="A plan of plans.toml.")
@instance_options
def create(name: str, email: str, plan: str, data_dir: Path | None, as_json: bool) -> None:
    """Make an organization and its owner; the password is shown once."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            made = await services.accounts.create_organization(name, email, plan)
            return {
                "organization_id": str(made.organization.id),
                "user_id": str(made.user.id),
                "email": made.user.email,
                "password": made.password,
            }

    show(in_instance(data_dir, work), as_json=as_json)


@org.command("set-plan")
@click.argument("organization_id", type=click.UUID)
@click.argument("plan")
@instance_options
def set_plan(organization_id: uuid.UUID, plan: str, data_dir: Path | None, as_json: bool) -> None:
    """Put an organization on a plan, at once."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            changed = await services.accounts.set_plan(organization_id, plan)
            return {"organization_id": str(changed.id), "plan": changed.plan}

    show(in_instance(data_dir, work), as_json=as_json)


@click.group()
def jwt() -> None:
    """Issue tokens for the panel and plugin API."""


@jwt.command("create")
@click.option("--email", required=True, help="E-mail of the user.")
@instance_options
def create_token(email: str, data_dir: Path | None, as_json: bool) -> None:
    """Issue a panel token for a user."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            return {"token": await services.access.token_for(email)}

    show(in_instance(data_dir, work), as_json=as_json)
