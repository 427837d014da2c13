"""The file of a bulk operation: roots with their children in any order, read in blocks with little memory.

A child names its root (`__parentId`) and may stand anywhere. While the file arrives, `LineIndex` looks at each line and
remembers only the children that do not directly follow their root ("strays"), as two numbers each. Files as Shopify
usually writes them have none, and are then read block by block, many lines to one call of the decoder.
"""

import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import IO, Generic, TypeVar

import msgspec

from plugin_bridge.shopify.wire import Line

L = TypeVar("L", bound=Line)

BLOCK_BYTES = 64 * 1024
"""About a millisecond of work."""
_CHILD = b'"__parentId":'
_OF, _ENDS = _CHILD + b'"', b'"}'
_NO_END = b"\n"
"""What no line ends with."""
_GLOBAL_ID = re.compile(rb"gid:\\?/\\?/shopify\\?/(\w+)\\?/(\d+)")
_USUAL = b'{"id":"'
_USUAL_AT = len(_USUAL)
_ROOT = re.compile(rb'\s*\{\s*"id"\s*:\s*"(gid:\\?/\\?/shopify\\?/\w+\\?/\d+)"')
_STRAY_BYTES = 4096
_NUMBERED_OTHERWISE = b"InventoryItem"
"""Shopify may name the item in place of its variant: numbers of the two overlap."""


def key_of(global_id: str) -> int:
    """Return a number for a global id that is unique among the roots of one file; 0 for what is no global id."""
    return _key(_GLOBAL_ID.search(global_id.encode("utf-8", "replace")))


def _key(found: re.Match[bytes] | None) -> int:
    if found is None:
        return 0
    # Real ids have less than 62 bits; whatever has more is cut and merely may share its key.
    return (int(found[2][-18:]) << 1) | (found[1] == _NUMBERED_OTHERWISE)


class LineIndex:
    """Looks at each line of a file as it arrives: `feed` it the bytes in order, then `finish` for the strays."""

    def __init__(self) -> None:
        self.lines = 0
        self.roots = 0
        self.size = 0
        self.plain = True
        """Every root begins with its id, as our documents ask for it."""
        self._rest = b""
        self._start = 0
        """Where the rest begins."""
        self._child_end = _NO_END
        """How a child's line usually ends that may stand here: with the name of the root above."""
        self._keys = array("q")
        self._offsets = array("q")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        lines = chunk.split(b"\n")
        lines[0] = self._rest + lines[0]
        self._rest = lines.pop()
        starts: Sequence[int] = ()
        for number, line in enumerate(lines):
            if line.endswith(self._child_end):
                continue
            at = line.rfind(_CHILD)
            if at >= 0:
                starts = starts or _starts(lines, self._start)
                self._maybe_stray(line, at, starts[number])
            elif line.startswith(_USUAL):
                self.roots += 1
                end = line.find(b'"', _USUAL_AT)
                self._child_end = _OF + line[_USUAL_AT:end] + _ENDS if end > 0 else _NO_END
            elif line:
                self._lead(line)
            else:
                self.lines -= 1
        self.lines += len(lines)
        self.size += len(chunk)
        self._start = self.size - len(self._rest)

    def finish(self) -> "Strays":
        """Take a last line without an end, and return the strays."""
        if self._rest:
            self.feed(b"\n")
            self.size -= 1
        return Strays(self._keys, self._offsets)

    def _lead(self, line: bytes) -> None:
        """Take a root that is not written as usual."""
        self.roots += 1
        found = _ROOT.match(line)
        self._child_end = _NO_END if found is None else _OF + found[1] + _ENDS
        self.plain = self.plain and found is not None

    def _maybe_stray(self, line: bytes, at: int, start: int) -> None:
        found = _GLOBAL_ID.search(line, at)
        if self._child_end != _NO_END and (
            line.startswith(self._child_end[:-1], at)
            # The same, written with other spaces.
            or (found is not None and _named(found, _GLOBAL_ID.search(self._child_end)))
        ):
            return
        # What follows a stray is a stray too: so a group ends where the first one stands.
        self._child_end = _NO_END
        self._keys.append(_key(found))
        self._offsets.append(start)


def _starts(lines: Sequence[bytes], first: int) -> Sequence[int]:
    """Return where lines start, and behind them the end."""
    return list(accumulate(map(len, lines), lambda start, length: start + length + 1, initial=first))


def _named(one: re.Match[bytes], other: re.Match[bytes] | None) -> bool:
    return other is not None and one.groups() == other.groups()


class Strays:
    """Where the children stand that do not follow their root: sorted by root, then as in the file."""

    def __init__(self, keys: "array[int]", offsets: "array[int]") -> None:
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = array("q", map(keys.__getitem__, order))
        self._offsets = array("q", map(offsets.__getitem__, order))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._keys)

    @property
    def first(self) -> int:
        """Where the first of them begins; 0 for none."""
        return min(self._offsets, default=0)

    def of(self, key: int) -> list[int]:
        """Return where the children of one root begin."""
        found = []
        at = bisect_left(self._keys, key)
        while at < len(self._keys) and self._keys[at] == key:
            found.append(self._offsets[at])
            at += 1
        return found


