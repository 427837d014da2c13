"""What a client has and what it takes: conditional requests and encodings (RFC 9110). Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

_LONGEST = 1_000
"""Characters of a header that are looked at; longer ones are no crawler's."""


@lru_cache(512)
def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is wanted: named (or covered by `*`) with a weight above zero and not below identity's.

    An absent or empty header asks for the plain bytes.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding[:_LONGEST].lower().split(","):
        coding, _, parameters = part.partition(";")
        weights[coding.strip()] = _weight(parameters)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


def has_version(if_none_match: str, etag: str) -> bool:
    """Tell whether a list of entity tags holds this version, plain or packed; compared weakly, `*` holds any.

    Args:     etag: the version's hash without quotes; its packed form is tagged `<etag>-gz`.
    """
    for part in if_none_match.split(","):
        tag = part.strip()
        if tag == "*" or tag.removeprefix("W/").removeprefix('"').removesuffix('"').removesuffix("-gz") == etag:
            return True
    return False


def is_unchanged_since(if_modified_since: str, generated_at: datetime) -> bool:
    """Tell whether a version was generated no later than the date a client names; a malformed date is ignored."""
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, TypeError, OverflowError):
        return False
    return generated_at.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))
