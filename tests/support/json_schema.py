"""As much of JSON Schema as Shopify's webhook schemas use: types, properties, required, items; formats by shape."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "string": str,
    "array": list,
    "object": dict,
}
_FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "uri": re.compile(r"[a-z][a-z0-9+.-]*:\S+"),
    "ipv4": re.compile(r"\d{1,3}(\.\d{1,3}){3}"),
    "hostname": re.compile(r"[a-z0-9.-]+"),
}
_KNOWN = {"$schema", "type", "properties", "required", "items", "format"}


def problems(schema: Mapping[str, Any], value: Any, where: str = "$") -> Iterator[str]:
    """Yield what is wrong with a value; a keyword that is not understood is an error of the test."""
    assert set(schema) <= _KNOWN, f"{where}: {set(schema) - _KNOWN} are not understood"
    allowed = schema.get("type")
    if allowed is not None and not _is_one(value, [allowed] if isinstance(allowed, str) else allowed):
        yield f"{where} is {type(value).__name__}, not {allowed}"
        return
    if isinstance(value, str) and "format" in schema and not _FORMATS[schema["format"]].fullmatch(value):
        yield f"{where} is no {schema['format']}: {value!r}"
    if isinstance(value, dict):
        yield from (f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from problems(inner, value[name], f"{where}.{name}")
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for n, one in enumerate(value):
            yield from problems(schema["items"], one, f"{where}[{n}]")


def _is_one(value: Any, names: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)
