"""Shopify's real Admin schemas, and the access each of their fields asks for."""

import functools
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    visit,
)

from tests.support.npm import packed

VERSIONS = ("2026-07", "2026-10")
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")


class Real(msgspec.Struct):
    """One version."""

    schema: GraphQLSchema
    access: dict[tuple[str, str | None], frozenset[str]]
    """Scopes of which any one suffices, by type and field; None: to see anything of the type."""


@functools.cache
def real(version: str) -> Real:
    """Return a version's schema; the test that asks is skipped where it cannot be had."""
    path = packed("@shopify/dev-mcp") / f"dist/data/admin_{version}.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    access = {
        (item["typeName"], item.get("fieldName")): frozenset(item["offlineScopes"])
        for item in found["offline_scopes"]["items"]
        if item["offlineScopes"]
    }
    return Real(build_client_schema({"__schema": found["data"]["__schema"]}), access)


def access_of(document: DocumentNode, version: Real) -> Iterator[frozenset[str]]:
    """Yield what a document needs: of each set, one scope."""
    info = TypeInfo(version.schema)
    found: list[frozenset[str]] = []

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent, kind = info.get_parent_type(), info.get_type()
            if parent is not None:
                found.append(version.access.get((parent.name, node.name.value), frozenset()))
            if kind is not None:
                found.append(version.access.get((get_named_type(kind).name, None), frozenset()))

    visit(document, TypeInfoVisitor(info, Fields()))
    yield from (needed for needed in found if needed)


def access_of_topic(topic: str, version: Real) -> frozenset[str]:
    """Return the scopes of which any one lets an app hear a topic such as `products/update`; empty: none is needed."""
    value = version.schema.type_map["WebhookSubscriptionTopic"].values[topic.upper().replace("/", "_")]  # type: ignore[attr-defined]
    said = value.description or ""
    return frozenset(_SCOPE.findall(said.partition("Requires")[2]))
