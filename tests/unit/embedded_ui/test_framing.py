"""Who may frame a page in the admin, and which shops and hosts an address may name."""

import base64

import pytest

from embedded_ui.app.framing import checked_shop, headers, simulated_admin
from embedded_ui.app.query import carried, host_of, only, pairs, shop_of

NOT_SHOPS = (
    "",
    "evil.com",
    "evil.com https://*",
    "a.myshopify.com.evil.com",
    "a.myshopify.com; script-src *",
    "a.myshopify.com https://*",
    "a.myshopify.com,*",
    "a.myshopify.com\n",
    "a.myshopify.com\r\nX-Evil: 1",
    "*.myshopify.com",
    "https://a.myshopify.com",
    "a.myshopify.com/",
    "a.myshopify.com:444",
    "user@a.myshopify.com",
    "-a.myshopify.com",
    "a.b.myshopify.com",
    "A.myshopify.com",
    "ä.myshopify.com",
    "a.myshopify.com\x00",
    "a" * 61 + ".myshopify.com",
)
LABELS = [f"text-{number}" for number in range(len(NOT_SHOPS))]


@pytest.mark.parametrize("text", NOT_SHOPS, ids=LABELS)
def test_what_is_no_shop_reaches_no_header(text: str) -> None:
    assert checked_shop(text) is None
    policy = headers(text)["Content-Security-Policy"]
    assert policy.startswith("frame-ancestors 'none';")
    assert "evil" not in policy
    assert "\n" not in policy


def test_one_shop_and_its_admin_may_frame_a_page() -> None:
    sent = headers("lamp-shop.myshopify.com")
    policy = sent["Content-Security-Policy"]
    assert policy.startswith("frame-ancestors https://lamp-shop.myshopify.com https://admin.shopify.com;")
    assert policy.count("frame-ancestors") == 1
    assert "script-src 'self' https://cdn.shopify.com;" in policy
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")
    assert "X-Frame-Options" not in sent
    assert sent["Cache-Control"] == "no-store"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Referrer-Policy"] == "no-referrer"


def test_a_parameter_that_is_there_twice_counts_as_missing() -> None:
    query = pairs(b"shop=a.myshopify.com&shop=b.myshopify.com&id%5Ftoken=x")
    assert shop_of(query) is None
    assert only(query, "id_token") == "x"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    ["admin.shopify.com/store/lamp-shop", "lamp-shop.myshopify.com/admin"],
    ids=["admin", "shop"],
)
def test_a_host_that_is_an_admin_is_carried_on(text: str) -> None:
    for host in (encoded(text), encoded(text).rstrip("=")):
        query = [("host", host)]
        assert host_of(query) == host
        assert pairs(carried("a.myshopify.com", query).encode()) == [("shop", "a.myshopify.com"), ("host", host)]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "not base64!",
        encoded("evil.com/store/x"),
        encoded("admin.shopify.com.evil.com/store/x"),
        encoded("admin.shopify.com/store/../x"),
        encoded("evil.com#admin.shopify.com/store/x"),
        encoded("admin.shopify.com/store/x\n"),
        base64.b64encode(b"\xff\xfe").decode(),
        "A" * 300,
    ],
    ids=["empty", "no-base64", "other", "suffix", "dots", "fragment", "newline", "bytes", "long"],
)
def test_any_other_host_is_left_out(host: str) -> None:
    query = [("host", host)]
    assert host_of(query) == ""
    assert carried("a.myshopify.com", query) == "shop=a.myshopify.com"


@pytest.mark.parametrize(
    ("setting", "admin"),
    [
        ("https://{shop}", ""),
        ("http://127.0.0.1:4711/{name}", "http://127.0.0.1:4711"),
        ("https://shops.example.com/{name}", "https://shops.example.com"),
        ("https://evil.com https://*/{name}", ""),
        ("https://{shop}/x", ""),
        ("https://a;script-src */{name}", ""),
    ],
    ids=["real", "loopback", "host", "blank", "path", "directive"],
)
def test_simulated_shops_have_their_admin_where_the_operator_says(setting: str, admin: str) -> None:
    assert simulated_admin(setting) == admin
    ancestors = f"https://a.myshopify.com https://admin.shopify.com {admin}".strip()
    assert f"frame-ancestors {ancestors};" in headers("a.myshopify.com", admin)["Content-Security-Policy"]
    assert "frame-ancestors 'none';" in headers(None, admin)["Content-Security-Policy"]