class Block(msgspec.Struct, Generic[L]):
    """Some groups, and where to read on behind them."""

    groups: list[tuple[L, list[L]]]
    end: int
    unreadable: list[bytes] = []
    """The beginnings of lines that are not what they should be."""


class BulkFile(Generic[L]):
    """A whole file on disk, looked at once.

    Args:     file: positioned anywhere; closed with `close`. index: that saw each byte of it.
    """

    def __init__(self, file: IO[bytes], index: LineIndex, shape: type[L], block_bytes: int = BLOCK_BYTES) -> None:
        self._file = file
        self._strays = index.finish()
        self._plain = index.plain
        self.lines = index.lines
        self.roots = index.roots
        self.size = index.size
        self._decoder = msgspec.json.Decoder(shape)
        self._block_bytes = block_bytes

    def close(self) -> None:
        """Close the file; a temporary one is gone then."""
        self._file.close()

    def blocks(self, offset: int = 0) -> Iterator[Block[L]]:
        """Read on from *offset*, 0 or the end of an earlier block; the last block ends at the file's size."""
        while offset < self.size:
            raw = self._whole_groups(offset)
            offset += len(raw)
            yield self._decoded(raw, offset)

    def _whole_groups(self, offset: int) -> bytes:
        """Return some lines, cut where a group ends."""
        length = self._block_bytes
        while True:
            raw = os.pread(self._file.fileno(), length, offset)
            if offset + len(raw) >= self.size:
                return raw
            cut = self._last_cut(raw)
            if cut:
                return raw[:cut]
            length *= 2

    def _last_cut(self, raw: bytes) -> int:
        """Return where the last group begins, 0 when these bytes hold a part of one group only."""
        end = raw.rfind(b"\n") + 1
        at = end
        while at > 0:
            start = raw.rfind(b"\n", 0, at - 1) + 1
            if raw.find(_CHILD, start, at) < 0:
                if start > 0:
                    return start
                return self._end_of_first(raw[:end])
            at = start
        # Nothing but strays, which are read with their roots.
        return end

    def _end_of_first(self, raw: bytes) -> int:
        """Return where the children of the first root end before something else begins, 0 when nothing else does."""
        index = LineIndex()
        index.feed(raw)
        return index.finish().first

    def _decoded(self, raw: bytes, end: int) -> Block[L]:
        unreadable: list[bytes] = []
        groups = self._many(raw) if self._plain else None
        if groups is None:
            groups = self._one_by_one(raw, unreadable)
        if self._strays:
            for root, children in groups:
                children += self._strays_of(root)
        return Block(groups, end, unreadable)

    def _many(self, raw: bytes) -> list[tuple[L, list[L]]] | None:
        """Decode all lines in one call; None when one of them is not what it should be."""
        try:
            lines = self._decoder.decode_lines(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        groups: list[tuple[L, list[L]]] = []
        children: list[L] = []
        leads = ""
        for line in lines:
            parent = line.parent
            if parent is None:
                leads, children = line.id, []
                groups.append((line, children))
            elif parent == leads:
                children.append(line)
            else:
                leads = ""  # a stray, and so is what follows it: they are found by the index
        return groups

    def _one_by_one(self, raw: bytes, unreadable: list[bytes]) -> list[tuple[L, list[L]]]:
        groups: list[tuple[L, list[L]]] = []
        children: list[L] = []
        leads = ""
        for one in raw.split(b"\n"):
            if not one.strip():
                continue
            try:
                line = self._decoder.decode(one)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                unreadable.append(one[:1000])
                leads = leads if _follows(one, leads) else ""
                continue
            if line.parent is None:
                leads, children = line.id if _ROOT.match(one) else "", []
                groups.append((line, children))
            elif line.parent == leads:
                children.append(line)
            else:
                leads = ""
        return groups

    def _strays_of(self, root: L) -> list[L]:
        found = []
        for name in names_of(root):
            for offset in self._strays.of(key_of(name)):
                line = self._stray(offset)
                if line is not None and line.parent == name:
                    found.append(line)
        return found

    def _stray(self, offset: int) -> L | None:
        length = _STRAY_BYTES
        while True:
            raw = os.pread(self._file.fileno(), length, offset)
            end = raw.find(b"\n")
            if end >= 0 or len(raw) < length:
                break
            length *= 4
        try:
            return self._decoder.decode(raw[:end] if end >= 0 else raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


def _follows(line: bytes, leads: str) -> bool:
    at = line.rfind(_CHILD)
    return at >= 0 and _key(_GLOBAL_ID.search(line, at)) == key_of(leads)


def names_of(root: Line) -> list[str]:
    """Return the global ids by which children may name a root: its own, and that of its inventory item."""
    item = getattr(root, "inventory_item", None)
    return [root.id, item.id] if item is not None and item.id else [root.id]
