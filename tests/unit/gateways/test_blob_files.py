"""The folder of blobs: whole or not at all, no way out of it."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from backend.gateways.blob_files import FileBlobStore, folder_of


@pytest.fixture
def store(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs")


async def put(store: FileBlobStore, key: str, *chunks: bytes) -> None:
    async with store.writer(key) as writer:
        for chunk in chunks:
            await writer.write(chunk)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


async def test_a_blob_is_read_as_it_was_written(store: FileBlobStore) -> None:
    await put(store, "feeds/a.xml", b"one", b"two")
    assert await store.read("feeds/a.xml") == b"onetwo"
    assert [chunk async for chunk in store.stream("feeds/a.xml", 4)] == [b"onet", b"wo"]


async def test_a_blob_is_invisible_until_it_is_whole(store: FileBlobStore) -> None:
    await put(store, "a", b"old")
    async with store.writer("a") as writer:
        await writer.write(b"new")
        assert await store.read("a") == b"old"
    assert await store.read("a") == b"new"


async def test_a_failed_writer_leaves_the_old_blob_and_nothing_else(store: FileBlobStore, tmp_path: Path) -> None:
    await put(store, "a", b"old")
    with pytest.raises(TypeError):
        await put(store, "a", b"half", "no bytes")  # type: ignore[arg-type]
    assert await store.read("a") == b"old"
    assert files(tmp_path) == ["a"]


async def test_a_cancelled_writer_leaves_nothing(store: FileBlobStore, tmp_path: Path) -> None:
    opened = asyncio.Event()

    async def write() -> None:
        async with store.writer("a") as writer:
            await writer.write(b"half")
            opened.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await opened.wait()
    task.cancel()
    await asyncio.wait([task])
    assert files(tmp_path) == []


async def test_what_a_killed_process_left_is_removed_a_day_later(store: FileBlobStore, tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    folder.mkdir()
    old, young = folder / ".0a.part", folder / ".0b.part"
    for part in (old, young):
        part.touch()
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    await put(store, "a", b"x")
    assert files(tmp_path) == [".0b.part", "a"]


async def test_an_absent_blob_is_a_key_error(store: FileBlobStore) -> None:
    with pytest.raises(KeyError):
        await store.read("nothing")
    with pytest.raises(KeyError):
        [_ async for _ in store.stream("nothing")]


async def test_deleting_is_harmless_twice_and_while_reading(store: FileBlobStore) -> None:
    await put(store, "a", b"12345678")
    chunks = store.stream("a", 4)
    first = await anext(chunks)
    await store.delete("a")
    await store.delete("a")
    assert first + b"".join([chunk async for chunk in chunks]) == b"12345678"
    with pytest.raises(KeyError):
        await store.read("a")


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".hidden", "a/.b", "a\0b", "a b", "ä", "a\n", "a" * 201]
)
async def test_a_key_cannot_leave_the_folder(store: FileBlobStore, key: str) -> None:
    with pytest.raises(ValueError):
        await put(store, key, b"x")
    with pytest.raises(KeyError):
        await store.read(key)
    await store.delete(key)


async def test_a_folder_is_not_a_blob(store: FileBlobStore) -> None:
    await put(store, "a/b", b"x")
    with pytest.raises(KeyError):
        await store.read("a")
    with pytest.raises(KeyError):
        await store.read("a/b/c")


def test_the_url_names_a_folder() -> None:
    assert folder_of("file:///srv/some%20where") == Path("/srv/some where")
    for wrong in ("", "s3://bucket/x", "file://host/x", "/srv/x"):
        with pytest.raises(ValueError, match="file:///folder"):
            folder_of(wrong)
