"""Writes the lines of a bulk query straight from the shelf: one JSON object a line, children with their parent's id."""

import random
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec

from plugin_bridge.sandbox.shopify.bulk_query import Branch, Shape
from plugin_bridge.sandbox.shopify.context import Context

BATCH = 100
"""Ungrouped, so many roots come before the children of the first of them."""
SHUFFLED = 500
"""So many roots with their children are mixed up by the fault `children_first`."""

_encode = msgspec.json.Encoder().encode


class Tally(msgspec.Struct):
    """How far the writing has come."""

    objects: int = 0
    roots: int = 0
    size: int = 0


class Stopped(Exception):
    """Somebody cancelled the operation, or a fault broke it."""


def render(shape: Shape, context: Context, thing: Any) -> dict[str, Any]:
    """Return what is selected of a thing, without its connections."""
    if shape.by_type:
        shape = shape.of(thing)
    if shape.latest is not None and shape.latest[0] is thing:
        return shape.latest[1]
    row: dict[str, Any] = {}
    for part in shape.parts:
        value = part.resolver(context, thing, part.args)
        inner = part.inner
        if inner is None or value is None:
            row[part.key] = value
        elif part.many:
            row[part.key] = [render(inner, context, one) for one in value]
        elif part.key in row:
            # A field selected twice: what was selected of it is joined.
            row[part.key] = {**row[part.key], **render(inner, context, value)}
        else:
            row[part.key] = render(inner, context, value)
    shape.latest = (thing, row)
    return row


def below(shape: Shape, context: Context, thing: Any, parent_id: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of everything that hangs on a thing, depth first."""
    for branch in shape.of(thing).branches:
        source = branch.resolver(context, thing, branch.args)
        for child in source.everything() if source is not None else ():
            row = dict(render(branch.node, context, child))
            own_id = row.get("id")
            row["__parentId"] = parent_id
            yield row
            if own_id is not None:
                yield from below(branch.node, context, child, own_id)


def write_rows(
    root: Branch,
    context: Context,
    file: BinaryIO,
    tally: Tally,
    *,
    grouped: bool,
    shuffled: bool,
    proceed: Callable[[], bool],
) -> None:
    """Write all lines; *tally* is kept up to date meanwhile.

    Raises:   Stopped when *proceed* says so, asked once for each batch.
    """
    chance = random.Random(1)  # noqa: S311 - an order, not a secret
    for roots in _batches(root, context, 1 if grouped else SHUFFLED if shuffled else BATCH):
        if not proceed():
            raise Stopped
        rows = [render(root.node, context, thing) for thing in roots]
        tally.roots += len(rows)
        lines = list(rows)
        for row, thing in zip(rows, roots, strict=True):
            lines += below(root.node, context, thing, row.get("id", ""))
        if shuffled:
            chance.shuffle(lines)
            lines.sort(key=lambda line: "__parentId" not in line)
        tally.objects += len(lines)
        written = b"".join(_encode(line) + b"\n" for line in lines)
        tally.size += file.write(written)


def _batches(root: Branch, context: Context, size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for thing in root.resolver(context, None, root.args).everything():
        batch.append(thing)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
