"""Secrets in texts and in the logs of HTTP libraries."""

import base64
import logging

import pytest

from plugin_bridge.redaction import LOGGERS, guard_http_logs, looks_redacted, redacted

SECRET = "cs_0123456789abcdef0123456789abcdef01234567"
KEY = "ck_0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "text",
    [
        f"https://shop.test/wp-json/wc/v3/products?consumer_key={KEY}&consumer_secret={SECRET}",
        f"<https://shop.test/x?consumer_secret={SECRET}&page=2>; rel=next",
        f"https%3A%2F%2Fshop.test%2F%3Fconsumer_secret%3D{SECRET}",
        f"Authorization: Basic {base64.b64encode(f'{KEY}:{SECRET}'.encode()).decode()}",
        f"bad secret {SECRET}!",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    clean = looks_redacted(text)
    assert SECRET not in clean
    assert KEY not in clean
    assert base64.b64encode(f"{KEY}:{SECRET}".encode()).decode() not in clean
    assert "***" in clean


def test_a_known_secret_of_any_shape_is_masked_in_every_spelling() -> None:
    secret = "p@ss/w+rd é"
    for form in (
        secret,
        "p%40ss%2Fw%2Brd%20%C3%A9",
        "p%40ss%2Fw%2Brd+%C3%A9",
        base64.b64encode(secret.encode()).decode(),
    ):
        assert redacted(f"before {form} after", (secret,)) == "before *** after"


def test_ordinary_text_stays() -> None:
    text = "12 products, page=2&per_page=100, basic training, ck_ and cs_"
    assert looks_redacted(text) == text


@pytest.mark.parametrize("name", LOGGERS)
def test_the_loggers_of_http_libraries_let_no_secret_through(name: str, caplog: pytest.LogCaptureFixture) -> None:
    guard_http_logs()
    guard_http_logs()
    with caplog.at_level(logging.DEBUG, logger=name):
        logging.getLogger(name).debug("HTTP Request: %s %s", "GET", f"https://x/?consumer_secret={SECRET}")
    assert SECRET not in caplog.text
    assert "consumer_secret=***" in caplog.text
