"""Replies of the token endpoint: no gap makes a token last for ever."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.ports.platform_errors import Cause, StoreUnavailable
from plugin_bridge.shopify.token_reply import ASSUMED_S, is_expiring, read_reply, renewed_credentials
from tests.support.shopify_signing import NOW

WHOLE = {
    "access_token": "shpat_new",
    "scope": "read_products",
    "expires_in": 3600,
    "refresh_token": "shprt_new",
    "refresh_token_expires_in": 7_776_000,
}
BEFORE = {
    "access_token": "shpat_old",
    "refresh_token": "shprt_old",
    "expires_at": "2026-11-24T11:00:00+00:00",
    "refresh_expires_at": "2027-01-01T00:00:00+00:00",
    "scope": "read_orders",
}


def reply(**over: Any) -> bytes:
    return json.dumps({name: value for name, value in {**WHOLE, **over}.items() if value is not ...}).encode()


def renewed(**over: Any) -> dict[str, str]:
    return dict(renewed_credentials(read_reply(reply(**over)), BEFORE, NOW))


def in_s(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


def test_a_whole_reply_becomes_credentials_with_both_ends() -> None:
    assert renewed() == {
        "access_token": "shpat_new",
        "refresh_token": "shprt_new",
        "expires_at": in_s(3600),
        "refresh_expires_at": in_s(7_776_000),
        "scope": "read_products",
    }


@pytest.mark.parametrize(
    "value",
    [..., None, 0, -1, 0.5, True, "", "soon", "-5", [], {}],
    ids=["absent", "null", "zero", "negative", "half", "true", "empty", "word", "minus", "list", "object"],
)
def test_an_end_that_is_not_said_is_near(value: Any) -> None:
    raw = reply(expires_in=value)
    assert renewed(expires_in=value)["expires_at"] == in_s(ASSUMED_S)
    assert not is_expiring(read_reply(raw))


@pytest.mark.parametrize(
    ("value", "seconds"), [("3600", 3600), (3600.9, 3600), (10**30, 366 * 86_400), (1e300, 366 * 86_400)]
)
def test_odd_ends_are_read_and_far_ones_capped(value: Any, seconds: int) -> None:
    assert renewed(expires_in=value)["expires_at"] == in_s(seconds)


@pytest.mark.parametrize(
    "value", [..., None, "", 7, "a b", "x\ny"], ids=["absent", "null", "empty", "number", "space", "line_end"]
)
def test_without_a_new_refresh_token_the_old_one_stays(value: Any) -> None:
    kept = renewed(refresh_token=value)
    assert (kept["refresh_token"], kept["refresh_expires_at"]) == ("shprt_old", BEFORE["refresh_expires_at"])
    assert not is_expiring(read_reply(reply(refresh_token=value)))


def test_an_unknown_end_of_the_refresh_token_is_unknown() -> None:
    assert renewed(refresh_token_expires_in=...)["refresh_expires_at"] == ""


def test_scopes_that_are_not_said_stay() -> None:
    assert renewed(scope=...)["scope"] == "read_orders"
    assert renewed(scope="")["scope"] == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{",
        b'"shpat_x"',
        b"\xff",
        b"[" * 5_000,
        reply(access_token=...),
        reply(access_token=""),
        reply(access_token=1),
        reply(access_token="a\r\nx: y"),
        reply(access_token="x" * 1_025),
        reply(expires_in=float("nan")),
    ],
    ids=[
        "empty",
        "html",
        "list",
        "null",
        "half",
        "text",
        "bytes",
        "deep",
        "absent",
        "blank",
        "number",
        "header_line",
        "long",
        "nan",
    ],
)
def test_a_reply_without_a_token_is_worth_another_try(content: bytes) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        read_reply(content)
    assert caught.value.cause is Cause.NOT_JSON
    assert "shpat" not in caught.value.evidence


def test_printing_a_reply_shows_no_token() -> None:
    assert "shp" not in repr(read_reply(reply()))


def test_ends_are_aware_and_utc() -> None:
    assert datetime.fromisoformat(renewed()["expires_at"]).utcoffset() == timedelta(0)
