"""Encodings and conditional requests."""

from datetime import UTC, datetime

import pytest

from backend.api.public.negotiation import accepts_gzip, has_version, is_unchanged_since


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;Q=0.5", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("*;q=0", False),
        ("identity;q=1, gzip;q=0.5", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_s2s_19_gzip_is_sent_only_when_it_is_wanted(header: str, wanted: bool) -> None:
    assert accepts_gzip(header) is wanted


@pytest.mark.parametrize("header", ['"abc"', 'W/"abc"', '"x", "abc"', '"abc-gz"', 'W/"abc-gz" , "y"', "*"])
def test_s2s_19_a_known_version_is_recognized(header: str) -> None:
    assert has_version(header, "abc")


@pytest.mark.parametrize("header", ['"abd"', '"abc-gzip"', '"xabc"', '""', ",", "W/"])
def test_s2s_19_another_version_is_not(header: str) -> None:
    assert not has_version(header, "abc")


def test_a_date_is_compared_in_whole_seconds_and_ignored_when_malformed() -> None:
    generated = datetime(2024, 3, 15, 14, 30, 0, 900_000, UTC)
    assert is_unchanged_since("Fri, 15 Mar 2024 14:30:00 GMT", generated)
    assert not is_unchanged_since("Fri, 15 Mar 2024 14:29:59 GMT", generated)
    assert not is_unchanged_since("yesterday", generated)
    assert not is_unchanged_since("Fri, 99 Mar 2024 14:29:59 GMT", generated)
