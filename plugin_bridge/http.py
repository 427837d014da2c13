"""What every store client shares: Retry-After, short retries, and reading JSON that may not be JSON."""

import itertools
import json
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from backend.ports.platform_errors import Cause, StoreUnavailable
from plugin_bridge.redaction import redacted

EVIDENCE_CHARACTERS = 300
MAX_RETRY_AFTER_S = 86_400.0
_JSON_TYPES = ("json", "javascript")
# Nobody prints more than this before the JSON by accident; searching further would only find noise.
_PREFIX_BYTES = 20_000


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Short patience inside one request; the long one belongs to the job."""

    tries: int = 3
    """Attempts in all, 1 or more."""
    base_s: float = 0.5
    """Upper bound of the first pause; doubles with each attempt."""
    cap_s: float = 4.0
    """Longest pause we choose ourselves."""
    patience_s: float = 5.0
    """A Retry-After up to this is waited for on the spot; a longer one is handed to the job."""

    def pause_s(self, attempt: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
        """Return the pause after failed attempt number *attempt* (from 1): between half and all of the bound."""
        bound = min(self.cap_s, self.base_s * 2.0 ** (attempt - 1))
        return uniform(bound / 2, bound)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date.

    Returns:  Seconds from *now*, 0 to one day; None when absent or unreadable.
    """
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), MAX_RETRY_AFTER_S) if len(text) < 20 else MAX_RETRY_AFTER_S
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def evidence(content: bytes, secrets: tuple[str, ...] = ()) -> str:
    """Return the beginning of an answer, for people: at most 300 characters, one line, secrets masked."""
    # Masked before it is cut: a cut through a secret would leave half of it readable.
    text = content[: EVIDENCE_CHARACTERS * 16].decode("utf-8", "replace")
    return " ".join(redacted(text, secrets).split())[:EVIDENCE_CHARACTERS]


def not_json(content: bytes, secrets: tuple[str, ...] = (), *, status: int | None = None) -> StoreUnavailable:
    """Build the error for an answer that should be JSON and is not."""
    return StoreUnavailable(
        Cause.NOT_JSON,
        "The store sent something else than data: a security plugin, a cache or a PHP warning may be in the way",
        evidence=evidence(content, secrets),
        status=status,
    )


def json_text(content: bytes, content_type: str) -> bytes | None:
    """Return the JSON part of an answer to a read, without a BOM, PHP warnings or comments before it.

    Returns:  None when the answer does not claim to be JSON and does not look like it.
    """
    body = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if body[:1] in (b"[", b"{"):
        return body
    if not any(kind in content_type.lower() for kind in _JSON_TYPES):
        return None
    return body


def decode_lenient(content: bytes) -> Any:
    """Read JSON that a strict reader refuses (a prefix, lone surrogates, invalid UTF-8, NaN).

    Half a document is never taken for a whole one: neither its beginning nor a part inside it.

    Raises:   ValueError when there is no whole JSON array or object.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip()
    reader = json.JSONDecoder(parse_constant=lambda _: None)
    for start in _starts(text):
        try:
            value, end = reader.raw_decode(text, start)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated") or error.pos >= len(text):
                break
            continue
        except (ValueError, RecursionError):
            break
        # What follows may be a cache comment, never more data.
        if end == len(text) or text[end:].lstrip().startswith("<"):
            return value
    raise ValueError("no JSON")


def _starts(text: str) -> list[int]:
    """Return where the document may begin: at the very start, else at brackets that are not inside another document."""
    if text[:1] in ("[", "{"):
        return [0]
    found = re.finditer(r"(?<![,:\[{\s])\s*([\[{])", text[:_PREFIX_BYTES])
    return [match.start(1) for match in itertools.islice(found, 16)]
