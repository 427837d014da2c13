"""Generated files in a folder: a blob is a file that appears whole (temporary file, fsync, rename) or not at all."""

import asyncio
import os
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9][A-Za-z0-9._-]{0,199}){0,7}")
_LEFTOVER_S = 86_400


class FileBlobStore:
    """The blob store of `ports/blob_store.py` on a folder that all processes share; disk work happens in threads.

    Keys are 1..8 segments of letters, digits, `.`, `_` and `-`, joined by `/`, none starting with a dot; anything
    else is a ValueError for the writer and simply absent (KeyError) for the reader.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def writer(self, key: str) -> AsyncIterator["_FileWriter"]:
        """Open a new blob; it replaces one of the same key at a clean exit and leaves nothing behind otherwise.

        Raises:   ValueError for a key that is not allowed, OSError when the disk refuses (full, read-only).
        """
        path = self._path(key)
        if path is None:
            raise ValueError("a blob key holds letters, digits, '.', '_', '-' and '/', no segment starts with a dot")
        part = path.with_name(f".{uuid.uuid4().hex}.part")
        file = await asyncio.to_thread(_create, part)
        try:
            yield _FileWriter(file)
            await asyncio.to_thread(_publish, file, part, path)
        except BaseException:
            # Not awaited: a cancelled task could be cancelled again in here and leave the part behind.
            _discard(file, part)
            raise

    async def read(self, key: str) -> bytes:
        """Return a whole blob; raise KeyError when there is none."""
        path = self._found(key)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise KeyError(key) from None

    async def stream(self, key: str, chunk_bytes: int = 262_144) -> AsyncIterator[bytes]:
        """Yield a blob in chunks; raise KeyError when there is none.

        A blob deleted or replaced while it is read is still read to its end.
        """
        path = self._found(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise KeyError(key) from None
        try:
            while chunk := await asyncio.to_thread(file.read, chunk_bytes):
                yield chunk
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        """Remove a blob; harmless when there is none."""
        path = self._path(key)
        if path is not None:
            with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
                await asyncio.to_thread(path.unlink)

    def _found(self, key: str) -> Path:
        path = self._path(key)
        if path is None:
            raise KeyError(key)
        return path

    def _path(self, key: str) -> Path | None:
        return self._folder / key if _KEY.fullmatch(key) else None


class _FileWriter:
    """Appends to the temporary file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def write(self, chunk: bytes) -> None:
        """Append bytes."""
        await asyncio.to_thread(self._file.write, chunk)


def _create(part: Path) -> BinaryIO:
    part.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(part.parent)
    return part.open("xb")


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left behind; a writer that still works touches its part far more often."""
    for part in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _LEFTOVER_S:
                part.unlink()


def _publish(file: BinaryIO, part: Path, path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _discard(file: BinaryIO, part: Path) -> None:
    with suppress(OSError):
        file.close()
    with suppress(OSError):
        part.unlink()


def folder_of(url: str) -> Path:
    """Return the folder of a `file:///folder` URL; raise ValueError for any other."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError("STORELOOM_BLOB_URL must look like file:///folder")
    return Path(unquote(parts.path))
