"""`feed create`."""

import uuid
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show
from backend.ports.actor import system_actor

GENERATION_TIMEOUT_S = 120.0


@click.group()
def feed() -> None:
    """Make and publish feeds."""


@feed.command("create")
@click.option("--organization", type=click.UUID, required=True, help="Whose products it shows.")
@click.option("--slug", required=True, help="Its name in the URL: lower-case letters, digits and dashes.")
@click.option("--format", "output", type=click.Choice(["xml", "csv", "json"]), required=True, help="Output format.")
@click.option("--template", help="Whose rules it follows [google for xml and csv, plain for json].")
@click.option("--title", help="Title shown in the feed [the slug].")
@click.option("--publish", is_flag=True, help="Publish it and wait for its first generation.")
@instance_options
def create(
    organization: uuid.UUID,
    slug: str,
    output: str,
    template: str | None,
    title: str | None,
    publish: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make a feed; unpublished unless --publish is given."""

    async def work(container: Any) -> dict[str, str]:
        actor = system_actor(organization)
        async with container.transaction() as services:
            made = await services.feeds.create(
                actor, slug=slug, output=output, template=template, title=title, publish=publish
            )
        if publish:
            await container.published_feeds.wait_until_generated(made.slug, GENERATION_TIMEOUT_S)
        base = container.settings.web.public_url.rstrip("/")
        return {"feed_id": str(made.id), "url": f"{base}/api/public/feeds/{made.slug}"}

    show(in_instance(data_dir, work), as_json=as_json)
