"""A store keeps what happened to it, and only that."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce import SimulatedWooCommerce
from tests.support.sandbox import Clock, ask, control, woo

STEP = st.tuples(st.sampled_from(["price", "trash", "force", "restore", "order", "create"]), st.integers(0, 11))


def again(store: SimulatedWooCommerce, clock: Clock) -> SimulatedWooCommerce:
    """The same store after a restart: seeded anew, then brought to the snapshot."""
    fresh = woo(generate_products(4, 2), clock=clock)
    fresh.restore(store.snapshot())
    return fresh


def looks(store: SimulatedWooCommerce) -> list[str]:
    lists = ("products", "variations", "orders", "webhooks", "products/categories")
    told = [ask(store, "GET", path, per_page=100).text for path in lists]
    told.append(ask(store, "GET", "products", status="trash", per_page=100).text)
    told.append(ask(store, "GET", "products", modified_after="2026-09-21T00:00:00", dates_are_gmt="true").text)
    return told


def do(store: SimulatedWooCommerce, what: str, number: int) -> None:
    skus = [item.sku or str(item.id) for item in store.shop.catalog.items.values()]
    sku = skus[number % len(skus)] if skus else "none"
    if what == "price":
        control(store, "POST", "change", {"sku": sku, "price": number + 1, "stock": number})
    elif what == "order":
        control(store, "POST", "orders", {"lines": [{"sku": sku, "quantity": 2}]})
    elif what == "create":
        ask(
            store, "POST", "products", {"name": f"New {number}", "sku": f"N-{number}", "tags": [{"name": f"t{number}"}]}
        )
    else:
        control(store, "POST", "change", {"sku": sku, "delete": what})


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_a_restarted_store_looks_the_same(steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    store = woo(generate_products(4, 2), clock=clock)
    for what, number in steps:
        clock.now += 1
        do(store, what, number)
    assert looks(again(store, clock)) == looks(store)


def test_a_second_restart_looks_the_same_too() -> None:
    clock = Clock()
    store = woo(generate_products(4, 2), clock=clock)
    do(store, "force", 1)
    do(store, "create", 3)
    once = again(store, clock)
    do(once, "price", 5)
    assert looks(again(once, clock)) == looks(once)


def test_webhooks_and_their_secrets_survive() -> None:
    clock = Clock()
    store = woo(generate_products(4, 2), clock=clock)
    hook = {"topic": "product.updated", "delivery_url": "http://127.0.0.1:9/", "secret": "s3cret"}
    made = ask(store, "POST", "webhooks", hook).json()["id"]
    assert again(store, clock).shop.hooks.by_id[made].secret == "s3cret"


def test_new_ids_do_not_repeat_old_ones() -> None:
    clock = Clock()
    store = woo(generate_products(4, 2), clock=clock)
    gone = ask(store, "POST", "products", {"name": "Gone"}).json()["id"]
    ask(store, "DELETE", f"products/{gone}", force="true")
    assert ask(again(store, clock), "POST", "products", {"name": "Next"}).json()["id"] > gone


def test_a_snapshot_holds_only_what_changed() -> None:
    store = woo(generate_products(2_000))
    empty = len(store.snapshot())
    control(store, "POST", "change", {"sku": store.shop.catalog.items[10].sku, "stock": 1})
    assert len(store.snapshot()) < empty + 2_000


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80"])
def test_a_damaged_snapshot_changes_nothing(content: bytes) -> None:
    store = woo(generate_products(4, 2))
    before = looks(store)
    with pytest.raises(msgspec.DecodeError):
        store.restore(content)
    assert looks(store) == before
