"""What `storeloom up --demo` sets up, through the doors that everybody uses: plugin API, feeds, a simulated store."""

import json
import uuid
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from backend.commands.instance import in_instance
from backend.commands.sandbox import make_store
from backend.commands.syncing import latest_run
from backend.embedded.instance import Instance
from backend.ports.actor import Actor

EMAIL = "demo@storeloom.example"
ORGANIZATION = "Demo outfitters"
PLAN = "enterprise"
STORE_KEY = "demo"
FEEDS = {"demo-google": "xml", "demo-csv": "csv", "demo-json": "json"}
TIMEOUT_S = 60.0


def set_up(instance: Instance, catalog: Path | None) -> dict[str, Any]:
    """Make the demo organization, its store and feeds as far as they are missing; return the content of demo.json.

    Args:     catalog: product CSV the simulated store starts with; None: the one we ship. Counts on the first start.
    """
    data_dir = Path(instance.data_dir)
    known = data_dir / "demo.json"
    before: dict[str, Any] = json.loads(known.read_text()) if known.exists() else {}
    with resources.as_file(resources.files("backend.commands") / "demo_catalog.csv") as shipped:
        wanted = {"platform": "woocommerce", "key": STORE_KEY, "name": ORGANIZATION, "currency": "EUR"}
        made = make_store(instance, {**wanted, "catalog_file": str((catalog or shipped).absolute())})
    store_id = str(before["stores"][0]["store_id"]) if before.get("stores") else ""
    if not store_id or not in_instance(data_dir, lambda container: _is_active(container, store_id)):
        store_id = _connect(instance, made)
    return in_instance(data_dir, lambda container: _finish(container, instance, made, store_id, before))


async def _is_active(container: Any, store_id: str) -> bool:
    """Tell whether the demo's store is still connected: somebody may have tried the disconnect button."""
    owner = await container.operator_for_store(uuid.UUID(store_id))
    async with container.transaction() as services:
        return bool((await services.stores.store(owner, uuid.UUID(store_id))).state == "active")


def _connect(instance: Instance, made: dict[str, Any]) -> str:
    """Do what the WooCommerce plugin does: register silently, then connect; return the channel's id."""
    with httpx.Client(base_url=instance.base_url, timeout=TIMEOUT_S, trust_env=False) as http:
        body = {"email": EMAIL, "storeUrl": made["store_url"], "source": "woo-plugin"}
        token = _json(http.post("/api/auth/register-from-plugin", json=body))["token"]
        keys = {"consumerKey": made["consumer_key"], "consumerSecret": made["consumer_secret"]}
        body = {"storeUrl": made["store_url"], "email": EMAIL, "platform": "woocommerce", "pluginVersion": "1.1.0"}
        headers = {"Authorization": f"Bearer {token}"}
        return str(_json(http.post("/api/stores/connect", json={**body, **keys}, headers=headers))["channelId"])


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code not in (200, 201):
        raise RuntimeError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:200]}")
    found: dict[str, Any] = answer.json()
    return found


async def _finish(
    container: Any, instance: Instance, made: dict[str, Any], store_id: str, before: dict[str, Any]
) -> dict[str, Any]:
    owner = await container.operator_for_store(uuid.UUID(store_id))
    async with container.transaction() as services:
        await services.accounts.set_plan(owner.tenant, PLAN)
        await services.accounts.rename(owner, ORGANIZATION)
        password = before.get("panel", {}).get("password") or await services.accounts.renew_password(EMAIL)
        token = await services.access.token_for(EMAIL)
    run = await latest_run(container, owner, uuid.UUID(store_id))
    if run.state != "completed" and not before:  # later on, what a person did to the store must not stop the start
        raise RuntimeError(f"the first sync is {run.state}: {run.error_message}")
    return {
        "base_url": instance.base_url,
        "organization_id": str(owner.tenant),
        "panel": {"email": EMAIL, "password": password},
        "jwt": token,
        "stores": [
            {
                "store_id": store_id,
                "platform": made["platform"],
                "store_url": made["store_url"],
                "control_url": made["control_url"],
            }
        ],
        "feeds": [f"{instance.base_url}/api/public/feeds/{slug}" for slug in await _feeds(container, owner)],
    }


async def _feeds(container: Any, owner: Actor) -> list[str]:
    """Make the feeds that are missing, wait until each can be served, return all slugs."""
    async with container.transaction() as services:
        there = {feed.slug for feed, _ in await services.feeds.list(owner)}
        made = [
            await services.feeds.create(owner, slug=slug, output=output, title=ORGANIZATION, publish=True)
            for slug, output in FEEDS.items()
            if slug not in there
        ]
    for feed in made:
        await container.published_feeds.wait_until_generated(feed.slug, TIMEOUT_S)
    return list(FEEDS)
