"""OAuth 1.0a signatures; the official client is the oracle for plain values, where it is right."""

import base64
import hashlib
import hmac
import re
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from woocommerce.oauth import OAuth

from plugin_bridge.woocommerce.signing import OAuth1, QueryKeys, encoded, signature, signed_query

URL = "http://shop.test/wp-json/wc/v3/products"
# The official client sorts before it encodes and decodes what it is given, so only words agree in every case.
plain = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_", min_size=1, max_size=12)


def by_official_client(method: str, url: str, parameters: dict[str, str], nonce: str, timestamp: int) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    client = OAuth(
        f"{url}?{query}" if query else url,
        "ck_key",
        "cs_secret",
        version="wc/v3",
        method=method,
        oauth_timestamp=timestamp,
    )
    with patch.object(OAuth, "generate_nonce", staticmethod(lambda: nonce)):
        return dict(parse_qsl(urlsplit(client.get_oauth_url()).query))["oauth_signature"]


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.dictionaries(plain, plain, max_size=5),
    plain,
    st.integers(1_000_000_000, 2_000_000_000),
)
def test_plain_values_are_signed_as_the_official_client_does(
    method: str, parameters: dict[str, str], nonce: str, timestamp: int
) -> None:
    query = signed_query(method, URL, list(parameters.items()), "ck_key", "cs_secret", nonce=nonce, timestamp=timestamp)
    assert dict(parse_qsl(query))["oauth_signature"] == by_official_client(method, URL, parameters, nonce, timestamp)


@pytest.mark.parametrize(
    ("value", "in_base_string"),
    [
        ("a/b", "a%252Fb"),
        ("50% off", "50%2525%2520off"),
        ("a+b & c", "a%252Bb%2520%2526%2520c"),
        ("кот", "%25D0%25BA%25D0%25BE%25D1%2582"),
        ("2026-01-01T00:00:00+00:00", "2026-01-01T00%253A00%253A00%252B00%253A00"),
        ("a~b-c.d_e", "a~b-c.d_e"),
        ("", ""),
    ],
)
def test_values_are_encoded_twice_in_the_base_string(value: str, in_base_string: str) -> None:
    base = f"GET&{encoded(URL)}&name%3D{in_base_string}".encode()
    expected = base64.b64encode(hmac.new(b"cs_secret&", base, hashlib.sha256).digest()).decode()
    assert signature("GET", URL, [("name", value)], "cs_secret") == expected


def test_names_with_brackets_are_encoded_and_sorted_as_encoded() -> None:
    pairs = [("include[0]", "10"), ("include", "x"), ("include[1]", "11")]
    joined = "include%3Dx%26include%255B0%255D%3D10%26include%255B1%255D%3D11"
    expected = base64.b64encode(
        hmac.new(b"s&", f"GET&{encoded(URL)}&{joined}".encode(), hashlib.sha256).digest()
    ).decode()
    assert signature("get", URL, pairs, "s") == expected


def flow(auth: httpx.Auth, request: httpx.Request) -> httpx.URL:
    return next(auth.auth_flow(request)).url


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=4))
def test_what_is_sent_is_what_was_signed(parameters: dict[str, str]) -> None:
    try:
        request = httpx.Request("GET", URL, params=parameters)
    except (ValueError, httpx.InvalidURL):  # lone surrogates cannot be sent at all
        return
    url = flow(OAuth1("ck_key", "cs_secret", clock=lambda: 1_700_000_000), request)
    sent = parse_qsl(url.query.decode(), keep_blank_values=True)
    given_signature = dict(sent)["oauth_signature"]
    assert given_signature == signature(
        "GET", URL, [pair for pair in sent if pair[0] != "oauth_signature"], "cs_secret"
    )
    assert [pair for pair in sent if not pair[0].startswith("oauth_")] == [
        (name, value) for name, value in parameters.items() if not name.startswith("oauth_")
    ]


def test_the_port_is_signed_only_when_unusual() -> None:
    for url, signed in (("http://shop.test:80/x", "http://shop.test/x"), ("http://shop.test:81/x",) * 2):
        query = dict(parse_qsl(flow(OAuth1("k", "s"), httpx.Request("GET", url)).query.decode()))
        made = query.pop("oauth_signature")
        assert made == signature("GET", signed, list(query.items()), "s")


def test_each_attempt_has_its_own_nonce_and_time() -> None:
    moments = iter([1_700_000_000.0, 1_700_000_009.0])
    auth = OAuth1("k", "s", clock=lambda: next(moments))
    queries = [dict(parse_qsl(flow(auth, httpx.Request("GET", URL)).query.decode())) for _ in range(2)]
    assert queries[0]["oauth_nonce"] != queries[1]["oauth_nonce"]
    assert [q["oauth_timestamp"] for q in queries] == ["1700000000", "1700000009"]
    assert all(re.fullmatch(r"[0-9a-f]{32}", q["oauth_nonce"]) for q in queries)


def test_the_secret_is_not_in_a_signed_url() -> None:
    assert "cs_secret" not in str(flow(OAuth1("ck_key", "cs_secret"), httpx.Request("GET", URL)))


def test_keys_in_the_query_need_https() -> None:
    with pytest.raises(ValueError, match="https"):
        flow(QueryKeys("k", "s"), httpx.Request("GET", URL))
    url = flow(QueryKeys("k/1", "s&2"), httpx.Request("GET", "https://shop.test/x?a=1"))
    assert url.query == b"a=1&consumer_key=k%2F1&consumer_secret=s%262"
