"""Where a generation's bytes go: plain and gzip at once, hashed on the way."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.ports.blob_store import BlobStore, BlobWriter

GZIP_SUFFIX = ".gz"
_LEVEL = 3
"""zlib level: on feeds five times as fast as the usual 6, for a sixth more bytes."""
_GZIP_FORMAT = 31


class FeedOutput:
    """Takes the bytes of one feed in order."""

    def __init__(self, plain: BlobWriter, packed: BlobWriter) -> None:
        self._plain = plain
        self._packed = packed
        self._hash = hashlib.sha256()
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_FORMAT)
        self.size_bytes = 0

    @property
    def etag(self) -> str:
        """Return the hash of everything so far."""
        return self._hash.hexdigest()[:32]

    async def append(self, chunk: bytes) -> None:
        """Write bytes to both blobs; packing and hashing happen in a thread, without the interpreter's lock."""
        packed = await asyncio.to_thread(self._pack, chunk)
        await self._plain.write(chunk)
        if packed:
            await self._packed.write(packed)
        self.size_bytes += len(chunk)

    def _pack(self, chunk: bytes) -> bytes:
        self._hash.update(chunk)
        return self._gzip.compress(chunk)

    async def finish(self) -> None:
        """Write the end of the gzip blob."""
        await self._packed.write(await asyncio.to_thread(self._gzip.flush))


@asynccontextmanager
async def feed_output(blobs: BlobStore, key: str) -> AsyncIterator[FeedOutput]:
    """Open both blobs of a generation: `key` and `key + ".gz"`; on an exception neither appears.

    The gzip blob becomes visible first, so a plain blob that is there always has its sister.
    """
    async with blobs.writer(key) as plain, blobs.writer(key + GZIP_SUFFIX) as packed:
        output = FeedOutput(plain, packed)
        yield output
        await output.finish()
