"""Our webhooks in a WooCommerce store: made, repaired and removed through its REST API."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from plugin_bridge.woocommerce.client import Answer, WooClient

PATH = "/wp-json/wc/v3/webhooks"
TOPICS = (
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
    "order.created",
    "order.updated",
    "order.deleted",
)
_PAGE = 100
_MOST_PAGES = 20


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as the store shows it; its secret is never shown."""

    id: int
    name: str = ""
    status: str = ""
    topic: str = ""
    delivery_url: str = ""


class Repairs(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be done so that every topic is delivered once."""

    missing: tuple[str, ...]
    broken: tuple[Subscription, ...]
    """Disabled by the store after failures, paused by somebody, signed with another secret, or sent elsewhere."""
    surplus: tuple[Subscription, ...]


def repairs(found: Iterable[Subscription], delivery_url: str, name_mark: str) -> Repairs:
    """Decide what has to be done; pure.

    Args:     found: all webhooks of the store; those of others are left alone.
              name_mark: ends the name of those that sign with the present secret.
    """
    ours = sorted((one for one in found if _is_ours(one, delivery_url)), key=lambda one: one.id)
    kept = {one.topic: one for one in reversed(ours) if one.topic in TOPICS}
    return Repairs(
        missing=tuple(topic for topic in TOPICS if topic not in kept),
        broken=tuple(
            one
            for one in kept.values()
            if one.status != "active" or one.delivery_url != delivery_url or not one.name.endswith(name_mark)
        ),
        surplus=tuple(one for one in ours if kept.get(one.topic) is not one),
    )


class Subscriptions:
    """The webhooks of one store."""

    def __init__(self, client: WooClient) -> None:
        self._client = client

    async def set_up(self, delivery_url: str, secret: str) -> None:
        """Make what is missing, repair what is broken, remove what is there twice. Safe to repeat.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress.
        """
        mark = f"({hashlib.sha256(secret.encode()).hexdigest()[:8]})"
        todo = repairs(await self._all(), delivery_url, mark)
        for one in todo.surplus:
            await self._remove(one)
        for one in todo.broken:
            await self._client.batch(f"{PATH}/{one.id}", _wanted(one.topic, delivery_url, secret, mark))
        for topic in todo.missing:
            # Sent once: after a lost answer the next look finds what was made.
            await self._client.post_once(PATH, _wanted(topic, delivery_url, secret, mark))

    async def remove(self, delivery_url: str) -> None:
        """Remove all of ours; raise as `set_up`."""
        for one in await self._all():
            if _is_ours(one, delivery_url):
                await self._remove(one)

    async def _all(self) -> list[Subscription]:
        found: list[Subscription] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = await self._client.get(PATH, {"per_page": str(_PAGE), "page": str(page)}, good=_is_list)
            rows = msgspec.json.decode(answer.content, type=list[Subscription])
            found += rows
            if len(rows) < _PAGE:
                break
        return found

    async def _remove(self, one: Subscription) -> None:
        await self._client.delete(f"{PATH}/{one.id}", {"force": "true"})


def _wanted(topic: str, delivery_url: str, secret: str, mark: str) -> Mapping[str, Any]:
    name = f"Storeloom {topic} {mark}"
    return {"name": name, "topic": topic, "delivery_url": delivery_url, "secret": secret, "status": "active"}


def _is_ours(one: Subscription, delivery_url: str) -> bool:
    """Tell by path and query: our own address may have changed, the store's id in it does not."""
    theirs, ours = urlsplit(one.delivery_url), urlsplit(delivery_url)
    return bool(ours.query) and (theirs.path.rstrip("/"), theirs.query) == (ours.path.rstrip("/"), ours.query)


def _is_list(answer: Answer) -> bool:
    try:
        msgspec.json.decode(answer.content, type=list[Subscription])
    except msgspec.DecodeError:
        return False
    return True
