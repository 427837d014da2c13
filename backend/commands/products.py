"""`import-products`."""

import uuid
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show
from backend.ports.actor import system_actor


@click.command("import-products")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--organization", type=click.UUID, required=True, help="Whose catalog it goes into.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@instance_options
def import_products(file: Path, organization: uuid.UUID, dry_run: bool, data_dir: Path | None, as_json: bool) -> None:
    """Bring a product CSV (WooCommerce or Shopify export) into the catalog."""

    async def work(container: Any) -> Any:
        with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
            task = bar.add_task("importing", total=None)
            return await container.product_import.run(
                system_actor(organization),
                file,
                dry_run=dry_run,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )

    show(in_instance(data_dir, work), as_json=as_json)
