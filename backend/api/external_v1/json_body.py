"""Reading JSON bodies straight from their bytes: numbers keep all their digits."""

from typing import Any, TypeVar

import msgspec

from backend.kit.errors import DomainError, invalid

T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return what a body says; raise invalid for one that is no JSON or has another shape."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise refused(str(error).replace("`", "").replace(" - at $.", ": ")) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise refused("The request body is not valid JSON") from None


def refused(message: str, **facts: Any) -> DomainError:
    """Build the refusal of a body."""
    return invalid("BODY_INVALID", message, **facts)
