"""Text from outside made storable: PostgreSQL refuses NUL bytes and lone surrogates, people control characters."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def storable(text: str) -> str:
    """Return the text without NUL bytes, control characters and lone surrogates; tabs and line breaks stay."""
    return _CONTROL.sub("", text)


def clipped(text: str, most: int) -> str:
    """Return the text cut to *most* characters."""
    return text if len(text) <= most else text[:most]
