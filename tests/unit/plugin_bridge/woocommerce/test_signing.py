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

from plugin_bridge.woocommerce.signing import BasicKeys, OAuth1, QueryKeys, encoded, signature, signed_query

URL = "http://shop.test/wp-json/wc/v3/products"
# The official client sorts before it encodes and decodes what it is given, so only words agree in every case.
words = st.text(st.characters(codec="utf-8"), max_size=20)
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
    # A parameter that bears the name of one of OAuth's own replaces it in the official client.
    st.dictionaries(plain.filter(lambda name: not name.startswith("oauth_")), plain, max_size=5),
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


@given(st.dictionaries(words, words, max_size=4))
def test_what_is_sent_is_what_was_signed(parameters: dict[str, str]) -> None:
    pairs = list(parameters.items())
    query = OAuth1("ck_key", "cs_secret", clock=lambda: 1_700_000_000).query("GET", URL, pairs)
    over_the_wire = httpx.URL(f"{URL}?{query}").query.decode()
    assert over_the_wire == query
    sent = parse_qsl(over_the_wire, keep_blank_values=True)
    assert sent[: len(pairs)] == pairs
    assert sent[-1] == ("oauth_signature", signature("GET", URL, sent[:-1], "cs_secret"))


def test_each_attempt_has_its_own_nonce_and_time() -> None:
    moments = iter([1_700_000_000.0, 1_700_000_009.0])
    signing = OAuth1("k", "s", clock=lambda: next(moments))
    queries = [dict(parse_qsl(signing.query("GET", URL, []))) for _ in range(2)]
    assert queries[0]["oauth_nonce"] != queries[1]["oauth_nonce"]
    assert [q["oauth_timestamp"] for q in queries] == ["1700000000", "1700000009"]
    assert all(re.fullmatch(r"[0-9a-f]{32}", q["oauth_nonce"]) for q in queries)


def test_the_secret_is_not_in_a_signed_query() -> None:
    assert "cs_secret" not in OAuth1("ck_key", "cs_secret").query("GET", URL, [("a", "1")])


def test_keys_in_the_query_need_https() -> None:
    with pytest.raises(ValueError, match="https"):
        QueryKeys("k", "s").query("GET", URL, [])
    query = QueryKeys("k/1", "s&2").query("GET", "https://shop.test/x", [("a", "1")])
    assert query == "a=1&consumer_key=k%2F1&consumer_secret=s%262"


def test_keys_in_the_header_leave_the_query_alone() -> None:
    keys = BasicKeys("k", "s")
    assert keys.query("GET", URL, [("a b", "1/2")]) == "a%20b=1%2F2"
    assert next(keys.header.auth_flow(httpx.Request("GET", URL))).headers["authorization"] == "Basic azpz"
