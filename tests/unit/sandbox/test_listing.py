"""Lists: pages, orders, filters, fields, and the dates that different stores understand differently."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce import SimulatedWooCommerce
from plugin_bridge.sandbox.woocommerce.dates import read_bound
from tests.support.sandbox import Clock, ask, control, woo

TZ = {"new york": "America/New_York", "berlin": "Europe/Berlin"}


def ids(store: SimulatedWooCommerce, path: str = "products", **params: object) -> list[int]:
    return [row["id"] for row in ask(store, "GET", path, **{"orderby": "id", "order": "asc", **params}).json()]


def changed_store(timezone: str) -> tuple[SimulatedWooCommerce, dict[str, int]]:
    """Three products changed at 10:00, 12:00 and 14:00 GMT; a sync saw 11:00 last."""
    clock = Clock()
    store = woo(generate_products(3), clock=clock, timezone=timezone)
    noon = datetime(2026, 9, 20, 12, tzinfo=UTC)
    by_hour: dict[str, int] = {}
    for hour, item in zip((10, 12, 14), list(store.shop.catalog.items.values()), strict=False):
        clock.now = (noon + timedelta(hours=hour - 12)).timestamp()
        control(store, "POST", "change", {"sku": item.sku, "stock": 1})
        by_hour[str(hour)] = item.id
    return store, by_hour


@pytest.mark.parametrize(
    ("sent", "flag", "zone", "expected"),
    [
        ("2026-09-20T11:00:00", "", "new york", ""),
        ("2026-09-20T11:00:00", "", "berlin", "10 12 14"),
        ("2026-09-20T11:00:00", "true", "new york", "12 14"),
        ("2026-09-20T11:00:00", "true", "berlin", "12 14"),
        ("2026-09-20T11:00:00Z", "", "new york", "12 14"),
        ("2026-09-20T11:00:00Z", "", "berlin", "12 14"),
        ("2026-09-20T11:00:00Z", "true", "new york", "10 12 14"),
        ("2026-09-20T11:00:00Z", "true", "berlin", "14"),
    ],
)
def test_only_naive_gmt_with_the_flag_or_z_without_it_is_exact(sent: str, flag: str, zone: str, expected: str) -> None:
    # New York is four hours behind and Berlin two ahead: 11:00 read as local time is 15:00 and 09:00 GMT.
    store, by_hour = changed_store(TZ[zone])
    wanted = {by_hour[hour] for hour in expected.split()}
    params = {"modified_after": sent, **({"dates_are_gmt": flag} if flag else {})}
    assert set(ids(store, **params)) == wanted


def test_modified_after_is_exclusive_to_the_second() -> None:
    store, by_hour = changed_store("Europe/Berlin")
    assert by_hour["12"] not in ids(store, modified_after="2026-09-20T12:00:00", dates_are_gmt="true")
    assert by_hour["12"] in ids(store, modified_after="2026-09-20T11:59:59", dates_are_gmt="true")


def test_modified_before_is_exclusive_too() -> None:
    store, by_hour = changed_store("UTC")
    found = ids(
        store, modified_after="2026-09-20T09:00:00", modified_before="2026-09-20T12:00:00", dates_are_gmt="true"
    )
    assert found == [by_hour["10"]]


@given(
    moment=st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2037, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from([*TZ.values(), "Asia/Kolkata", "UTC"]),
)
def test_the_two_right_ways_mean_the_same_instant(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    local = moment.astimezone(ZoneInfo(zone))
    if local.fold or local.replace(fold=1).utcoffset() != local.utcoffset():
        return  # the hour that happens twice cannot be told apart in a local column
    naive = moment.replace(tzinfo=None).isoformat()
    seconds = int(moment.timestamp())
    assert read_bound(naive, zone, dates_are_gmt=True) == seconds
    assert read_bound(f"{naive}Z", zone, dates_are_gmt=False) == seconds


@pytest.mark.parametrize("text", ["yesterday", "2026-09-20", "2026-13-40T00:00:00", "", "2026-09-20T11:00:00 00:00"])
def test_a_date_that_is_none_is_400(text: str) -> None:
    answer = ask(woo(), "GET", "products", modified_after=text)
    assert answer.status == 400
    assert answer.json()["data"]["params"] == {"modified_after": "Invalid date."}


def test_dates_are_shown_local_and_gmt() -> None:
    store, by_hour = changed_store("America/New_York")
    row = ask(store, "GET", f"products/{by_hour['12']}").json()
    assert (row["date_modified"], row["date_modified_gmt"]) == ("2026-09-20T08:00:00", "2026-09-20T12:00:00")


@given(count=st.integers(0, 25), per_page=st.integers(1, 12), order=st.sampled_from(["asc", "desc"]))
def test_pages_by_id_cover_every_product_once(count: int, per_page: int, order: str) -> None:
    store = woo(generate_products(count))
    found: list[int] = []
    page = 1
    while rows := ids(store, per_page=per_page, page=page, order=order):
        found += rows
        page += 1
    everything = sorted(store.shop.catalog.items)
    assert found == (everything if order == "asc" else everything[::-1])
    assert page - 1 == -(-count // per_page)


def test_links_lead_to_the_neighbours() -> None:
    link = ask(woo(), "GET", "products", per_page=2, page=2).headers["link"]
    before, after = link.split(", ")
    assert "page=1" in before
    assert before.endswith('rel="prev"')
    assert "page=3" in after
    assert after.endswith('rel="next"')


def test_without_an_order_the_newest_comes_first() -> None:
    rows = [row["id"] for row in ask(woo(), "GET", "products").json()]
    assert rows == sorted(rows, reverse=True)


@pytest.mark.parametrize("orderby", ["modified", "title", "slug", "price", "popularity", "menu_order", "date"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_order_lists_everything_once(orderby: str, order: str) -> None:
    store = woo(generate_products(12))
    found = ids(store, orderby=orderby, order=order, per_page=5) + ids(
        store, orderby=orderby, order=order, per_page=5, page=2
    )
    found += ids(store, orderby=orderby, order=order, per_page=5, page=3)
    assert sorted(found) == sorted(store.shop.catalog.items)


@pytest.mark.parametrize(
    ("name", "value"), [("per_page", "0"), ("per_page", "abc"), ("page", "0"), ("order", "up"), ("status", "sold")]
)
def test_a_bad_parameter_is_named(name: str, value: str) -> None:
    answer = ask(woo(), "GET", "products", **{name: value})
    assert (answer.status, answer.code) == (400, "rest_invalid_param")
    assert list(answer.json()["data"]["params"]) == [name]


def test_a_look_up_by_sku_finds_products_and_variations_at_once() -> None:
    store = woo([*generate_products(1), *list(generate_products(2, 3))[1:]])
    skus = [item.sku for item in store.shop.catalog.items.values() if item.sku]
    rows = ask(store, "GET", "products", sku=f"{skus[0]},{skus[2]},NO-SUCH").json()
    assert {row["sku"] for row in rows} == {skus[0], skus[2]}
    variation = next(row for row in rows if row["type"] == "variation")
    assert variation["parent_id"] in store.shop.catalog.items


@pytest.mark.parametrize("spelling", ["include", "include[]", "include[0]"])
def test_include_takes_a_comma_text_and_a_list(spelling: str) -> None:
    store = woo()
    some = sorted(store.shop.catalog.items)[1]
    assert ids(store, **{spelling: str(some)}) == [some]
    assert len(ids(store, include=",".join(str(item_id) for item_id in store.shop.catalog.items))) == 5


def test_variations_come_all_at_once_or_by_product() -> None:
    store = woo(generate_products(3, 4))
    parent = ids(store)[0]
    assert len(ids(store, "variations", per_page=100)) == 12
    assert len(ids(store, f"products/{parent}/variations")) == 4
    assert ask(store, "GET", "variations", per_page=5).headers["x-wp-total"] == "12"


def test_before_10_3_there_is_no_list_of_all_variations() -> None:
    answer = ask(woo(variations_endpoint=False), "GET", "variations")
    assert (answer.status, answer.code) == (404, "rest_no_route")


def test_fields_keep_only_what_is_asked_for() -> None:
    rows = ask(woo(), "GET", "products", _fields="sku,id,nonsense").json()
    assert all(list(row) == ["sku", "id"] for row in rows)


def test_fields_with_dots_go_deeper() -> None:
    status = ask(woo(), "GET", "system_status", _fields="environment.version,settings.currency").json()
    assert status == {"environment": {"version": "11.0.1"}, "settings": {"currency": "USD"}}


def test_head_has_the_totals() -> None:
    assert ask(woo(), "HEAD", "products").headers["x-wp-total"] == "5"


def test_an_unknown_route_and_method_are_404() -> None:
    assert ask(woo(), "GET", "nonsense").code == "rest_no_route"
    assert ask(woo(), "DELETE", "products").code == "rest_no_route"


def test_categories_tell_their_parents() -> None:
    rows = ask(woo(), "GET", "products/categories", per_page=100).json()
    by_id = {row["id"]: row for row in rows}
    assert any(row["parent"] in by_id for row in rows)


def test_a_variable_parent_shows_the_cheapest_child() -> None:
    store = woo(generate_products(1, 3))
    row = ask(store, "GET", "products", type="variable").json()[0]
    prices = [float(item.own_price) for item in store.shop.catalog.items.values() if item.is_variation]
    assert (row["regular_price"], row["stock_quantity"]) == ("", None)
    assert float(row["price"]) == min(prices)
    assert len(row["variations"]) == 3


def test_the_currency_is_told_in_three_places() -> None:
    store = woo(currency="EUR")
    assert ask(store, "GET", "settings/general/woocommerce_currency").json()["value"] == "EUR"
    assert ask(store, "GET", "data/currencies/current").json()["code"] == "EUR"
    assert ask(store, "GET", "system_status").json()["settings"]["currency"] == "EUR"
