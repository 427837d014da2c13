"""Files of bulk operations: every child reaches its root, wherever it stands, whatever the blocks."""

import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_bridge.shopify.lines import BulkFile, LineIndex, key_of
from plugin_bridge.shopify.wire import VariantLine


def variant(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": f"S{number}",
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/{number + 1}"},
        **more,
    }


def level(parent: str, place: int) -> dict[str, Any]:
    location = {"id": f"gid://shopify/Location/{place}"}
    return {"location": location, "quantities": [{"quantity": place}], "__parentId": parent}


OPEN: list[BulkFile[VariantLine]] = []


@pytest.fixture(autouse=True)
def _close_files() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def opened(content: bytes, *, block: int = 64, chunk: int = 17) -> BulkFile[VariantLine]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed after the test
    file.write(content)
    file.flush()
    index = LineIndex()
    reader = io.BytesIO(content)
    while piece := reader.read(chunk):
        index.feed(piece)
    OPEN.append(BulkFile(file, index, VariantLine, block))
    return OPEN[-1]


def text(rows: Sequence[dict[str, Any]], *, spaces: bool = False, escaped: bool = False) -> bytes:
    separators = None if spaces else (",", ":")
    lines = [json.dumps(row, separators=separators) for row in rows]
    whole = "\n".join(lines) + "\n"
    return (whole.replace("/", "\\/") if escaped else whole).encode()


def groups_of(file: BulkFile[VariantLine], offset: int = 0) -> dict[str, list[str]]:
    """Places by root, as they come."""
    found: dict[str, list[str]] = {}
    for block in file.blocks(offset):
        assert block.unreadable == []
        for root, children in block.groups:
            assert root.id not in found
            found[root.id] = [child.location.id.rpartition("/")[2] for child in children if child.location]
    return found


