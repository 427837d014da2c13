"""Secrets kept out of messages and logs: what a store, a URL or an HTTP library may hold is masked first."""

import base64
import logging
import re
from urllib.parse import quote, quote_plus

MASK = "***"
_PARAMETER = re.compile(
    r"(?i)(consumer_secret|consumer_key|oauth_consumer_key|oauth_signature|access_token|refresh_token|subject_token|id_token"
    r"|client_secret|password)(=|%3D|%253D|\"\s*:\s*\")[^&\s\"'<>\\)]+"
)
_KEY = re.compile(r"(?:(?<![A-Za-z0-9_])|(?<=%3[Dd]))(?:ck|cs|shp[a-z]{2}|sk_live)_[0-9A-Za-z]{6,}")
_HEADER = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{16,}")
LOGGERS = ("httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return the text with known secrets and everything that looks like one replaced by `***`.

    Args:     secrets: exact values; they are found plain, percent-encoded and inside a Basic header too.
    """
    for secret in secrets:
        for form in _forms(secret):
            text = text.replace(form, MASK)
    return looks_redacted(text)


def looks_redacted(text: str) -> str:
    """Mask what has the shape of a secret: credential parameters, `ck_…` and `cs_…` keys, Basic and Bearer values."""
    text = _PARAMETER.sub(rf"\1\2{MASK}", text)
    return _HEADER.sub(rf"\1 {MASK}", _KEY.sub(MASK, text))


def _forms(secret: str) -> tuple[str, ...]:
    if len(secret) < 4:
        return ()
    return secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()


class _Redacting(logging.Filter):
    """Rewrites records of HTTP libraries: httpx logs whole URLs, httpcore logs `Link` headers that echo them."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = looks_redacted(message)
        if clean != message:
            record.msg, record.args = clean, None
        return True


_FILTER = _Redacting()


def guard_http_logs() -> None:
    """Let no secret through the loggers of httpx and httpcore; calling it again changes nothing.

    A filter of a parent logger is not asked about its children's records, so every logger gets it.
    """
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
