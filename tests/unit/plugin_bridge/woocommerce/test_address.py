"""Store addresses: one spelling each, which lead to the same store, and which redirects may be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_bridge.woocommerce.address import canonical_url, moved_to, same_store


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("shop.example", "https://shop.example"),
        ("  https://Shop.Example/  ", "https://shop.example"),
        ("HTTP://SHOP.example:80/", "http://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://shop.example:8443/a/", "https://shop.example:8443/a"),
        ("https://shop.example./", "https://shop.example"),
        ("https://shop.example/Shop/wp-admin/admin.php?page=wc", "https://shop.example/Shop"),
        ("https://shop.example/wp-json/wc/v3/", "https://shop.example"),
        ("https://shop.example/wp-login.php", "https://shop.example"),
        ("https://shop.example/index.php", "https://shop.example"),
        ("https://shop.example/?utm=1#top", "https://shop.example"),
        ("https://müller.example", "https://xn--mller-kva.example"),
        ("http://127.0.0.1:9000/shop-1", "http://127.0.0.1:9000/shop-1"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_address_has_one_spelling(typed: str, canonical: str) -> None:
    assert canonical_url(typed) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://",
        "ftp://shop.example",
        "file:///etc/passwd",
        "https://a:b@shop.example",
        "sh op",
        "https://shop..",
        "x" * 3000,
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match="address"):
        canonical_url(typed)


@given(st.text(max_size=80))
def test_any_text_is_made_canonical_once_or_refused(text: str) -> None:
    try:
        once = canonical_url(text)
    except ValueError:
        return
    assert canonical_url(once) == once
    assert once.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("https://shop.example", "http://www.shop.example/", True),
        ("https://shop.example/a", "https://shop.example/a/", True),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000", True),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9001", False),
        ("https://shop.example", "https://staging.shop.example", False),
        ("https://shop.example/a", "https://shop.example/b", False),
        ("https://shop.example", "", False),
        ("https://shop.example", "https://shop.example:nonsense", False),
    ],
)
def test_the_same_store_may_differ_in_scheme_and_www_only(left: str, right: str, same: bool) -> None:
    assert same_store(left, right) is same


@pytest.mark.parametrize(
    ("base", "location", "kept"),
    [
        ("http://shop.example", "https://shop.example/wp-json/", "https://shop.example"),
        ("https://shop.example", "https://www.shop.example/wp-json/wc/v3/products?page=2", "https://www.shop.example"),
        ("https://www.shop.example", "https://shop.example/wp-json/", "https://shop.example"),
        ("http://shop.example/a", "https://shop.example/a/wp-json/", "https://shop.example/a"),
        ("https://shop.example", "http://www.shop.example/wp-json/", None),
        ("https://shop.example", "https://evil.example/wp-json/", None),
        ("https://shop.example", "https://shop.example.evil.example/wp-json/", None),
        ("https://shop.example", "https://shop.example@evil.example/wp-json/", None),
        ("https://shop.example", "https://evil.example/https://shop.example/wp-json/", None),
        ("https://shop.example", "https://shop.example/maintenance", None),
        ("https://shop.example", "https://shop.example/wp-json/", None),
    ],
)
def test_a_redirect_is_kept_only_for_the_same_store_over_https(base: str, location: str, kept: str | None) -> None:
    assert moved_to(base, location) == kept
