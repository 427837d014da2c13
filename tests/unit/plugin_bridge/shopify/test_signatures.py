"""Both signatures, and what must not pass for one."""

import hashlib
import hmac

import pytest

from plugin_bridge.shopify.signatures import query_is_genuine, webhook_is_genuine
from tests.support.shopify_signing import OLD_SECRET, SECRET, query_hmac, signed_query, webhook_headers

BODY = '{"id":1,"title":"Tässchen"}'.encode()


def by_hand(text: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def changed(name: str, value: str) -> list[tuple[str, str]]:
    return [(key, value if key == name else kept) for key, kept in signed_query()]


def test_a_signed_query_is_genuine_in_any_order() -> None:
    assert query_is_genuine(signed_query(), [SECRET])
    assert query_is_genuine(signed_query()[::-1], [SECRET])


def test_the_old_secret_will_do_beside_the_new_one() -> None:
    assert query_is_genuine(signed_query(secret=OLD_SECRET), [SECRET, OLD_SECRET])
    assert not query_is_genuine(signed_query(secret=OLD_SECRET), [SECRET])


@pytest.mark.parametrize("name", ["code", "host", "shop", "state", "timestamp"])
def test_a_changed_value_is_not_genuine(name: str) -> None:
    assert not query_is_genuine(changed(name, "1"), [SECRET])


def test_an_added_value_is_not_genuine() -> None:
    assert not query_is_genuine([*signed_query(), ("extra", "1")], [SECRET])


def test_a_value_left_out_is_not_genuine() -> None:
    assert not query_is_genuine(signed_query()[1:], [SECRET])


@pytest.mark.parametrize(
    "given",
    ["", "zz", "0" * 64, "é" * 64, "\udc80" * 64, query_hmac({})[:-1], query_hmac({}) + "0"],
    ids=["empty", "short", "zeros", "not_ascii", "surrogates", "cut", "longer"],
)
def test_a_wrong_hmac_is_no_and_no_error(given: str) -> None:
    assert not query_is_genuine(changed("hmac", given), [SECRET])


def test_a_capital_hmac_is_not_what_shopify_sends() -> None:
    values = dict(signed_query())
    assert not query_is_genuine(changed("hmac", values["hmac"].upper()), [SECRET])


def test_a_query_without_hmac_is_not_genuine() -> None:
    assert not query_is_genuine(signed_query()[:-1], [SECRET])


def test_a_second_hmac_is_not_genuine() -> None:
    assert not query_is_genuine([*signed_query(), ("hmac", "0" * 64)], [SECRET])


def test_an_empty_secret_signs_nothing() -> None:
    assert not query_is_genuine(signed_query(secret=""), ["", SECRET])
    assert not query_is_genuine(signed_query(), [])


@pytest.mark.parametrize("form", ["encoded", "decoded"])
def test_padding_of_host_may_be_signed_in_either_form(form: str) -> None:
    host = "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUveA=="
    text = f"host={host}&shop=a.myshopify.com" if form == "decoded" else f"host={host[:-2]}%3D%3D&shop=a.myshopify.com"
    pairs = [("host", host), ("shop", "a.myshopify.com"), ("hmac", by_hand(text))]
    assert query_is_genuine(pairs, [SECRET])


def test_an_encoded_value_is_not_taken_for_the_decoded_one() -> None:
    """`a=1%26b` and `a=1&b` must not be signed by one text."""
    one = by_hand("a=1%26b%3D2")
    assert query_is_genuine([("a", "1&b=2"), ("hmac", one)], [SECRET])
    assert not query_is_genuine([("a", "1"), ("b", "2"), ("hmac", one)], [SECRET])
    assert not query_is_genuine([("a", "1%26b%3D2"), ("hmac", one)], [SECRET])


def test_a_list_is_not_read_as_shopify_api_reads_it() -> None:
    pairs = [("ids[]", "1"), ("ids[]", "2"), ("hmac", by_hand('ids=["1", "2"]'))]
    assert not query_is_genuine(pairs, [SECRET])


def test_half_a_surrogate_pair_is_not_genuine() -> None:
    assert not query_is_genuine([("a", "\ud800"), ("hmac", by_hand("a=?"))], [SECRET])


def test_a_signed_body_is_genuine() -> None:
    given = webhook_headers(BODY)["x-shopify-hmac-sha256"]
    assert webhook_is_genuine(BODY, given, (SECRET,))


def test_a_body_signed_with_the_old_secret_is_genuine() -> None:
    given = webhook_headers(BODY, OLD_SECRET)["x-shopify-hmac-sha256"]
    assert webhook_is_genuine(BODY, given, (SECRET, OLD_SECRET))
    assert not webhook_is_genuine(BODY, given, (SECRET,))


def test_each_byte_of_a_body_counts() -> None:
    given = webhook_headers(BODY)["x-shopify-hmac-sha256"]
    altered = [BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :] for at in range(len(BODY))]
    assert not any(webhook_is_genuine(body, given, (SECRET,)) for body in [*altered, BODY + b"\n", BODY[:-1], b""])


def test_bytes_that_are_no_text_can_be_signed() -> None:
    body = b"\xff\xfe\x00"
    assert webhook_is_genuine(body, webhook_headers(body)["x-shopify-hmac-sha256"], (SECRET,))


@pytest.mark.parametrize(
    "given",
    ["", "é" * 44, "\udc80" * 44, "A" * 44, "=" * 44],
    ids=["empty", "not_ascii", "surrogates", "letters", "padding"],
)
def test_a_wrong_signature_of_a_body_is_no_and_no_error(given: str) -> None:
    assert not webhook_is_genuine(BODY, given, (SECRET,))


def test_a_hexadecimal_signature_of_a_body_is_wrong() -> None:
    assert not webhook_is_genuine(BODY, hmac.new(SECRET.encode(), BODY, "sha256").hexdigest(), (SECRET,))


def test_an_empty_secret_signs_no_body() -> None:
    assert not webhook_is_genuine(BODY, webhook_headers(BODY, "")["x-shopify-hmac-sha256"], ("", SECRET))
