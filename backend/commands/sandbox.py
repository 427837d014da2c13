"""`sandbox serve`, `sandbox store create`."""

import os
import uuid
from pathlib import Path
from typing import Any

import click
import httpx

from backend.commands.consent import connect_by_consent
from backend.commands.instance import environment, in_instance, instance_options
from backend.commands.output import show
from backend.commands.syncing import latest_run
from backend.embedded.instance import Instance
from backend.kit.errors import conflict, invalid
from backend.ports.actor import system_actor
from backend.settings import default_data_dir

TIMEOUT_S = 120.0


@click.group()
def sandbox() -> None:
    """Host and make simulated stores."""


@sandbox.command("serve")
@click.option("--port", type=int, required=True, help="TCP port on 127.0.0.1.")
def serve(port: int) -> None:
    """Host simulated stores (started by `storeloom up`)."""
    from backend.embedded.web_server import run_application

    os.environ["STORELOOM_SANDBOX_PORT"] = str(port)
    run_application("backend.commands.sandbox_app:create", "127.0.0.1", port)


@sandbox.group("store")
def store() -> None:
    """Make simulated stores."""


@store.command("create")
@click.option("--organization", type=click.UUID, required=True, help="Who connects it with --connect.")
@click.option("--platform", type=click.Choice(["woocommerce", "shopify"]), required=True, help="What it simulates.")
@click.option(
    "--catalog", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Product CSV to start with."
)
@click.option("--products", type=click.IntRange(0, 1_000_000), help="How many products to make up.")
@click.option("--variants-per-product", type=click.IntRange(1, 100), default=1, show_default=True)
@click.option("--read-only-key", is_flag=True, help="Its key may read and not write.")
@click.option("--connect", is_flag=True, help="Connect it and finish the first sync.")
@instance_options
def create(
    organization: uuid.UUID,
    platform: str,
    catalog: Path | None,
    products: int | None,
    variants_per_product: int,
    read_only_key: bool,
    connect: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make a simulated store that lives as long as the instance; any account may connect it."""
    if catalog is not None and products is not None:
        raise invalid("TWO_CATALOGS", "Give --catalog or --products, not both")
    _, instance = environment(data_dir)
    wanted: dict[str, Any] = {"platform": platform}
    if read_only_key:
        wanted["read_only_key"] = True
    if catalog is not None:
        wanted["catalog_file"] = str(catalog.absolute())
    else:
        wanted |= {"products": 20 if products is None else products, "variants_per_product": variants_per_product}
    made = make_store(instance, wanted)
    if connect:
        connect_made = CONNECTORS[platform]
        made["store_id"] = str(connect_made(data_dir, organization, made))
    show(made, as_json=as_json)


def make_store(instance: Instance | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Ask the host of simulated stores for a new one; return what it says of it.

    Raises:   conflict NO_SANDBOX when the instance hosts none; invalid with the host's own words.
    """
    if instance is None or not instance.sandbox_url:
        raise conflict("NO_SANDBOX", "This instance hosts no simulated stores: start it with `storeloom up --demo`")
    if wanted["platform"] not in instance.simulated_platforms:
        raise conflict("NO_SANDBOX", f"This instance talks to real {wanted['platform']} stores: see SHOPIFY_CLIENT_ID")
    answer = httpx.post(
        f"{instance.sandbox_url}/_control/stores",
        json=wanted,
        headers={"Authorization": f"Bearer {instance.sandbox_token}"},
        timeout=TIMEOUT_S,
        trust_env=False,
    )
    if answer.status_code >= 400:
        raise invalid("SANDBOX_REFUSED", f"the simulated store was not made: {answer.text[:300]}")
    made: dict[str, Any] = answer.json()
    return made


def connect_by_keys(data_dir: Path | None, organization_id: uuid.UUID, made: dict[str, Any]) -> uuid.UUID:
    """Connect a simulated store with the keys it came with and wait for its first sync; return the store's id."""

    async def work(container: Any) -> uuid.UUID:
        from backend.domain.stores.connecting import ConnectRequest

        request = ConnectRequest(
            platform=made["platform"],
            url=made["store_url"],
            credentials={"consumer_key": made["consumer_key"], "consumer_secret": made["consumer_secret"]},
        )
        found = await container.store_connecting.connect_as(system_actor(organization_id), request)
        store_id: uuid.UUID = found.id
        return await synced(container, organization_id, store_id)

    return in_instance(data_dir, work)


def connect_by_consent_page(data_dir: Path | None, organization_id: uuid.UUID, made: dict[str, Any]) -> uuid.UUID:
    """Connect a simulated Shopify shop through the running web process and wait for its first sync.

    Raises:   conflict NO_SANDBOX when no instance runs here; CONSENT_FAILED.
    """
    _, instance = environment(data_dir)
    if instance is None:
        raise conflict("NO_SANDBOX", "This instance hosts no simulated stores: start it with `storeloom up --demo`")

    async def token(container: Any) -> str:
        async with container.transaction() as services:
            return str(await services.access.token_for_owner(organization_id))

    store_id = connect_by_consent(instance, in_instance(data_dir, token), made["shop_domain"])
    return in_instance(data_dir, lambda container: synced(container, organization_id, store_id))


async def synced(container: Any, organization_id: uuid.UUID, store_id: uuid.UUID) -> uuid.UUID:
    """Wait for the first sync of a store that was just connected; raise conflict FIRST_SYNC_FAILED."""
    run = await latest_run(container, system_actor(organization_id), store_id)
    if run.state != "completed":
        raise conflict("FIRST_SYNC_FAILED", f"the first sync is {run.state}: {run.error_message}")
    return store_id


CONNECTORS = {"woocommerce": connect_by_keys, "shopify": connect_by_consent_page}
"""How a simulated store of each platform is connected."""


def sandbox_folder() -> Path:
    """Return where simulated stores keep their state."""
    return default_data_dir() / "sandbox"
