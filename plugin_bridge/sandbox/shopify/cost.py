"""What a query costs before it runs: scalars nothing, objects one, connections two and their page, mutations ten."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)
from graphql.execution.values import get_argument_values

MUTATION = 10.0
MAX_SINGLE = 1000.0
_WRAPPERS = frozenset({"edges", "nodes", "node", "pageInfo"})


class Cost:
    """The price of one operation, and of one node of each connection in it.

    Args:     variables: coerced values.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = dict(variables)
        self.per_node: dict[FieldNode, float] = {}
        """What one node less saves, by the connection's field."""

    def of(self, operation: OperationDefinitionNode) -> float:
        """Return the points an operation asks for."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            return 0.0
        total = self._selections(root, operation.selection_set)
        if operation.operation.value == "mutation":
            fields = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
            return max(MUTATION * len(fields), 1.0)
        return max(total, 1.0)

    def _selections(self, parent: Any, selections: SelectionSetNode | None) -> float:
        total = 0.0
        for one in selections.selections if selections else ():
            if isinstance(one, FieldNode):
                total += self._field(parent, one)
            elif isinstance(one, InlineFragmentNode):
                inner = self._schema.get_type(one.type_condition.name.value) if one.type_condition else parent
                total += self._selections(inner, one.selection_set)
            else:
                fragment = self._fragments.get(one.name.value)  # type: ignore[attr-defined]
                if fragment is not None:
                    inner = self._schema.get_type(fragment.type_condition.name.value)
                    total += self._selections(inner, fragment.selection_set)
        return total

    def _field(self, parent: Any, node: FieldNode) -> float:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 0.0
        field = parent.fields.get(node.name.value)
        if field is None:
            return 0.0
        inner = get_named_type(field.type)
        if not is_composite_type(inner):
            return 0.0
        below = 0.0 if isinstance(inner, GraphQLUnionType) else self._selections(inner, node.selection_set)
        if inner.name.endswith("Connection"):
            each = max(below, 1.0)
            self.per_node[node] = each
            return 2.0 + self._page(field, node) * each
        if parent.name.endswith(("Connection", "Edge")) and node.name.value in _WRAPPERS:
            return below + (1.0 if node.name.value in ("nodes", "node") else 0.0)
        return 1.0 + below

    def _page(self, field: Any, node: FieldNode) -> int:
        args = get_argument_values(field, node, self._variables)
        return max(int(args.get("first") or args.get("last") or 0), 0)
