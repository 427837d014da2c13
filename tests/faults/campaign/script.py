"""What happens in one run, made from its seed alone: pure, so that a seed can be replayed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

STORES = ("woocommerce", "shopify")
FAULTS = {
    "woocommerce": (
        "timeout_after_write",
        "server_error",
        "rate_limited",
        "truncated_json",
        "lost_webhooks",
        "duplicate_webhooks",
        "reordered_webhooks",
    ),
    "shopify": (
        "timeout_after_write",
        "server_error",
        "throttle",
        "lost_webhooks",
        "duplicate_webhooks",
        "reordered_webhooks",
    ),
}
DISASTERS = ("kill worker-fast", "kill worker-long", "kill worker-fast", "empty valkey", "restart postgres", "kill web")


@dataclass(frozen=True)
class Step:
    """One thing that is done, and how long is waited before it."""

    pause_s: float
    what: str
    """`order`, `reprice`, `retitle`, `restock` (in a store), `edit`, `adjust`, `offer` (in the hub), or `fault`."""
    store: str = ""
    article: int = 0
    """Which article, 0..articles-1."""
    facts: dict[str, Any] = field(default_factory=dict)


def offers(seed: int) -> int:
    """Return how many articles of a run are sold in WooCommerce alone until somebody offers them in Shopify too."""
    return 2 if seed % 2 == 0 else 0


def script(seed: int, steps: int, articles: int) -> list[Step]:
    """Return the steps of a run.

    Articles with an even number are counted by orders and adjustments alone, so that their pieces can be added up;
    those with an odd one are also recounted by merchants.
    """
    chance = random.Random(seed)
    made: list[Step] = []
    for _ in range(steps):
        pause_s = chance.choice((0.0, 0.2, 1.0, 2.5))
        what = chance.choices(
            ("order", "reprice", "retitle", "restock", "edit", "adjust", "fault"), (30, 12, 6, 8, 12, 12, 20)
        )[0]
        store = chance.choice(STORES)
        article = chance.randrange(articles)
        facts: dict[str, Any] = {}
        if what == "order":
            facts = {"quantity": chance.choice((1, 1, 1, 2))}
        elif what in ("reprice", "edit"):
            facts = {"price": f"{chance.randint(500, 2500) / 100:.2f}"}
        elif what == "retitle":
            facts = {"title": f"Article {article} as of {chance.randrange(1000)}"}
        elif what == "restock":
            article |= 1
            facts = {"stock": chance.randint(5, 40)}
        elif what == "adjust":
            facts = {"delta": chance.choice((-2, -1, 1, 3, 5))}
        else:
            facts = {"kind": chance.choice(FAULTS[store]), "next": chance.randint(1, 3)}
        made.append(Step(pause_s, what, store, article % articles, facts))
    places = random.Random(-seed)
    for article in range(offers(seed)):
        made.insert(places.randrange(steps), Step(0.1, "offer", "shopify", facts={"which": article}))
    return made


def disasters(seed: int) -> Iterator[tuple[float, str]]:
    """Yield what befalls the instance, each with the seconds before it, without end."""
    chance = random.Random(seed * 7919 + 1)
    while True:
        yield chance.uniform(1.0, 3.5), chance.choice(DISASTERS)
