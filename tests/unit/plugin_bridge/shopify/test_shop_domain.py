"""A shop's domain, strictly."""

import pytest

from plugin_bridge.shopify.shop_domain import asked_at, exact_shop, shop_of, typed_shop

NOT_SHOPS = {
    "another_host": "evil.com",
    "shop_in_front": "x.myshopify.com.evil.com",
    "line_end": "x.myshopify.com\n",
    "carriage_return": "x.myshopify.com\r",
    "two_lines": "evil.com\nx.myshopify.com",
    "space_behind": "x.myshopify.com ",
    "dot_behind": "x.myshopify.com.",
    "slash_behind": "x.myshopify.com/",
    "path": "x.myshopify.com/admin",
    "path_before": "evil.com/x.myshopify.com",
    "fragment": "evil.com#.myshopify.com",
    "query": "evil.com?.myshopify.com",
    "port": "x.myshopify.com:443",
    "user": "user@x.myshopify.com",
    "scheme": "https://x.myshopify.com",
    "two_names": "a.b.myshopify.com",
    "no_name": ".myshopify.com",
    "bare": "myshopify.com",
    "dash_first": "-x.myshopify.com",
    "underscore": "a_b.myshopify.com",
    "other_family": "x.myshopify.io",
    "other_company_domain": "x.shopify.com",
    "no_dot": "xmyshopify.com",
    "another_dot": "x.myshopifyXcom",
    "null_byte": "ok\x00.myshopify.com",
    "long_s": "\u017fhop.myshopify.com",
    "kelvin_sign": "\u212aitchen.myshopify.com",
    "full_width": "\uff58.myshopify.com",
    "dotless": "x.my\u200bshopify.com",
    "other_digits": "\u0661.myshopify.com",
    "percent": "x%2emyshopify.com",
    "backslash": "evil.com\\.myshopify.com",
    "empty": "",
    "longer_than_a_label": "a" * 64 + ".myshopify.com",
}


@pytest.mark.parametrize("text", NOT_SHOPS.values(), ids=NOT_SHOPS.keys())
def test_nothing_but_a_shops_domain_is_one(text: str) -> None:
    assert exact_shop(text) is None


@pytest.mark.parametrize(
    "text", ["a.myshopify.com", "1.myshopify.com", "quiet-cups-2.myshopify.com", "a-.myshopify.com"]
)
def test_a_shops_domain_is_one(text: str) -> None:
    assert exact_shop(text) == text


def test_capitals_mean_the_same_shop() -> None:
    assert exact_shop("Quiet-Cups.MyShopify.COM") == "quiet-cups.myshopify.com"


@pytest.mark.parametrize(
    "text",
    [
        "mystore",
        " mystore ",
        "MyStore",
        "mystore.myshopify.com",
        "https://mystore.myshopify.com/",
        "HTTPS://MYSTORE.myshopify.com",
    ],
    ids=["bare", "spaces", "capitals", "domain", "address", "loud_address"],
)
def test_people_may_write_a_name_a_domain_or_its_address(text: str) -> None:
    assert typed_shop(text) == "mystore.myshopify.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "evil.com",
        "a b",
        "-bad",
        "a_b",
        "..",
        "../admin",
        "127.0.0.1",
        "localhost:6379",
        "http://mystore.myshopify.com",
        "https://https://x.myshopify.com",
        "https://user@x.myshopify.com",
        "x.myshopify.com/admin",
        "\u212aelvin",
    ],
)
def test_people_hear_when_it_is_no_shop(text: str) -> None:
    with pytest.raises(ValueError, match=r"mystore\.myshopify\.com"):
        typed_shop(text)


def test_a_stores_address_leads_back_to_its_shop() -> None:
    assert shop_of("https://mystore.myshopify.com") == "mystore.myshopify.com"


@pytest.mark.parametrize("address", ["mystore.myshopify.com", "http://mystore.myshopify.com", "https://evil.com", ""])
def test_other_addresses_lead_to_no_shop(address: str) -> None:
    with pytest.raises(ValueError, match="Shopify"):
        shop_of(address)


def test_requests_go_to_the_shops_domain_unless_the_operator_says_otherwise() -> None:
    assert asked_at("https://{shop}", "a.myshopify.com") == "https://a.myshopify.com"
    assert asked_at("http://127.0.0.1:9000/{name}/", "a.myshopify.com") == "http://127.0.0.1:9000/a"
