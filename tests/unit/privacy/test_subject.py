"""Which stored documents are about a customer."""

import json
from typing import Any

import pytest

from backend.domain.privacy.subject import Subject, is_about

BEA = Subject(
    customer_id="191167", email="Bea@Example.com", phone="+1 (555) 625-1199", order_ids=frozenset({"299938", "280263"})
)


def about(document: Any, topic: str = "orders/create", subject: Subject = BEA) -> bool:
    return is_about(subject, topic, json.dumps(document).encode())


@pytest.mark.parametrize(
    "document",
    [
        {"id": 1, "email": "bea@example.com"},
        {"id": 1, "contact_email": " BEA@example.com "},
        {"id": 1, "customer": {"id": 191167}},
        {"id": 1, "customer": {"admin_graphql_api_id": "gid://shopify/Customer/191167"}},
        {"id": 1, "customer_id": 191167},
        {"id": 299938},
        {"id": 1, "refunds": [{"order_id": 280263}]},
        {"id": 1, "billing_address": {"phone": "15556251199"}},
        {"id": 1, "billing": {"email": "bea@example.com"}, "line_items": [{}]},
        [{"customer": {"id": "191167"}}],
    ],
    ids=["email", "cased", "customer", "gid", "customer_id", "order", "order_id", "phone", "nested", "list"],
)
def test_a_document_that_names_the_customer_or_an_order_asked_for_is_about_them(document: Any) -> None:
    assert about(document)


@pytest.mark.parametrize(
    "document",
    [
        {"id": 1, "email": "bea@example.com.evil"},
        {"id": 191167},
        {"id": 1, "line_items": [{"product_id": 191167, "id": 299938}]},
        {"id": 1, "customer": {"id": 1911670}},
        {"id": 1, "total": "15556251199"},
        {"id": 1, "customer": {"id": True}},
        {},
        None,
    ],
    ids=["other-email", "other-order", "product", "other-customer", "no-phone", "true", "empty", "null"],
)
def test_a_number_alone_is_no_customer(document: Any) -> None:
    assert not about(document)


def test_an_order_number_counts_for_documents_about_orders_only() -> None:
    assert not about({"id": 299938}, topic="products/update")


def test_who_is_not_named_at_all_is_found_nowhere() -> None:
    nobody = Subject()
    assert not about({"id": "", "email": "", "phone": "", "customer": {"id": ""}, "order_id": ""}, subject=nobody)


def test_a_short_phone_number_finds_nothing() -> None:
    assert not about({"phone": "112"}, subject=Subject(phone="112"))


def test_bytes_that_cannot_be_read_are_searched_as_they_are() -> None:
    assert is_about(BEA, "orders/create", b'{"email": "bea@example.com"')
    assert not is_about(BEA, "orders/create", b'{"email": "ann@example.com"')


def test_documents_may_be_nested_as_deeply_as_anybody_likes() -> None:
    deep = b'{"a":' * 500 + b"1" + b"}" * 500
    assert not is_about(BEA, "orders/create", deep)


def test_a_subject_does_not_print_itself() -> None:
    assert "bea" not in repr(BEA).lower()
