"""The bytes of hot feeds in this process, up to a total; the least recently used go first."""

import asyncio
from collections import OrderedDict

from backend.ports.blob_store import BlobStore


class BodyCache:
    """Blobs by key, read once however many ask at the same time. Blob keys are never reused, so nothing grows stale.

    Args:     most_bytes: of all bodies together. largest_bytes: a larger body is not kept; its readers stream it.
    """

    def __init__(self, blobs: BlobStore, *, most_bytes: int, largest_bytes: int) -> None:
        self._blobs = blobs
        self._most_bytes = most_bytes
        self.largest_bytes = largest_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0
        self._reading: dict[str, asyncio.Task[bytes]] = {}

    def get(self, key: str) -> bytes | None:
        """Return a body that is at hand, or None."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    async def read(self, key: str) -> bytes:
        """Return a body, from the blob store when it is not at hand; raise KeyError when there is none."""
        body = self.get(key)
        if body is not None:
            return body
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.create_task(self._load(key))
        # Shielded: one reader who hangs up must not take the bytes from the others.
        return await asyncio.shield(task)

    async def _load(self, key: str) -> bytes:
        try:
            body = await self._blobs.read(key)
        finally:
            del self._reading[key]
        if len(body) <= self.largest_bytes:
            self._bodies[key] = body
            self._held_bytes += len(body)
            while self._held_bytes > self._most_bytes:
                _, dropped = self._bodies.popitem(last=False)
                self._held_bytes -= len(dropped)
        return body
