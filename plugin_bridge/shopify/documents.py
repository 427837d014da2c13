"""The GraphQL documents in `queries/`, each with the shape of its answer."""

import re
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

QUERIES = Path(__file__).with_name("queries")
API_VERSION = "2026-10"
"""The version every request asks for; Shopify supports it until October 2027."""

T = TypeVar("T")


class Document(Generic[T]):
    """One document and how its answer is read.

    Args:     name: of its file. shape: what `data` holds. points: what it costs until Shopify has told.
              strict: False also reads numbers written as text, as Shopify's 64-bit ones are.
    """

    def __init__(self, name: str, shape: type[T], *, points: float = 10.0, strict: bool = True) -> None:
        self.name = name
        self.text = text_of(name)
        self.points = points
        self._decoder = msgspec.json.Decoder(shape, strict=strict)

    def read(self, content: bytes | msgspec.Raw) -> T:
        """Return the typed data; raise msgspec.DecodeError."""
        return self._decoder.decode(content)


def text_of(name: str) -> str:
    """Return a document without comments and line breaks."""
    lines = (QUERIES / f"{name}.graphql").read_text(encoding="utf-8").splitlines()
    return " ".join(" ".join(line for line in lines if not line.lstrip().startswith("#")).split())


def narrowed(text: str, query: str) -> str:
    """Return a document for a bulk operation whose root connection takes only what *query* finds.

    Bulk operations take no variables, so the search is written into the document.
    """
    quoted = msgspec.json.encode(query).decode()
    return re.sub(r"^(query \w+ \{ \w+)", lambda found: f"{found[1]}(query: {quoted})", text, count=1)
