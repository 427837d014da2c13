"""The simulated WooCommerce answers a real store's recorded exchanges alike.

The sandbox is seeded with the catalog that the recorded store had (170 simple and 30 variable products, the same ids),
then every recorded request is sent to it in order over a real socket. Alike means: the same status; the same totals,
links, Location and Allow headers; a body with the same keys in every object, the same JSON types and the same values.
Left out of the values is only what cannot repeat: instants (their format is compared), random keys, ids of meta rows,
"related" products (random in the real thing), lists that grow with plugins (namespaces, features, currencies: the
sandbox knows a part of them), and the scheme and host of addresses.
"""

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.sandbox.serving import Server
from plugin_bridge.sandbox.woocommerce import ApiKey, SimulatedWooCommerce, StoreOptions

SHARED = Path(os.environ.get("STORELOOM_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "contracts" / "woocommerce-recordings.json"
if not FILE.exists():
    pytest.skip(f"NOT TESTED: no recordings of a real WooCommerce at {FILE}", allow_module_level=True)

RECORDED: dict[str, Any] = msgspec.json.decode(FILE.read_bytes())
EXCHANGES: list[dict[str, Any]] = RECORDED["exchanges"]

HEADERS = ("content-type", "x-wp-total", "x-wp-totalpages", "link", "allow", "location")
RANDOM = frozenset({"related_ids", "order_key", "payment_url"})
PARTIAL = frozenset({"namespaces", "enabled_features", "options"})
META_ID = re.compile(r"/meta_data/\d+/id$")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
HOST = re.compile(r"https?://shop\.test")
NOWHERE = "http://127.0.0.1:9/x"
"""Nobody listens there: the sandbox must answer 201 to a webhook whose ping fails."""


def recorded_catalog() -> Iterator[PlatformProduct]:
    """What the recorded store sold: prices, stock and texts follow from the number."""
    lorem = "Lorem ipsum " * 40
    for number in range(1, 171):
        stock = {1: 1, 2: 0, 3: 3}.get(number, number % 20)
        price = {1: "6", 2: "20", 3: "8"}.get(number, str(5 + number % 17))
        sku = f"S-{number:04d}"
        variant = PlatformVariant(external_id=sku, external_product_id=sku, sku=sku, price=Decimal(price), stock=stock)
        yield PlatformProduct(external_id=sku, title=f"Simple {number}", description=lorem, variants=(variant,))
    for number in range(1, 31):
        sku = f"V-{number:04d}"
        variants = tuple(
            PlatformVariant(
                external_id=f"{sku}-{size}",
                external_product_id=sku,
                sku=f"{sku}-{size}",
                price=Decimal(10 + at),
                stock=5 * at,
                options={"Size": size},
            )
            for at, size in enumerate(("S", "M", "L", "XL"))
        )
        yield PlatformProduct(external_id=sku, title=f"Variable {number}", option_names=("Size",), variants=variants)


def recorded_store(base_url: str) -> SimulatedWooCommerce:
    """A sandbox in the state the recorded store was in before the first exchange."""
    store = SimulatedWooCommerce(
        StoreOptions(
            address="https://shop.test",
            name="Real Woo",
            keys=[ApiKey(consumer_key="ck_good", consumer_secret="cs_good")],
        ),
        recorded_catalog(),
    )
    shop = store.shop
    # The recorded parents of variations had been given a SKU of their own.
    for item in list(shop.catalog.items.values()):
        if item.kind == "variable":
            shop.catalog.set_sku(item, f"V-{int(item.name.removeprefix('Variable ')):04d}")
    for item_id in (181, 182):
        shop.delete(shop.catalog.items[item_id])
    shop.next_id = 337
    shop.hooks.next_id = 9
    return store


def credentials(name: str, kind: str) -> httpx.BasicAuth | None:
    if kind == "none":
        return None
    if kind == "good":
        return httpx.BasicAuth("ck_good", "cs_good")
    return httpx.BasicAuth("ck_good", "cs_wrong") if name == "bad secret" else httpx.BasicAuth("ck_unknown", "cs_any")


def with_local_hook(text: str) -> str:
    return text.replace("https://hook.test/x", NOWHERE)


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, httpx.Response]]:
    """Every recorded request sent once, in the recorded order."""
    server = Server(recorded_store)
    try:
        with httpx.Client(base_url=server.base_url, trust_env=False) as client:
            yield {exchange["name"]: replay(client, exchange) for exchange in EXCHANGES}
    finally:
        server.stop()


def replay(client: httpx.Client, exchange: dict[str, Any]) -> httpx.Response:
    request = exchange["request"]
    body = None if request["json"] is None else with_local_hook(msgspec.json.encode(request["json"]).decode())
    headers = {} if body is None else {"content-type": "application/json"}
    auth = credentials(exchange["name"], request["auth"])
    return client.request(request["method"], request["path"], content=body, headers=headers, auth=auth)


def differences(path: str, real: Any, ours: Any) -> list[str]:
    """Every place where the two bodies are not alike."""
    key = path.rsplit("/", 1)[-1]
    if key in RANDOM or META_ID.search(path):
        return [] if type(real) is type(ours) else [f"{path}: {real!r} became {ours!r}"]
    if key in PARTIAL:
        missing = [part for part in ours if part not in real]
        return [f"{path}: the real one has no {missing}"] if missing or type(real) is not type(ours) else []
    if isinstance(real, dict) and isinstance(ours, dict):
        found = [f"{path}: keys {sorted(set(real) ^ set(ours))}"] if set(real) != set(ours) else []
        shared = [name for name in real if name in ours]
        return found + [line for name in shared for line in differences(f"{path}/{name}", real[name], ours[name])]
    if isinstance(real, list) and isinstance(ours, list):
        found = [f"{path}: {len(real)} elements became {len(ours)}"] if len(real) != len(ours) else []
        pairs = enumerate(zip(real, ours, strict=False))
        return found + [line for at, (a, b) in pairs for line in differences(f"{path}/{at}", a, b)]
    return [] if type(real) is type(ours) and plain(real) == plain(ours) else [f"{path}: {real!r} became {ours!r}"]


def plain(value: Any) -> Any:
    """The value without instants and hosts."""
    if not isinstance(value, str):
        return value
    return INSTANT.sub("<instant>", HOST.sub("<host>", with_local_hook(value)))


def key_order(value: Any) -> Any:
    """The keys of all objects as they stand, without values; clients that stream rely on nothing, people do."""
    return list(value) if isinstance(value, dict) else key_order(value[0]) if isinstance(value, list) and value else []


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange["name"])
def test_a_recorded_exchange_is_answered_alike(exchange: dict[str, Any], answers: dict[str, httpx.Response]) -> None:
    real, ours = exchange["response"], answers[exchange["name"]]
    assert ours.status_code == real["status"], ours.text[:300]
    body = ours.json()
    problems = differences("", trash_rows(real["body"]), trash_rows(body))
    assert not problems, "\n".join(problems)
    assert key_order(body) == key_order(real["body"])
    recorded = {name: plain(real["headers"].get(name)) for name in HEADERS}
    assert {name: plain(ours.headers.get(name)) for name in HEADERS} == recorded


def trash_rows(body: Any) -> Any:
    """The body with the time of trashing, a meta value, made an instant."""
    for row in body.get("meta_data", []) if isinstance(body, dict) else []:
        if row["key"] == "_wp_trash_meta_time":
            assert row["value"].isdigit()
            row["value"] = "<seconds>"
    return body


def test_all_32_exchanges_were_replayed() -> None:
    assert len(EXCHANGES) == 32
    assert len({exchange["name"] for exchange in EXCHANGES}) == 32
