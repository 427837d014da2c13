"""The `_fields` parameter: which keys of an answer the caller wants, dots for keys inside keys."""

from collections.abc import Mapping
from typing import Any

import msgspec

Fields = tuple[str, ...]


def read_fields(query: Mapping[str, str]) -> Fields:
    """Return the wanted keys in the order asked for; empty when all are wanted."""
    listed = [query.get("_fields", "")]
    listed += [value for name, value in query.items() if name.startswith("_fields[")]
    names = (name.strip() for text in listed for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def select(value: Any, fields: Fields) -> Any:
    """Return only the wanted keys of a struct or dictionary; of a list, the same of each element."""
    if not fields:
        return value
    if isinstance(value, list):
        return [select(element, fields) for element in value]
    if isinstance(value, msgspec.Struct):
        return _of_struct(value, fields)
    return _intersect(value, _tree(fields)) if isinstance(value, dict) else value


def _of_struct(value: msgspec.Struct, fields: Fields) -> Any:
    if any("." in name or name == "_links" for name in fields):
        return _intersect(msgspec.to_builtins(value), _tree(fields))
    # In the order asked for, as WooCommerce collects them.
    known = value.__struct_fields__
    found = {name: getattr(value, name) for name in fields if name in known}
    return {name: part for name, part in found.items() if part is not msgspec.UNSET}


def _tree(fields: Fields) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name in fields:
        node = tree
        *path, last = name.split(".")
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        else:
            node[last] = True
    return tree


def _intersect(value: Any, tree: Any) -> Any:
    if not isinstance(tree, dict):
        return value
    if isinstance(value, dict):
        return {name: _intersect(part, tree[name]) for name, part in value.items() if name in tree}
    # A list has the keys 0, 1, 2...: a name below it matches nothing, which empties it.
    return [] if isinstance(value, list | tuple) else value
