"""Which addresses can be tracked, and which of them show one product (contract row PRI-16)."""

from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.domain.pricing.url_rules import MOST_URL, host_of, page_of
from backend.kit.errors import DomainError

HOSTS = st.from_regex(r"\A(www\.)?[a-z]{1,8}(-[a-z0-9]{1,4})?\.(com|org|de|co\.uk)\Z")
PATHS = st.lists(st.text(alphabet="abzé0-9_.~%20", min_size=1, max_size=6), max_size=4).map("/".join)


@given(st.text(max_size=80))
def test_any_text_is_a_page_or_refused(text: str) -> None:
    try:
        page = page_of(text)
    except DomainError:
        return
    assert urlsplit(page.url).hostname


@given(st.sampled_from(["http", "https"]), HOSTS, PATHS, st.text(alphabet="abé=&?+", max_size=12))
def test_the_kept_spelling_is_spelled_like_itself(scheme: str, host: str, path: str, query: str) -> None:
    page = page_of(f"{scheme}://{host}/{path}?{query}")
    assert page_of(page.url) == page


@given(HOSTS, PATHS, st.text(alphabet="abc", max_size=5))
def test_case_of_the_host_the_default_port_and_the_fragment_do_not_matter(host: str, path: str, fragment: str) -> None:
    plain = page_of(f"https://{host}/{path}")
    assert page_of(f"HTTPS://{host.upper()}:443/{path}#{fragment}") == plain
    assert plain.host == host.removeprefix("www.")


@given(st.text(alphabet="/.:@?#[]\\ab1%\u2024", max_size=30))
def test_what_is_taken_leads_to_the_host_it_names(rest: str) -> None:
    try:
        page = page_of(f"https://{rest}")
    except DomainError:
        return
    assume(":" not in page.host)
    assert (urlsplit(page.url).hostname or "").removeprefix("www.") == page.host


@pytest.mark.parametrize(
    "address",
    [
        *("", "  ", "not a url", "javascript:alert(1)", "ftp://example.com/a", "file:///etc/passwd", "//example.com/a"),
        *("https://", "https:///path", "https://user:secret@example.com/a", "https://exa mple.com/", "https://[::1"),
        *("https://example.com:0/", "https://example.com:99999/", "https://2130706433/a", "https://0x7f000001/a"),
        *(
            "https://127.1/a",
            "https://-bad-.com/a",
            "https://a..b/c",
            "https://example.com/\x00",
            "https://exa%6dple.com",
        ),
        "https://example.com\\@evil.test/",
    ],
)
def test_what_is_no_address_of_a_web_page_is_refused(address: str) -> None:
    with pytest.raises(DomainError, match="url:"):
        page_of(address)


def test_an_address_has_a_length() -> None:
    with pytest.raises(DomainError):
        page_of("https://example.com/" + "a" * MOST_URL)


def test_a_name_of_any_script_is_kept_as_machines_spell_it() -> None:
    assert page_of("https://www.Bücher.example/ä b".replace(" ", "%20")).url == (
        "https://www.xn--bcher-kva.example/%C3%A4%20b"
    )


def test_an_address_of_numbers_is_one() -> None:
    assert page_of("http://[2001:DB8::1]:8080/p/1").url == "http://[2001:db8::1]:8080/p/1"
    assert page_of("http://93.184.216.34/p/1").host == "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.com",
        "https://www.example.org/",
        "https://example.com/index.html",
        "https://a.de/?utm_source=x",
    ],
)
def test_a_bare_domain_is_not_read(address: str) -> None:
    assert page_of(address).untracked_reason == "bare_domain"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.com/Drama-Literature-Fiction-Books/b/?&node=2159",
        "https://shop.example.com/collections/shirts",
        "https://shop.example.com/product-category/tools/hammers/",
        "https://shop.example.com/search?q=lamp",
        "https://shop.example.com/?q=lamp",
        "https://shop.example.com/catalogsearch/result/?q=lamp",
        "https://shop.example.com/products",
        "https://shop.example.com/SHOP/",
    ],
)
def test_a_list_of_products_is_not_read(address: str) -> None:
    assert page_of(address).untracked_reason == "category_page"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.com/Hamlet-Folger-Library-Shakespeare-William/dp/074347712X",
        "https://shop.example.com/collections/shirts/products/blue-shirt",
        "https://shop.example.com/187728/MyBook-Corei7-16GB",
        "https://shop.example.com/?p=123",
        "https://shop.example.com/apple-iphone-13",
        "https://shop.example.com/itm/123456?k=lamp",
    ],
)
def test_a_page_of_one_product_is_read(address: str) -> None:
    assert page_of(address).untracked_reason is None


def test_hosts_are_told_without_their_www() -> None:
    assert (host_of("https://WWW.Shop.example/"), host_of("no address")) == ("shop.example", None)