@st.composite
def shuffled_files(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    roots = [variant(number) for number in range(1, draw(st.integers(0, 8)) + 1)]
    rows: list[dict[str, Any]] = list(roots)
    place = 0
    for root in roots:
        for _ in range(draw(st.integers(0, 4))):
            place += 1
            by_item = draw(st.booleans())
            parent = root["inventoryItem"]["id"] if by_item else root["id"]
            rows.append(level(parent, place))
    rows.append(level("gid://shopify/ProductVariant/999", 9999))
    rows = draw(st.permutations(rows)) if draw(st.booleans()) else grouped(rows)
    if draw(st.booleans()):
        # Not as we asked for it: the id comes last.
        rows = [dict(reversed(row.items())) for row in rows]
    return rows, expected(rows)


def grouped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered: list[dict[str, Any]] = []
    for root in (row for row in rows if "id" in row):
        names = (root["id"], root["inventoryItem"]["id"])
        ordered += [root, *(row for row in rows if row.get("__parentId") in names)]
    return ordered


def expected(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for root in (row for row in rows if "id" in row):
        names = (root["id"], root["inventoryItem"]["id"])
        children = [row for row in rows if row.get("__parentId") in names]
        found[root["id"]] = sorted(row["location"]["id"].rpartition("/")[2] for row in children)
    return found


@settings(max_examples=300, deadline=None)
@given(
    made=shuffled_files(),
    block=st.integers(1, 4000),
    chunk=st.integers(1, 700),
    spaces=st.booleans(),
    escaped=st.booleans(),
    tail=st.booleans(),
)
def test_every_child_reaches_its_root_once(
    made: tuple[list[dict[str, Any]], dict[str, list[str]]],
    block: int,
    chunk: int,
    spaces: bool,
    escaped: bool,
    tail: bool,
) -> None:
    rows, wanted = made
    content = text(rows, spaces=spaces, escaped=escaped)
    file = opened(content if tail else content.removesuffix(b"\n"), block=block, chunk=chunk)
    assert file.lines == len(rows)
    assert file.roots == len(wanted)
    assert {root: sorted(places) for root, places in groups_of(file).items()} == wanted
    file.close()


@settings(max_examples=100, deadline=None)
@given(made=shuffled_files(), block=st.integers(1, 1500))
def test_reading_goes_on_behind_any_block(made: tuple[list[dict[str, Any]], dict[str, list[str]]], block: int) -> None:
    rows, wanted = made
    file = opened(text(rows), block=block)
    for stop in [one.end for one in file.blocks()]:
        before = {root.id for one in file.blocks() if one.end <= stop for root, _ in one.groups}
        behind = groups_of(file, stop)
        assert before | set(behind) == set(wanted)
        assert not before & set(behind)
        assert {root: sorted(places) for root, places in behind.items()} == {root: wanted[root] for root in behind}
    file.close()


def test_children_keep_the_order_of_the_file() -> None:
    one, two = variant(1), variant(2)
    rows = [level(one["id"], 1), two, level(one["id"], 2), one, level(one["id"], 3), level(two["id"], 4)]
    found = groups_of(opened(text(rows)))
    assert found == {two["id"]: ["4"], one["id"]: ["3", "1", "2"]}


def test_one_unreadable_line_costs_no_other() -> None:
    one, two = variant(1), variant(2)
    content = text([one, level(one["id"], 1)]) + b'{"id":"gid://shopify/ProductVariant/7","sku":{}}\n'
    content += text([level("gid://shopify/ProductVariant/7", 5), two, level(two["id"], 2)]) + b"half a li"
    blocks = list(opened(content, block=10_000).blocks())
    assert [root.id for block in blocks for root, _ in block.groups] == [one["id"], two["id"]]
    assert [len(children) for block in blocks for _, children in block.groups] == [1, 1]
    assert [line[:10] for block in blocks for line in block.unreadable] == [b'{"id":"gid', b"half a li"]


def test_a_line_torn_in_its_id_takes_no_child_from_the_root_above() -> None:
    one = variant(12)
    content = text([one]) + b'{"id":"gid://shopify/ProductVariant/123\n' + text([level(one["id"], 4)])
    (block,) = opened(content, block=10_000).blocks()
    assert [(root.id, len(children)) for root, children in block.groups] == [(one["id"], 1)]
    assert len(block.unreadable) == 1


@pytest.mark.parametrize("end", [b"}", b"} ", b',"n":1}'], ids=["usual", "space", "more"])
def test_children_of_a_root_with_another_kind_of_id_come_once(end: bytes) -> None:
    child = b'{"location":{"id":"gid://shopify/Location/4"},"__parentId":"7"' + end + b"\n"
    (block,) = opened(b'{"id":"7"}\n' + child, block=10_000).blocks()
    assert [(root.id, len(children)) for root, children in block.groups] == [("7", 1)]


def test_a_root_larger_than_a_block_comes_whole() -> None:
    one, two = variant(1), variant(2)
    rows = [one, *(level(one["id"], place) for place in range(200)), two]
    found = groups_of(opened(text(rows), block=64))
    assert len(found[one["id"]]) == 200
    assert found[two["id"]] == []


def test_roots_before_all_children_are_read_in_small_blocks() -> None:
    roots = [variant(number) for number in range(1, 200)]
    rows = [*roots, *(level(root["id"], 1) for root in reversed(roots))]
    file = opened(text(rows), block=2_000)
    at, longest = 0, 0
    for block in file.blocks():
        longest, at = max(longest, block.end - at), block.end
    assert longest <= 4_000
    assert set(map(tuple, groups_of(file).values())) == {("1",)}


def test_a_text_that_looks_like_a_child_is_none() -> None:
    row = variant(1, title='the field "__parentId": "gid://shopify/ProductVariant/2"')
    file = opened(text([row, level(row["id"], 3)]))
    assert file.roots == 1
    assert groups_of(file) == {row["id"]: ["3"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gid://shopify/ProductVariant/5", "gid://shopify/InventoryItem/5"),
        ("gid://shopify/ProductVariant/5", "gid://shopify/ProductVariant/6"),
    ],
    ids=["a variant and an item", "two variants"],
)
def test_keys_tell_roots_apart(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


def test_the_key_of_no_global_id_is_zero() -> None:
    assert key_of("") == key_of("17") == 0
