"""Mutations that start and stop bulk operations, and the uploads they read."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, parse, validate

from plugin_bridge.sandbox.shopify.bulk_query import NotAllowed, compile_query
from plugin_bridge.sandbox.shopify.context import Context, Resolver
from plugin_bridge.sandbox.shopify.gids import number_of
from plugin_bridge.sandbox.shopify.operations import AT_ONCE, RUNNING, Operation
from plugin_bridge.sandbox.shopify.problems import Refused, UserProblem
from plugin_bridge.sandbox.shopify.schema import bare_schema
from plugin_bridge.sandbox.shopify.staged import MAX_BYTES


def _start(context: Context, kind: str, document: str, *, grouped: bool, upload: str = "") -> dict[str, Any]:
    shop = context.shop
    if shop.operations.under_way(kind) >= AT_ONCE or shop.faults.strikes("bulk_refused"):
        noun = "query" if kind == "QUERY" else "mutation"
        text = f"Bulk {noun} limit reached. You can run up to {AT_ONCE} bulk {noun} operations at a time."
        raise UserProblem(None, text, "LIMIT_REACHED")
    operation = Operation(
        id=shop.ids.take(),
        type=kind,
        query=document,
        upload=upload,
        grouped=grouped,
        version=context.version,
        scopes=tuple(sorted(context.scopes)),
        created_at=shop.now(),
    )
    shop.operations.add(operation)
    return {"bulkOperation": operation, "userErrors": []}


def _run_query(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    try:
        compile_query(args["query"], context.scopes)
    except NotAllowed as error:
        raise UserProblem(["query"], str(error), "INVALID") from None
    except Refused:
        # What the token may not read is found out when the operation runs: it fails then.
        pass
    return _start(context, "QUERY", args["query"], grouped=bool(args.get("groupObjects")))


def _run_mutation(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    document = args["mutation"]
    try:
        parsed = parse(document)
        errors = validate(bare_schema(), parsed)
    except GraphQLError as error:
        errors = [error]
    if errors:
        raise UserProblem(["mutation"], f"Invalid bulk mutation: {errors[0].message}", "INVALID_MUTATION")
    first = parsed.definitions[0]
    if not isinstance(first, OperationDefinitionNode) or first.operation.value != "mutation":
        raise UserProblem(["mutation"], "Invalid bulk mutation: a mutation is expected.", "INVALID_MUTATION")
    upload = args["stagedUploadPath"]
    if upload not in context.shop.staged.files:
        raise UserProblem(None, "The JSONL file could not be found. Try uploading the file again.", "NO_SUCH_FILE")
    return _start(context, "MUTATION", document, grouped=False, upload=upload)


def _cancel(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    operations = context.shop.operations
    operation = operations.by_id.get(number_of(args["id"], "BulkOperation") or 0)
    if operation is None:
        raise UserProblem(["id"], "Bulk operation does not exist")
    if operation.status not in RUNNING:
        text = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
        return {"bulkOperation": operation, "userErrors": [{"field": None, "message": text}]}
    operations.cancel(operation)
    return {"bulkOperation": operation, "userErrors": []}


def _stage(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    targets, problems = [], []
    for place, wanted in enumerate(args["input"]):
        if wanted["resource"] != "BULK_MUTATION_VARIABLES":
            problems.append({"field": ["input", str(place), "resource"], "message": "This shop takes no such files"})
        elif (wanted.get("fileSize") or 0) > MAX_BYTES:
            problems.append({"field": ["input", str(place), "fileSize"], "message": "The file is too large"})
        else:
            targets.append(_target(context, wanted))
    return {"stagedTargets": targets, "userErrors": problems}


def _target(context: Context, wanted: Mapping[str, Any]) -> dict[str, Any]:
    key = context.shop.staged.target(wanted["filename"])
    parameters = {"key": key, "Content-Type": wanted["mimeType"], "success_action_status": "201", "acl": "private"}
    url = f"{context.shop.options.address}/staged-uploads"
    rows = [{"name": name, "value": value} for name, value in parameters.items()]
    return {"url": url, "resourceUrl": None, "parameters": rows}


MUTATIONS: Mapping[str, Resolver] = {
    "bulkOperationRunQuery": _run_query,
    "bulkOperationRunMutation": _run_mutation,
    "bulkOperationCancel": _cancel,
    "stagedUploadsCreate": _stage,
}
