"""Bulk queries: which are allowed, and what of a selection becomes which part of which line."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values

from plugin_bridge.sandbox.shopify.access import missing
from plugin_bridge.sandbox.shopify.context import Resolver
from plugin_bridge.sandbox.shopify.schema import TYPE_NAMES, bare_schema, denied, resolver_of

MAX_CONNECTIONS = 5
MAX_DEPTH = 2
"""How deep connections may lie within connections."""


class NotAllowed(Exception):
    """The query cannot be run in bulk; the message says why."""


class Part(msgspec.Struct, frozen=True):
    """One entry of a line: a value, an object, or a list of either."""

    key: str
    resolver: Resolver
    args: dict[str, Any]
    inner: "Shape | None"
    many: bool


class Branch(msgspec.Struct, frozen=True):
    """A connection: its nodes become lines of their own."""

    resolver: Resolver
    args: dict[str, Any]
    node: "Shape"


class Shape(msgspec.Struct):
    """What is selected of a thing; by type where only an interface is promised."""

    parts: list[Part] = []
    branches: list[Branch] = []
    by_type: dict[str, "Shape"] = {}
    latest: tuple[Any, dict[str, Any]] | None = None
    """The thing that was rendered last and its row: variants in a row share their product."""

    def of(self, thing: Any) -> "Shape":
        """Return the shape for this very thing."""
        return self.by_type.get(TYPE_NAMES.get(type(thing), ""), self) if self.by_type else self


def compile_query(text: str, scopes: frozenset[str]) -> Branch:
    """Return the root connection of a bulk query, ready to be written.

    Raises:   NotAllowed; problems.Refused with ACCESS_DENIED for what the token may not read.
    """
    schema = bare_schema()
    try:
        document = parse(text)
        errors = validate(schema, document)
    except GraphQLError as error:
        raise NotAllowed(f"Invalid bulk query: {error.message}") from None
    except RecursionError:
        raise NotAllowed("Invalid bulk query: it is nested too deeply") from None
    if errors:
        raise NotAllowed(f"Invalid bulk query: {errors[0].message}")
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation.value != "query":
        raise NotAllowed("Invalid bulk query: one query operation is expected.")
    if operations[0].variable_definitions:
        raise NotAllowed("Invalid bulk query: variables are not supported.")
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return _Compiler(schema, fragments, scopes).root(operations[0])


class _Compiler:
    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], scopes: frozenset[str]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._scopes = scopes
        self._connections: set[int] = set()

    def root(self, operation: OperationDefinitionNode) -> Branch:
        query = self._schema.query_type
        assert query is not None
        fields = self._fields(query, operation.selection_set)
        if len(fields) != 1:
            raise NotAllowed("Bulk queries can only have a single top-level field.")
        if fields[0].name.value in ("node", "nodes"):
            raise NotAllowed("Bulk queries can't use the top-level node and nodes fields.")
        shape = self._shape(query, operation.selection_set, 0)
        if not shape.branches:
            raise NotAllowed("Bulk queries must contain at least one connection.")
        if len(self._connections) > MAX_CONNECTIONS:
            raise NotAllowed(f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections.")
        return shape.branches[0]

    def _fields(self, parent: Any, selections: SelectionSetNode | None) -> list[FieldNode]:
        found: list[FieldNode] = []
        for one in selections.selections if selections else ():
            if isinstance(one, FieldNode):
                found.append(one)
            elif isinstance(one, InlineFragmentNode):
                if one.type_condition is None or self._applies(parent, one.type_condition.name.value):
                    found += self._fields(parent, one.selection_set)
            elif isinstance(one, FragmentSpreadNode):
                fragment = self._fragments[one.name.value]
                if self._applies(parent, fragment.type_condition.name.value):
                    found += self._fields(parent, fragment.selection_set)
        return found

    def _applies(self, parent: Any, condition: str) -> bool:
        wanted = self._schema.get_type(condition)
        if wanted is parent:
            return True
        return isinstance(wanted, GraphQLInterfaceType) and self._schema.is_sub_type(wanted, parent)

    def _shape(self, parent: Any, selections: SelectionSetNode | None, depth: int) -> Shape:
        if is_abstract_type(parent):
            kinds = self._schema.get_possible_types(parent)
            return Shape(by_type={kind.name: self._shape(kind, selections, depth) for kind in kinds})
        shape = Shape(parts=[], branches=[])
        for node in self._fields(parent, selections):
            self._add(shape, parent, node, depth)
        return shape

    def _add(self, shape: Shape, parent: GraphQLObjectType, node: FieldNode, depth: int) -> None:
        name = node.name.value
        key = node.alias.value if node.alias else name
        if name == "__typename":
            kind = parent.name
            shape.parts.append(Part(key, lambda _c, _t, _a: kind, {}, None, many=False))
            return
        field = parent.fields[name]
        returns = get_named_type(field.type)
        wanted = missing(parent.name, name, returns.name, self._scopes)
        if wanted is not None:
            raise denied(wanted, name)
        args, resolver = get_argument_values(field, node), resolver_of(parent.name, name)
        if is_leaf_type(returns):
            shape.parts.append(Part(key, resolver, args, None, many=False))
        elif returns.name.endswith("Connection"):
            shape.branches.append(self._branch(parent, node, returns, args, depth))
        elif is_composite_type(returns):
            inner = self._shape(returns, node.selection_set, depth)
            shape.parts.append(Part(key, resolver, args, inner, many=_is_list(field.type)))
            # Connections below an object hang on the nearest node above it.
            shape.branches += [_below(resolver, args, branch) for branch in inner.branches]
            inner.branches = []

    def _branch(self, parent: Any, node: FieldNode, returns: Any, args: dict[str, Any], depth: int) -> Branch:
        self._connections.add(id(node))
        if depth > MAX_DEPTH:
            raise NotAllowed(f"Bulk queries cannot contain connections with a nesting depth greater than {MAX_DEPTH}.")
        edge = self._only(returns, node.selection_set, "edges")
        inner = self._only(edge[0], edge[1], "node")
        shape = self._shape(inner[0], inner[1], depth + 1)
        for one in shape.by_type.values() or (shape,):
            if one.branches and not any(part.key == "id" and part.inner is None for part in one.parts):
                raise NotAllowed(
                    "The parent 'node' field for a nested connection must select the 'id' field without an alias and "
                    f"must be of 'ID' return type. Connection fields without 'id': {node.name.value}."
                )
        return Branch(resolver_of(parent.name, node.name.value), args, shape)

    def _only(self, parent: Any, selections: SelectionSetNode | None, name: str) -> tuple[Any, SelectionSetNode | None]:
        for one in self._fields(parent, selections):
            if one.name.value == name:
                return get_named_type(parent.fields[name].type), one.selection_set
        raise NotAllowed("Bulk queries must select the 'edges' and 'node' fields of each connection.")


def _below(resolver: Resolver, args: dict[str, Any], branch: Branch) -> Branch:
    def through(context: Any, thing: Any, inner_args: Mapping[str, Any]) -> Any:
        inner = resolver(context, thing, args)
        return None if inner is None else branch.resolver(context, inner, inner_args)

    return Branch(through, branch.args, branch.node)


def _is_list(kind: Any) -> bool:
    while isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    return isinstance(kind, GraphQLList)


def branches_of(shape: Shape, thing: Any) -> Sequence[Branch]:
    """Return the connections that hang on a thing."""
    return shape.of(thing).branches
