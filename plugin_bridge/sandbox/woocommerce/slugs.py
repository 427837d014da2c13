"""Names as they stand in addresses."""

import re
import unicodedata

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def slug_of(text: str) -> str:
    """Return a lower-case ASCII slug; "item" when nothing is left of the text."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_PLAIN.sub("-", plain).strip("-") or "item"


class Slugs:
    """Hands out slugs once, with a number behind the second of a kind."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def take(self, text: str) -> str:
        """Return a slug that nobody has yet."""
        base = slug_of(text)[:190]
        number = self._last.get(base, 0) + 1
        self._last[base] = number
        return base if number == 1 else self.take(f"{base}-{number}")
