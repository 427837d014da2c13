"""The table of who is let in, row by row."""

import base64

import pytest

from plugin_bridge.sandbox.woocommerce import ApiKey
from tests.support.sandbox import KEY, NOW, SECRET, Answer, Clock, ask, request, send, signed, woo

PRODUCTS = "/wp-json/wc/v3/products"
HTTP = "http://shop.test"


def basic(key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


def over_http(method: str = "GET", path: str = PRODUCTS, clock: Clock | None = None, **oauth: str) -> Answer:
    store = woo(address=HTTP, clock=clock)
    return send(store, request(method, path, signed(method, HTTP + path, {"per_page": "2"}, **oauth)))


def test_basic_over_https_is_let_in() -> None:
    assert ask(woo(), "GET", "products", keys=False, headers=basic()).status == 200


def test_basic_over_http_is_nobody() -> None:
    answer = ask(woo(address=HTTP), "GET", "products", keys=False, headers=basic())
    assert (answer.status, answer.code) == (401, "woocommerce_rest_cannot_view")


def test_keys_in_the_query_over_https_are_let_in_and_leak_into_the_link_header() -> None:
    answer = ask(woo(), "GET", "products", per_page=2)
    assert answer.status == 200
    assert SECRET in answer.headers["link"]


def test_keys_in_the_query_over_http_are_nobody() -> None:
    answer = ask(woo(address=HTTP), "GET", "products")
    assert (answer.status, answer.code) == (401, "woocommerce_rest_cannot_view")


def test_a_known_key_with_a_wrong_secret_is_told_so() -> None:
    answer = ask(woo(), "GET", "products", keys=False, headers=basic(secret="cs_wrong"))
    assert (answer.status, answer.code) == (401, "woocommerce_rest_authentication_error")


def test_an_unknown_key_is_the_same_as_none() -> None:
    unknown = ask(woo(), "GET", "products", keys=False, headers=basic(key="ck_other"))
    nobody = ask(woo(), "GET", "products", keys=False)
    assert (unknown.status, unknown.text) == (nobody.status, nobody.text)


def test_a_read_key_may_not_write() -> None:
    store = woo()
    store.shop.options.keys[0].permissions = "read"
    assert ask(store, "GET", "products").status == 200
    answer = ask(store, "POST", "products/batch", {})
    assert (answer.status, answer.code) == (401, "woocommerce_rest_authentication_error")
    assert "does not have write permissions" in answer.text


def test_a_write_key_may_not_read() -> None:
    store = woo()
    store.shop.options.keys[0].permissions = "write"
    assert "does not have read permissions" in ask(store, "GET", "products").text


def test_the_key_of_a_demoted_user_is_403() -> None:
    store = woo()
    store.shop.options.keys[0].demoted = True
    answer = ask(store, "GET", "products")
    assert (answer.status, answer.code) == (403, "woocommerce_rest_cannot_view")


def test_plain_permalinks_do_not_know_any_key() -> None:
    pairs = [("rest_route", "/wc/v3/products"), ("consumer_key", KEY), ("consumer_secret", SECRET)]
    answer = send(woo(), request("GET", "/", pairs))
    assert (answer.status, answer.code) == (401, "woocommerce_rest_cannot_view")


@pytest.mark.parametrize("address", [HTTP, "https://shop.test"])
def test_oauth_is_let_in_on_http_and_https(address: str) -> None:
    url = address + PRODUCTS
    assert send(woo(address=address), request("GET", PRODUCTS, signed("GET", url, {"per_page": "2"}))).status == 200


@pytest.mark.parametrize(("off_s", "status"), [(-900, 200), (900, 200), (-901, 401), (901, 401)])
def test_an_oauth_timestamp_may_be_15_minutes_off(off_s: int, status: int) -> None:
    answer = over_http(timestamp=str(NOW + off_s))
    assert answer.status == status
    assert status == 200 or answer.json()["message"] == "Invalid timestamp."


def test_an_oauth_nonce_counts_once() -> None:
    store, pairs = woo(address=HTTP), signed("GET", HTTP + PRODUCTS, {})
    assert send(store, request("GET", PRODUCTS, pairs)).status == 200
    again = send(store, request("GET", PRODUCTS, pairs))
    assert (again.status, again.code) == (401, "woocommerce_rest_authentication_error")
    assert "nonce has already been used" in again.text


def test_an_oauth_signature_with_another_secret_is_refused() -> None:
    answer = over_http(secret="cs_wrong")
    assert answer.json()["message"] == "Invalid signature - provided signature does not match."


def test_an_oauth_signature_for_another_host_is_refused() -> None:
    pairs = signed("GET", "http://www.shop.test" + PRODUCTS, {})
    assert send(woo(address=HTTP), request("GET", PRODUCTS, pairs)).status == 401


def test_an_unknown_oauth_key_is_named() -> None:
    answer = over_http(consumer_key="ck_other")
    assert (answer.status, answer.json()["message"]) == (401, "Consumer key is invalid.")


def test_half_of_the_oauth_parameters_is_refused_by_name() -> None:
    answer = send(woo(address=HTTP), request("GET", PRODUCTS, [("oauth_consumer_key", KEY)]))
    assert (answer.status, answer.code) == (401, "woocommerce_rest_authentication_missing_parameter")
    assert "oauth_nonce" in answer.text


@pytest.mark.parametrize(
    "value", ["a/b", "50% off", "100%25", "x%41y", "a+b & c", "чай", "2026-01-01T00:00:00+00:00", "~"]
)
def test_an_oauth_signature_holds_for_any_value(value: str) -> None:
    pairs = signed("GET", HTTP + PRODUCTS, {"search": value, "include[0]": "10"})
    assert send(woo(address=HTTP), request("GET", PRODUCTS, pairs)).status == 200


def test_an_oauth_signature_below_a_path_uses_the_whole_path() -> None:
    store = woo(address=f"{HTTP}/shop-1")
    asked = request("GET", PRODUCTS, signed("GET", f"{HTTP}/shop-1{PRODUCTS}", {}))
    asked.raw_path = f"/shop-1{PRODUCTS}"
    assert send(store, asked).status == 200


def test_oauth_parameters_may_stand_in_the_header() -> None:
    pairs = signed("GET", HTTP + PRODUCTS, {})
    header = "OAuth " + ", ".join(f'{name}="{value.replace("+", "%2B")}"' for name, value in pairs)
    answer = send(woo(address=HTTP), request("GET", PRODUCTS, headers={"authorization": header}))
    assert answer.status == 200


def test_the_index_needs_no_key() -> None:
    answer = send(
        woo(timezone="America/New_York"), request("GET", "/wp-json/", [("_fields", "home,namespaces,gmt_offset")])
    )
    assert answer.json()["home"] == "https://shop.test"
    assert "wc/v3" in answer.json()["namespaces"]
    assert answer.json()["gmt_offset"] == -4


def test_the_bare_index_is_over_a_megabyte() -> None:
    assert len(send(woo(), request("GET", "/wp-json/")).text) > 1_000_000


def test_each_key_has_its_own_permissions() -> None:
    store = woo()
    store.shop.options.keys.append(ApiKey(consumer_key="ck_read", consumer_secret="cs_read", permissions="read"))
    assert ask(store, "POST", "products/batch", {}, keys=False, headers=basic("ck_read", "cs_read")).status == 401
    assert ask(store, "POST", "products/batch", {}).status == 200
