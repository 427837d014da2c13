"""Our documents, the simulated shop's schema and the scopes we ask for, held against Shopify's own schemas."""

import re
import tomllib
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    parse,
    specified_rules,
    validate,
    visit,
)

from plugin_bridge.shopify.documents import API_VERSION, QUERIES, narrowed, text_of
from plugin_bridge.shopify.scopes import SCOPES
from tests.support.shopify_schema import VERSIONS, access_of, access_of_topic, real

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in QUERIES.glob("*.graphql"))
IN_BULK = [name for name in NAMES if name.endswith("_in_bulk")]
SANDBOX = ROOT / "plugin_bridge/sandbox/shopify/schema"
MOST_CONNECTIONS, MOST_DEPTH = 5, 2
"""Of a bulk query, as Shopify's documents say."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_document_is_valid_and_asks_for_nothing_deprecated(name: str, version: str) -> None:
    for text in ((QUERIES / f"{name}.graphql").read_text(), text_of(name)):
        errors = validate(real(version).schema, parse(text), [*specified_rules, NoDeprecatedCustomRule])
        assert [error.message for error in errors] == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_mutations_that_ask_for_a_key_get_one(name: str, version: str) -> None:
    """Shopify refuses them at run time; the schema only says so in words."""
    document, mutation = parse(text_of(name)), real(version).schema.mutation_type
    assert mutation is not None
    for operation in document.definitions:
        assert isinstance(operation, OperationDefinitionNode)
        for field in operation.selection_set.selections:
            assert isinstance(field, FieldNode)
            if operation.operation.value != "mutation":
                continue
            said = mutation.fields[field.name.value].description or ""
            keyed = any(one.name.value == "idempotent" for one in field.directives)
            assert keyed == ("idempotency key is required" in said)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", IN_BULK)
def test_bulk_queries_keep_to_their_limits(name: str, version: str) -> None:
    document = parse(text_of(name))
    depths = connection_depths(document, real(version).schema)
    assert 1 <= len(depths) <= MOST_CONNECTIONS
    assert max(depths) <= MOST_DEPTH
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert len(operation.selection_set.selections) == 1
    assert operation.variable_definitions == ()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", IN_BULK)
def test_a_narrowed_bulk_query_is_valid_too(name: str, version: str) -> None:
    text = narrowed(text_of(name), "updated_at:>='2026-11-24T10:00:00Z' AND title:\"a\"")
    assert [error.message for error in validate(real(version).schema, parse(text))] == []
    assert "updated_at" in text


def connection_depths(document: DocumentNode, schema: GraphQLSchema) -> list[int]:
    """How many connections deep each connection of a document lies, from 1."""
    info, found, depth = TypeInfo(schema), [], 0

    class Connections(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            nonlocal depth
            if str(info.get_type()).strip("!").endswith("Connection"):
                depth += 1
                found.append(depth)

        def leave_field(self, node: FieldNode, *_: object) -> None:
            nonlocal depth
            depth -= str(info.get_type()).strip("!").endswith("Connection")

    visit(document, TypeInfoVisitor(info, Connections()))
    return found


def topics() -> list[str]:
    """Every topic the app subscribes to, but for the compulsory ones."""
    app = tomllib.loads((ROOT / "shopify.app.toml").read_text())
    return [topic for one in app["webhooks"]["subscriptions"] for topic in one.get("topics", [])]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_scopes_we_ask_for_are_those_our_documents_and_webhooks_need(version: str) -> None:
    shopify = real(version)
    needs = {need for name in NAMES for need in access_of(parse(text_of(name)), shopify)}
    needs |= {access_of_topic(topic, shopify) for topic in topics()} - {frozenset()}
    assert [sorted(need) for need in needs if not need & covered(SCOPES)] == []
    for scope in SCOPES:
        rest = covered([one for one in SCOPES if one != scope])
        assert [need for need in needs if not need & rest], f"{scope} is not needed"


def covered(scopes: object) -> set[str]:
    """Writing a thing covers reading it."""
    held = set(scopes)  # type: ignore[call-overload]
    return held | {one.replace("write_", "read_", 1) for one in held}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_topic_is_one_of_shopifys(version: str) -> None:
    known = real(version).schema.type_map["WebhookSubscriptionTopic"]
    assert isinstance(known, GraphQLEnumType)
    assert [topic for topic in topics() if topic.upper().replace("/", "_") not in known.values] == []


def test_the_version_we_ask_for_is_the_newest_that_is_checked() -> None:
    assert VERSIONS[-1] == API_VERSION


def sandbox_schema() -> GraphQLSchema:
    return build_schema("\n".join(path.read_text() for path in sorted(SANDBOX.glob("*.graphql"))))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_simulated_shops_schema_is_a_part_of_the_real_one(version: str) -> None:
    ours, theirs = sandbox_schema(), real(version).schema
    found = [
        difference
        for name, kind in ours.type_map.items()
        if not name.startswith("__")
        for difference in differences(kind, theirs.type_map.get(name))
    ]
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_the_simulated_shop_understands_the_document(name: str) -> None:
    assert [error.message for error in validate(sandbox_schema(), parse(text_of(name)))] == []


def differences(ours: GraphQLNamedType, theirs: GraphQLNamedType | None) -> list[str]:
    """What our type says that the real one does not."""
    if theirs is None:
        return [f"{ours.name} does not exist"]
    if type(ours) is not type(theirs):
        return [f"{ours.name} is another kind of type"]
    if isinstance(ours, GraphQLScalarType):
        return []
    if isinstance(ours, GraphQLEnumType):
        assert isinstance(theirs, GraphQLEnumType)
        return [f"{ours.name}.{value}" for value in ours.values if value not in theirs.values]
    if isinstance(ours, GraphQLUnionType):
        assert isinstance(theirs, GraphQLUnionType)
        known = {one.name for one in theirs.types}
        return [f"{ours.name}: {one.name}" for one in ours.types if one.name not in known]
    if isinstance(ours, GraphQLInputObjectType):
        assert isinstance(theirs, GraphQLInputObjectType)
        return input_differences(ours, theirs)
    assert isinstance(ours, GraphQLObjectType | GraphQLInterfaceType)
    assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
    return output_differences(ours, theirs)


def input_differences(ours: GraphQLInputObjectType, theirs: GraphQLInputObjectType) -> list[str]:
    found = [
        f"{ours.name}.{name}"
        for name, field in ours.fields.items()
        if name not in theirs.fields or str(field.type) != str(theirs.fields[name].type)
    ]
    compulsory = [name for name, field in theirs.fields.items() if str(field.type).endswith("!")]
    return found + [f"{ours.name} lacks {name}" for name in compulsory if name not in ours.fields]


def output_differences(
    ours: GraphQLObjectType | GraphQLInterfaceType, theirs: GraphQLObjectType | GraphQLInterfaceType
) -> list[str]:
    named = {one.name for one in theirs.interfaces}
    found = [f"{ours.name} implements {one.name}" for one in ours.interfaces if one.name not in named]
    for name, field in ours.fields.items():
        real_field = theirs.fields.get(name)
        if real_field is None or str(field.type) != str(real_field.type):
            found.append(f"{ours.name}.{name}: {field.type}")
            continue
        for argument, mine in field.args.items():
            theirs_too = real_field.args.get(argument)
            if theirs_too is None or str(mine.type) != str(theirs_too.type):
                found.append(f"{ours.name}.{name}({argument}: {mine.type})")
            elif mine.default_value != theirs_too.default_value:
                found.append(f"{ours.name}.{name}({argument} = {mine.default_value})")
        found += [
            f"{ours.name}.{name} lacks {argument}"
            for argument, wanted in real_field.args.items()
            if str(wanted.type).endswith("!") and argument not in field.args
        ]
    return found


def test_documents_carry_no_global_ids_or_secrets() -> None:
    texts = {name: (QUERIES / f"{name}.graphql").read_text() for name in NAMES}
    assert [name for name, text in texts.items() if re.search(r"gid://|shpat|https?://", text)] == []
