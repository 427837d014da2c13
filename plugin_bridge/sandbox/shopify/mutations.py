"""All mutations by name; each is noted in the journal when it was accepted."""

from collections.abc import Mapping
from typing import Any

from plugin_bridge.sandbox.shopify import (
    bulk_writes,
    hook_writes,
    inventory_writes,
    product_writes,
    publishing,
    variant_writes,
)
from plugin_bridge.sandbox.shopify.context import Context, Resolver
from plugin_bridge.sandbox.shopify.paging import MAX_PAGE
from plugin_bridge.sandbox.shopify.problems import Refused, UserProblem

_READING = frozenset(
    {"bulkOperationRunQuery", "bulkOperationRunMutation", "bulkOperationCancel", "stagedUploadsCreate"}
)
"""Change nothing of the shop themselves."""

_ALL: Mapping[str, Resolver] = {
    **product_writes.MUTATIONS,
    **variant_writes.MUTATIONS,
    **inventory_writes.MUTATIONS,
    **hook_writes.MUTATIONS,
    **bulk_writes.MUTATIONS,
    **publishing.MUTATIONS,
}


def _guarded(name: str, resolver: Resolver) -> Resolver:
    def run(context: Context, thing: Any, args: Mapping[str, Any]) -> Any:
        _check_size(args)
        try:
            result = resolver(context, thing, args)
        except UserProblem as problem:
            return {"userErrors": [problem.entry]}
        if (
            name not in _READING
            and not result.pop("replayed", False)
            and result.pop("accepted", not result["userErrors"])
        ):
            _note(context, name, args)
        return result

    return run


def _check_size(value: Any) -> None:
    """Refuse input lists of more than 250 entries, at any depth."""
    if isinstance(value, list) and len(value) > MAX_PAGE:
        text = f"The input array size of {len(value)} is greater than the maximum allowed of {MAX_PAGE}."
        raise Refused(text, "MAX_INPUT_SIZE_EXCEEDED")
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        if isinstance(inner, Mapping | list):
            _check_size(inner)


def _note(context: Context, name: str, args: Mapping[str, Any]) -> None:
    shop = context.shop
    body: dict[str, Any] = {"mutation": name, "arguments": dict(args)}
    if context.key is not None:
        body["idempotency_key"] = context.key
    shop.journal.wrote(shop.now(), "POST", f"/admin/api/{context.version}/graphql.json", body)
    shop.revision += 1


MUTATION: Mapping[str, Resolver] = {name: _guarded(name, resolver) for name, resolver in _ALL.items()}
"""What the engine runs."""
