"""Every way to fail: what it does, and that it stops."""

import asyncio

import msgspec
import pytest

from plugin_bridge.sandbox.asgi import NoAnswer
from plugin_bridge.sandbox.faults import Faults
from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce.faults import KINDS
from tests.support.sandbox import ask, control, request, send, woo

WEBHOOK_KINDS = frozenset(kind for kind in KINDS if kind.endswith("webhooks")) | {"equal_delivery_ids"}
FIRST = 10


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "redirect", "location": "http://elsewhere.test/"}, 301),
        ({"kind": "unauthorized"}, 401),
        ({"kind": "rate_limited", "retry_after": 7}, 429),
        ({"kind": "rate_limited_without_retry_after"}, 429),
        ({"kind": "server_error"}, 500),
        ({"kind": "server_error", "status": 503}, 503),
        ({"kind": "html"}, 200),
        ({"kind": "truncated_json"}, 200),
        ({"kind": "demoted_user"}, 403),
        ({"kind": "plain_permalinks"}, 404),
        ({"kind": "rest_blocked"}, 401),
        ({"kind": "woocommerce_missing"}, 404),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else str(value),
)
def test_a_fault_strikes_once_and_is_used_up(fault: dict[str, object], status: int) -> None:
    store = woo()
    assert control(store, "POST", "faults", {**fault, "next": 1}).status == 200
    assert ask(store, "GET", "products").status == status
    healthy = ask(store, "GET", "products")
    assert (healthy.status, len(healthy.json())) == (200, 5)


def test_a_redirect_goes_where_it_was_told_and_says_nothing() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "redirect", "rate": 1, "location": "http://elsewhere.test/"})
    answer = ask(store, "POST", "products/batch", {})
    assert (answer.status, answer.headers["location"], answer.text) == (301, "http://elsewhere.test/", "")


def test_a_throttled_store_says_how_long_only_when_it_should() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "rate_limited", "next": 1, "retry_after": 7})
    assert ask(store, "GET", "products").headers["retry-after"] == "7"
    control(store, "POST", "faults", {"kind": "rate_limited_without_retry_after", "next": 1})
    assert "retry-after" not in ask(store, "GET", "products").headers


def test_a_challenge_page_is_html_and_truncated_json_is_half() -> None:
    store = woo()
    whole = len(ask(store, "GET", "products").text)
    control(store, "POST", "faults", {"kind": "html", "next": 1})
    assert ask(store, "GET", "products").headers["content-type"].startswith("text/html")
    control(store, "POST", "faults", {"kind": "truncated_json", "next": 1})
    half = ask(store, "GET", "products")
    assert len(half.text) == whole // 2
    with pytest.raises(msgspec.DecodeError):
        half.json()


def test_a_stripped_header_leaves_only_keys_in_the_query() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "strip_authorization"})
    basic = {"authorization": "Basic Y2tfZ29vZDpjc19nb29k"}
    assert ask(store, "GET", "products", keys=False, headers=basic).code == "woocommerce_rest_cannot_view"
    assert ask(store, "GET", "products").status == 200
    control(store, "DELETE", "faults")
    assert ask(store, "GET", "products", keys=False, headers=basic).status == 200


def test_a_write_whose_answer_is_lost_is_done_all_the_same() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "timeout_after_write", "next": 1})
    assert ask(store, "GET", "products").status == 200
    with pytest.raises(NoAnswer):
        ask(store, "PUT", f"products/{FIRST}", {"name": "Written"})
    assert ask(store, "GET", f"products/{FIRST}").json()["name"] == "Written"
    assert control(store, "GET", "writes").json()[0]["body"] == {"name": "Written"}


def test_a_slow_store_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    store = woo()
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    control(store, "POST", "faults", {"kind": "slow", "next": 1, "seconds": 2.5})
    ask(store, "GET", "products")
    ask(store, "GET", "products")
    assert waited == [2.5]


def test_shifting_pages_lose_a_product_and_bring_it_back() -> None:
    store = woo(generate_products(6))
    control(store, "POST", "faults", {"kind": "shifting_pages", "next": 2})

    def walk() -> list[int]:
        pages = (ask(store, "GET", "products", orderby="id", order="asc", per_page=2, page=page) for page in (1, 2, 3))
        return [row["id"] for page in pages for row in page.json()]

    everything = sorted(store.shop.catalog.items)
    # Between pages 1 and 2 the first product goes, so the third slips to page 1; before page 3 it is back.
    assert walk() == [everything[0], everything[1], everything[3], everything[4], everything[4], everything[5]]
    assert walk() == everything


def test_ties_of_one_second_come_in_any_order_until_it_is_switched_off() -> None:
    store = woo(generate_products(10))
    control(store, "POST", "faults", {"kind": "same_second_ties"})
    orders = {ask(store, "GET", "products", orderby="date", _fields="id").text for _ in range(8)}
    assert len(orders) > 1
    control(store, "DELETE", "faults")
    assert len({ask(store, "GET", "products", orderby="date", _fields="id").text for _ in range(4)}) == 1


def test_a_store_without_woocommerce_still_has_its_index() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "woocommerce_missing"})
    index = send(store, request("GET", "/wp-json/", [("_fields", "namespaces")]))
    assert "wc/v3" not in index.json()["namespaces"]
    assert "wp/v2" in index.json()["namespaces"]


def test_a_revoked_key_leaves_the_index_open() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "unauthorized"})
    assert send(store, request("GET", "/wp-json/", [("_fields", "name")])).status == 200
    assert ask(store, "GET", "products").status == 401


def test_a_rate_strikes_about_as_often_and_the_same_way_each_time() -> None:
    def strikes() -> list[bool]:
        faults = Faults(KINDS, seed=7)
        faults.switch_on({"kind": "server_error", "rate": 0.3})
        return [faults.strikes("server_error") is not None for _ in range(1000)]

    assert 200 < sum(strikes()) < 400
    assert strikes() == strikes()


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "nonsense"},
        {"kind": "throttle"},
        {"kind": "redirect"},
        {"kind": "html", "rate": 2},
        {"kind": "html", "next": 0},
        {"kind": "html", "rate": 1, "next": 1},
        {"kind": "slow", "seconds": -1},
        {"kind": "server_error", "status": 200},
        {"rate": 1},
        "html",
        None,
    ],
)
def test_a_fault_that_cannot_be_is_refused(wanted: object) -> None:
    store = woo()
    assert control(store, "POST", "faults", wanted).status == 400
    assert control(store, "GET", "faults").json()["active"] == []


def test_one_kind_can_be_cleared_alone() -> None:
    store = woo()
    control(store, "POST", "faults", {"kind": "html"})
    control(store, "POST", "faults", {"kind": "server_error"})
    store.shop.faults.clear("html")
    assert [fault["kind"] for fault in control(store, "GET", "faults").json()["active"]] == ["server_error"]


def test_every_kind_can_be_switched_on() -> None:
    store = woo()
    for kind in KINDS:
        assert control(store, "POST", "faults", {"kind": kind, "location": "http://x.test/"}).status == 200
    assert set(store.shop.faults.active) >= WEBHOOK_KINDS
