"""Runs GraphQL documents over the shop: parse, validate, price, execute."""

import logging
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
    get_operation_ast,
    parse,
    validate,
)
from graphql import execute as run
from graphql.execution.values import get_directive_values, get_variable_values

from plugin_bridge.sandbox.shopify.access import missing
from plugin_bridge.sandbox.shopify.context import Context
from plugin_bridge.sandbox.shopify.cost import Cost
from plugin_bridge.sandbox.shopify.mutations import MUTATION
from plugin_bridge.sandbox.shopify.paging import Page
from plugin_bridge.sandbox.shopify.schema import TYPE_NAMES, bare_schema, denied, resolver_of
from plugin_bridge.sandbox.shopify.values import page_info

log = logging.getLogger(__name__)


@cache
def shop_schema() -> GraphQLSchema:
    """Return the schema of the simulated shop with its resolvers."""
    schema = bare_schema()
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                field.resolve = _resolve(schema, kind.name, name, field)
        elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = lambda thing, _info, _kind: TYPE_NAMES.get(type(thing))
    return schema


def _resolve(schema: GraphQLSchema, parent: str, name: str, field: GraphQLField) -> Any:
    returns = get_named_type(field.type).name
    if parent.endswith("Connection"):
        return {"nodes": _page_nodes, "edges": _page_edges, "pageInfo": _page_info}[name]
    resolver = MUTATION[name] if parent == "Mutation" else resolver_of(parent, name)
    paged = returns.endswith("Connection")
    directive = schema.get_directive("idempotent")

    def resolve(thing: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        context: Context = info.context
        wanted = missing(parent, name, returns, context.scopes)
        if wanted is not None:
            raise denied(wanted, name)
        if parent == "Mutation" and directive is not None:
            found = get_directive_values(directive, info.field_nodes[0], info.variable_values)
            context.key = found["key"] if found else None
        value = resolver(context, thing, args)
        if not paged or value is None:
            return value
        page = value.page(args)
        asked = args.get("first") or args.get("last") or 0
        context.unused += (asked - len(page.nodes)) * context.per_node.get(info.field_nodes[0], 0.0)
        return page

    return resolve


def _page_nodes(page: Page, _info: Any) -> list[Any]:
    return page.nodes


def _page_edges(page: Page, _info: Any) -> list[dict[str, Any]]:
    return [{"cursor": cursor, "node": node} for cursor, node in zip(page.cursors, page.nodes, strict=True)]


def _page_info(page: Page, _info: Any) -> dict[str, Any]:
    return page_info(page)


class Prepared(msgspec.Struct, frozen=True):
    """A parsed and validated document."""

    document: DocumentNode | None
    errors: list[GraphQLError]


@lru_cache(maxsize=300)
def prepare(text: str) -> Prepared:
    """Parse and validate a document."""
    try:
        document = parse(text)
        return Prepared(document, validate(shop_schema(), document))
    except GraphQLError as error:
        return Prepared(None, [error])
    except RecursionError:
        return Prepared(None, [GraphQLError("The query is nested too deeply")])


class Plan(msgspec.Struct):
    """One operation that is ready to run, with its price."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    name: str | None
    requested: float
    per_node: dict[Any, float]


def plan(text: str, variables: Mapping[str, Any], name: str | None) -> Plan | list[GraphQLError]:
    """Return the plan of an operation, or what is wrong with it."""
    prepared = prepare(text)
    if prepared.document is None or prepared.errors:
        return prepared.errors
    operation = get_operation_ast(prepared.document, name)
    if operation is None:
        return [GraphQLError("An operation name is required" if name is None else f"No operation named {name!r}")]
    if shop_schema().get_root_type(operation.operation) is None:
        return [GraphQLError(f"Schema is not configured for {operation.operation.value}s")]
    coerced = get_variable_values(shop_schema(), operation.variable_definitions or (), dict(variables))
    if isinstance(coerced, list):
        return [_invalid_variable(error) for error in coerced]
    fragments = {
        one.name.value: one for one in prepared.document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    cost = Cost(shop_schema(), fragments, coerced)
    requested = cost.of(operation)
    return Plan(prepared.document, operation, dict(variables), name, requested, cost.per_node)


def _invalid_variable(error: GraphQLError) -> GraphQLError:
    return GraphQLError(error.message, error.nodes, extensions={"code": "INVALID_VARIABLE"})


def execute(ready: Plan, context: Context) -> ExecutionResult:
    """Run an operation."""
    context.per_node = ready.per_node
    result = run(
        shop_schema(),
        ready.document,
        context_value=context,
        variable_values=ready.variables,
        operation_name=ready.name,
    )
    assert isinstance(result, ExecutionResult)
    return result


def error_value(error: GraphQLError) -> dict[str, Any]:
    """Return an error as it stands in an answer; what went wrong in here is an INTERNAL_SERVER_ERROR."""
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        log.error("a simulated shop failed", exc_info=error.original_error)
        return {
            "message": "Internal error. Looks like something went wrong on our end.",
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }
    return dict(error.formatted)
