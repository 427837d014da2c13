"""What a refusal means: one WooCommerce code stands for many causes."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from backend.ports.platform_errors import Cause, StoreRefused, StoreThrottled, StoreUnavailable
from plugin_bridge.woocommerce.errors import ADVICE, failure

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
AUTH = "woocommerce_rest_authentication_error"
VIEW = "woocommerce_rest_cannot_view"


def cause(status: int, code: str | None, message: str = "", *, date: str = "", **how: Any) -> Cause:
    body = b"<html>no</html>" if code is None else msgspec.json.encode({"code": code, "message": message})
    kind = "text/html" if code is None else "application/json; charset=UTF-8"
    return failure(status, httpx.Headers({"content-type": kind, "date": date}), body, NOW, **how).cause


@pytest.mark.parametrize(
    ("status", "code", "message", "named"),
    [
        (401, AUTH, "Consumer secret is invalid.", Cause.WRONG_SECRET),
        (401, AUTH, "Invalid signature - provided signature does not match.", Cause.WRONG_SECRET),
        (401, AUTH, "Das Consumer-Geheimnis ist ungültig.", Cause.WRONG_SECRET),
        (401, AUTH, "Consumer key is invalid.", Cause.KEY_REVOKED),
        (401, AUTH, "Invalid timestamp.", Cause.CLOCK_SKEW),
        (401, AUTH, "The API key provided does not have read permissions.", Cause.WRITE_ONLY_KEY),
        (401, VIEW, "Sorry, you cannot list resources.", Cause.KEY_REVOKED),
        (403, VIEW, "Sorry, you cannot list resources.", Cause.USER_DEMOTED),
        (401, "rest_login_required", "REST API restricted.", Cause.REST_BLOCKED),
        (403, "rest_forbidden", "Nope", Cause.REST_BLOCKED),
        (403, None, "", Cause.REST_BLOCKED),
        (401, None, "", Cause.REST_BLOCKED),
        (404, "rest_no_route", "No route", Cause.PLATFORM_MISSING),
        (404, "woocommerce_rest_product_invalid_id", "Invalid ID.", Cause.REFUSED),
        (400, "rest_invalid_param", "Invalid parameter(s): per_page", Cause.REFUSED),
        (413, "woocommerce_rest_request_entity_too_large", "Too many", Cause.TOO_LARGE),
        (500, "internal_server_error", "critical error", Cause.SERVER_ERROR),
        (503, None, "", Cause.SERVER_ERROR),
        (504, None, "", Cause.TIMEOUT),
        (429, None, "", Cause.THROTTLED),
    ],
)
def test_a_refusal_has_one_cause(status: int, code: str | None, message: str, named: Cause) -> None:
    assert cause(status, code, message) is named


@pytest.mark.parametrize("message", ["The API key provided does not have write permissions.", "Keine Berechtigung."])
def test_a_key_that_read_but_may_not_write_is_read_only_in_every_language(message: str) -> None:
    assert cause(401, AUTH, message, writing=True) is Cause.READ_ONLY_KEY


def test_the_clock_is_seen_in_the_answer_when_the_sentence_is_translated() -> None:
    for date, named in (
        ("Tue, 24 Nov 2026 11:00:00 GMT", Cause.CLOCK_SKEW),
        ("Tue, 24 Nov 2026 11:50:00 GMT", Cause.WRONG_SECRET),
    ):
        assert cause(401, AUTH, "Ungültiger Zeitstempel.", date=date, timed=True) is named
    assert cause(401, AUTH, "Geheimnis ungültig.", date="Tue, 24 Nov 2026 11:00:00 GMT") is Cause.WRONG_SECRET


def test_what_will_not_pass_is_refused_and_what_may_pass_is_unavailable() -> None:
    headers = httpx.Headers({"retry-after": "9"})
    assert isinstance(failure(401, headers, b"", NOW), StoreRefused)
    assert isinstance(failure(502, headers, b"", NOW), StoreUnavailable)
    throttled = failure(429, headers, b"", NOW)
    assert isinstance(throttled, StoreThrottled)
    assert throttled.retry_after_s == 9


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"code":5}', b"{" * 5000, b"\xff", b'{"code":"a"'])
def test_no_body_breaks_the_naming(body: bytes) -> None:
    headers = httpx.Headers({"content-type": "application/json", "date": "nonsense"})
    for status in (400, 401, 403, 404, 418, 429, 500):
        assert failure(status, headers, body, NOW).message


def test_every_advice_is_a_sentence_that_says_something() -> None:
    assert all(len(text) > 30 and text[0].isupper() for text in ADVICE.values())


def test_a_refusal_whose_sentence_is_not_utf_8_is_a_refusal() -> None:
    """Such as one in the Latin-1 of an old translation."""
    body = b'{"code":"woocommerce_rest_authentication_error","message":"Schl\xfcssel"}'
    assert isinstance(failure(401, httpx.Headers({"content-type": "application/json"}), body, NOW), StoreRefused)
