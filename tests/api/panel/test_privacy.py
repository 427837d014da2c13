"""The panel's page of requests about customers' data."""

import uuid
from datetime import timedelta

import pytest

from backend.kit.clock import utc_now
from backend.kit.ids import uuid7
from backend.models.inbound import PrivacyRequest
from backend.wiring import Container
from tests.support.panel import NewPerson, Person, Visitor

pytestmark = pytest.mark.anyio
PAGE = "/panel/privacy"


async def answered(container: Container, organization_id: uuid.UUID) -> PrivacyRequest:
    """A data request whose export lies ready."""
    request = PrivacyRequest(
        id=uuid7(),
        organization_id=organization_id,
        address="https://loom.myshopify.com",
        kind="data_request",
        state="done",
        facts={"customer_id": "191167"},
        due_at=utc_now() + timedelta(days=29),
        done_at=utc_now(),
    )
    request.export_key = f"privacy/{request.id}.json"
    async with container.blobs.writer(request.export_key) as file:
        await file.write(b'{"messages":[]}')
    async with container.begin() as session:
        session.add(request)
    return request


async def test_an_owner_sees_requests_and_fetches_the_file(owner: Person, container: Container) -> None:
    request = await answered(container, owner.organization_id)
    page = await owner.see(PAGE)
    assert page.title == "Customer data"
    assert "191167" in page.text
    link = f"{PAGE}/{request.id}/export"
    assert link in page.links
    file = await owner.client.get(link)
    assert (file.status_code, file.content) == (200, b'{"messages":[]}')
    assert file.headers["content-disposition"] == f'attachment; filename="customer-data-{request.id}.json"'
    assert file.headers["cache-control"] == "no-store"


async def test_another_organization_sees_nothing_of_it(
    owner: Person, new_owner: NewPerson, container: Container
) -> None:
    request = await answered(container, owner.organization_id)
    stranger = await new_owner()
    assert "No requests." in (await stranger.see(PAGE)).text
    assert (await stranger.client.get(f"{PAGE}/{request.id}/export")).status_code == 404


async def test_whoever_is_not_logged_in_is_sent_to_the_login(stranger: Visitor) -> None:
    for path in (PAGE, f"{PAGE}/{uuid.uuid4()}/export"):
        answer = await stranger.client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/panel/login")


async def test_the_overview_leads_there(owner: Person) -> None:
    assert PAGE in (await owner.see("/panel")).links
