"""Things read by their ids, as many at a time as the points of one request allow."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.errors import TooCostly

A = TypeVar("A")
N = TypeVar("N")
MOST = 250
"""Most ids that one request may name."""


async def by_ids(
    client: ShopifyClient,
    document: Document[A],
    nodes: Callable[[A], Sequence[N | None]],
    ids: Sequence[str],
    **more: Any,
) -> dict[str, N]:
    """Return what the shop still has of *ids*, by global id; a size that was refused as too costly is not tried again.

    Args:     nodes: takes the list of nodes, in the order of the ids, out of an answer.
    """
    found: dict[str, N] = {}
    sizes, at = client.traffic.sizes, 0
    while at < len(ids):
        some = ids[at : at + sizes.get(document.name, MOST)]
        try:
            answer = (await client.run(document, {"ids": some, **more})).data
        except TooCostly:
            if len(some) == 1:
                raise
            sizes[document.name] = len(some) // 2
            continue
        found |= {one: node for one, node in zip(some, nodes(answer), strict=False) if node is not None}
        at += len(some)
    return found
