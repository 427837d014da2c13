"""Retry-After, short retries, and JSON that is not quite JSON."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_bridge.http import RetryPolicy, decode_lenient, evidence, json_text, retry_after_s

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 3 ", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120.0),
        ("Tuesday, 24-Nov-26 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 14:00:00 +0200", 0.0),
        ("999999999999", 86_400.0),
        ("9" * 400, 86_400.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("NaN", None),
        ("inf", None),
        ("٣", None),
        ("Tue, 99 Nov 2026 12:02:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_raises_or_leaves_the_range(header: str) -> None:
    seconds = retry_after_s(header, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


def test_pauses_double_up_to_the_cap_with_jitter() -> None:
    policy = RetryPolicy(base_s=0.5, cap_s=3.0)
    longest = [policy.pause_s(n, lambda low, high: high) for n in range(1, 6)]
    shortest = [policy.pause_s(n, lambda low, high: low) for n in range(1, 6)]
    assert longest == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert shortest == [0.25, 0.5, 1.0, 1.5, 1.5]


@pytest.mark.parametrize(
    "content",
    [
        b'[{"id":1}]',
        b'\xef\xbb\xbf[{"id":1}]',
        b'\n\n  [{"id":1}]',
        b'<br />\n<b>Warning</b>: Undefined array key 0 in /x.php on line 3<br />\n[{"id":1}]',
        b'<!-- cached [12] -->[{"id":1}]',
        b'Notice: {strange} thing\n[{"id":1}]',
        b'[{"id":1}]<!-- served from cache -->',
    ],
)
def test_what_php_and_caches_put_around_json_is_skipped(content: bytes) -> None:
    assert decode_lenient(content) == [{"id": 1}]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>Checking your browser</body></html>",
        b'[{"id":1},{"id":',
        b'[{"id":1}] [{"id":2}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"x" * 30_000 + b'[{"id":1}]',
    ],
)
def test_half_json_and_pages_are_no_json(content: bytes) -> None:
    with pytest.raises(ValueError):
        decode_lenient(content)


def test_a_page_that_claims_nothing_is_not_searched_for_json() -> None:
    assert json_text(b"<html>[1]</html>", "text/html; charset=UTF-8") is None
    assert json_text(b'[{"id":1}]', "text/html; charset=UTF-8") == b'[{"id":1}]'
    assert json_text(b"Warning: x\n[1]", "application/json") == b"Warning: x\n[1]"


def test_evidence_is_short_one_line_and_without_secrets() -> None:
    secret = "cs_" + "5" * 40
    page = b"<p>\n\n" + f"consumer_secret={secret}&x".encode() + b"</p>" + b"y" * 1000
    shown = evidence(page, (secret,))
    assert len(shown) == 300
    assert "\n" not in shown
    assert "5555" not in shown


def test_a_secret_across_the_cut_is_not_half_shown() -> None:
    secret = "topsecretvalue0123456789"
    shown = evidence(b"z" * 290 + secret.encode(), (secret,))
    assert "topsecret" not in shown
