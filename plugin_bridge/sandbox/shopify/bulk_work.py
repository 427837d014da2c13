"""Does the work of bulk operations: queries in a thread of their own, mutations between requests."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from plugin_bridge.sandbox.shopify.bulk_query import compile_query
from plugin_bridge.sandbox.shopify.bulk_rows import Stopped, Tally, write_rows
from plugin_bridge.sandbox.shopify.context import Context
from plugin_bridge.sandbox.shopify.engine import error_value, execute, plan
from plugin_bridge.sandbox.shopify.operations import Operation, Result, Work
from plugin_bridge.sandbox.shopify.problems import Refused

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop


async def run_query(shop: "Shop", operation: Operation, path: Path) -> Result:
    """Write the lines of a bulk query."""
    return await asyncio.to_thread(write_query, shop, operation, path)


def write_query(shop: "Shop", operation: Operation, path: Path) -> Result:
    """Write the lines of a bulk query; the fault `bulk_failed` breaks it after half of its roots."""
    context = Context(shop, operation.version, frozenset(operation.scopes))
    broken = shop.faults.strikes("bulk_failed") is not None
    shuffled = shop.faults.strikes("children_first") is not None
    try:
        root = compile_query(operation.query, context.scopes)
    except Refused:
        return Result("FAILED", "ACCESS_DENIED")
    tally = Tally()
    last = sum(1 for _ in root.resolver(context, None, root.args).everything()) // 2 if broken else None

    def proceed() -> bool:
        operation.objects, operation.roots, operation.file_size = tally.objects, tally.roots, tally.size
        return operation.status == "RUNNING" and (last is None or tally.roots < last)

    with path.open("wb") as file:
        try:
            write_rows(root, context, file, tally, grouped=operation.grouped, shuffled=shuffled, proceed=proceed)
        except Stopped:
            broken = True
        proceed()
    return Result("FAILED", "INTERNAL_SERVER_ERROR") if broken else Result("COMPLETED")


async def run_mutation(shop: "Shop", operation: Operation, path: Path) -> Result:
    """Run a mutation once for each line of variables; each answer is a line with its `__lineNumber`.

    The fault `bulk_failed` stops it after half of the lines.
    """
    lines = shop.staged.files.get(operation.upload, b"").splitlines()
    broken = shop.faults.strikes("bulk_failed") is not None
    operation.file_size = 0
    with path.open("wb") as file:
        for number, line in enumerate(lines[: len(lines) // 2] if broken else lines):
            if operation.status != "RUNNING":
                break
            if line.strip():
                _run_line(shop, operation, file, number, line)
                await asyncio.sleep(0)
    return Result("FAILED", "INTERNAL_SERVER_ERROR") if broken else Result("COMPLETED")


def _run_line(shop: "Shop", operation: Operation, file: BinaryIO, number: int, line: bytes) -> None:
    context = Context(shop, operation.version, frozenset(operation.scopes))
    answer = {**_answer(operation, context, line), "__lineNumber": number}
    operation.file_size = (operation.file_size or 0) + file.write(msgspec.json.encode(answer) + b"\n")
    operation.objects += 1
    operation.roots += 1


def _answer(operation: Operation, context: Context, line: bytes) -> dict[str, Any]:
    try:
        variables = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return {"errors": [{"message": "Invalid JSON"}]}
    ready = plan(operation.query, variables, None)
    if isinstance(ready, list):
        return {"errors": [error_value(error) for error in ready]}
    result = execute(ready, context)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error_value(error) for error in result.errors]
    return answer


WORK: Mapping[str, Work] = {"QUERY": run_query, "MUTATION": run_mutation}
"""By the type of the operation."""
