"""Where generated files lie."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BlobWriter(Protocol):
    """Takes the bytes of one blob in order."""

    async def write(self, chunk: bytes) -> None:
        """Append bytes."""
        ...


class BlobStore(Protocol):
    """Keeps named byte strings; a blob appears whole or not at all."""

    def writer(self, key: str) -> AbstractAsyncContextManager[BlobWriter]:
        """Open a new blob; it becomes visible under *key* at a clean exit and leaves nothing behind on an exception."""
        ...

    async def read(self, key: str) -> bytes:
        """Return a whole blob; raise KeyError when there is none."""
        ...

    def stream(self, key: str, chunk_bytes: int = 262_144) -> AsyncIterator[bytes]:
        """Yield a blob in chunks; raise KeyError when there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a blob; harmless when there is none."""
        ...
