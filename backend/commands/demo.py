"""What `storeloom up --demo` sets up by the doors that everybody uses: two simulated stores, one catalog, feeds."""

import json
import uuid
from collections.abc import Awaitable
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from backend.commands.consent import connect_by_consent
from backend.commands.instance import in_instance
from backend.commands.sandbox import make_store
from backend.commands.syncing import latest_run
from backend.domain.access.api_keys import KeyWanted
from backend.embedded.instance import Instance
from backend.kit.errors import DomainError
from backend.ports.actor import Actor

EMAIL = "demo@storeloom.example"
ORGANIZATION = "Demo outfitters"
PLAN = "enterprise"
STORE_KEY, SHOP_KEY = "demo", "demo-outfitters"
SHOWN = ("store_id", "platform", "store_url", "control_url", "shop_domain")
"""What demo.json says of a store."""
FEEDS = {"demo-google": "xml", "demo-csv": "csv", "demo-json": "json"}
TIMEOUT_S = 60.0


def set_up(instance: Instance, catalog: Path | None) -> dict[str, Any]:
    """Make the demo organization, its stores and feeds as far as they are missing; return the content of demo.json.

    Args:     catalog: product CSV the first simulated store starts with; None: the one we ship. Counts on the first
              start.
    """
    data_dir = Path(instance.data_dir)
    known = data_dir / "demo.json"
    before: dict[str, Any] = json.loads(known.read_text()) if known.exists() else {}
    shop = _made(instance, "woocommerce", STORE_KEY, catalog, "demo_catalog.csv")
    stores = [_kept(data_dir, before, shop) or {**shop, "store_id": _connect(instance, shop)}]
    owner_id = stores[0]["store_id"]
    # With an app of the operator's own, Shopify stores are real ones: none of those is ours to make.
    if "shopify" in instance.simulated_platforms:
        shop = _made(instance, "shopify", SHOP_KEY, None, "demo_catalog_shopify.csv")
        stores.append(_kept(data_dir, before, shop) or {**shop, "store_id": _agree(instance, owner_id, shop)})
    return in_instance(data_dir, lambda container: _finish(container, instance, stores, before))


def _made(instance: Instance, platform: str, key: str, catalog: Path | None, shipped: str) -> dict[str, Any]:
    """Have a simulated store made from a catalog, or find the one that was made before."""
    with resources.as_file(resources.files("backend.commands") / shipped) as ours:
        wanted = {"platform": platform, "key": key, "name": ORGANIZATION, "currency": "EUR"}
        return make_store(instance, {**wanted, "catalog_file": str((catalog or ours).absolute())})


def _kept(data_dir: Path, before: dict[str, Any], made: dict[str, Any]) -> dict[str, Any] | None:
    """Return a store with its id when an earlier start connected it and it still is connected."""
    known = {one["platform"]: str(one["store_id"]) for one in before.get("stores", [])}
    found = known.get(made["platform"])
    if found is None or not in_instance(data_dir, lambda container: _is_active(container, found)):
        return None
    return {**made, "store_id": found}


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


def _agree(instance: Instance, store_id: str, made: dict[str, Any]) -> str:
    """Connect the simulated Shopify shop to the organization of the first store, as its merchant does."""

    async def token(container: Any) -> str:
        owner = await container.operator_for_store(uuid.UUID(store_id))
        async with container.transaction() as services:
            return str(await services.access.token_for_owner(owner.tenant))

    return str(connect_by_consent(instance, in_instance(Path(instance.data_dir), token), made["shop_domain"]))


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code not in (200, 201):
        raise RuntimeError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:200]}")
    found: dict[str, Any] = answer.json()
    return found


async def _finish(
    container: Any, instance: Instance, stores: list[dict[str, Any]], before: dict[str, Any]
) -> dict[str, Any]:
    owner = await container.operator_for_store(uuid.UUID(stores[0]["store_id"]))
    async with container.transaction() as services:
        await services.accounts.set_plan(owner.tenant, PLAN)
        await services.accounts.rename(owner, ORGANIZATION)
        password = before.get("panel", {}).get("password") or await services.accounts.renew_password(EMAIL)
        token = await services.access.token_for(EMAIL)
    for store in stores:
        run = await latest_run(container, owner, uuid.UUID(store["store_id"]))
        # Later on, what a person did to a store must not stop the start.
        if run.state != "completed" and not before:
            raise RuntimeError(f"the first sync of {store['store_url']} is {run.state}: {run.error_message}")
    return {
        "base_url": instance.base_url,
        "organization_id": str(owner.tenant),
        "panel": {"email": EMAIL, "password": password},
        "jwt": token,
        **await kept_keys(container, owner, before),
        "stores": [{name: store[name] for name in SHOWN if name in store} for store in stores],
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


async def kept_keys(container: Any, owner: Actor, before: dict[str, Any]) -> dict[str, Any]:
    """Return the demo's API key and monitoring token, those of an earlier start as long as they work."""
    key, pair = str(before.get("external_key", "")), before.get("monitoring", {})
    async with container.transaction() as services:
        if not await _works(container.key_authenticator.identify(key)):
            key = (await services.api_keys.create(owner, KeyWanted(name="Demo", permission="admin"))).key
        if not await _works(
            container.monitoring_authenticator.identify(pair.get("apikey", ""), pair.get("apitoken", ""))
        ):
            made = await services.monitoring_tokens.create(owner)
            pair = {"apikey": made.apikey, "apitoken": made.apitoken}
    return {"external_key": key, "monitoring": pair}


async def _works(asked: Awaitable[Any]) -> bool:
    try:
        await asked
    except DomainError:
        return False
    return True
