"""Feeds in the panel."""

import uuid

import pytest

from backend.wiring import Container
from tests.support.panel import NewPerson, Person, Shown, add_product
from tests.support.plugin_api import new_mark
from tests.support.running_jobs import run_jobs

pytestmark = pytest.mark.anyio

FEEDS = "/panel/feeds"


@pytest.fixture
def slug() -> str:
    return f"feed-{new_mark()}"


async def test_an_account_without_feeds_is_told_what_they_are_for(owner: Person) -> None:
    assert "No feed yet." in (await owner.see(FEEDS)).text


async def test_a_feed_is_made_generated_and_fetched_by_its_public_address(
    owner: Person, container: Container, slug: str
) -> None:
    await add_product(
        container,
        owner,
        "Mug",
        url="https://shop.example.com/mug",
        images=[{"url": "https://shop.example.com/mug.jpg"}],
    )
    response = await owner.send(FEEDS, slug=slug, kind="plain/json", title="All my mugs")
    assert (response.status_code, response.headers["location"]) == (303, f"{FEEDS}?done=feed_created#feed-{slug}")
    waiting = await owner.see(f"{FEEDS}?done=feed_created")
    assert "The feed is made." in waiting.text
    assert "being generated" in waiting.text
    assert waiting.all("//*[@data-live]")
    await run_jobs(container, "feeds.generate_feed")
    for path in (FEEDS, "/panel"):
        (line,) = (await owner.see(path)).all(f"//tr[@id='feed-{slug}']")
        text = " ".join(line.text_content().split())
        for part in ("All my mugs", "JSON", "Plain", "just now", "Public"):
            assert part in text
        assert line.xpath(".//a/@href") == [f"https://hub.example.com/api/public/feeds/{slug}"]
        assert line.xpath(".//td[@class='num']")[0].text_content().strip().startswith("1")
    assert (await owner.client.get(f"/api/public/feeds/{slug}")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"slug": "No Good!"}, "A slug has 1..100 lower-case letters, digits and dashes."),
        ({"slug": ""}, "A slug has 1..100"),
        ({"kind": "google/pdf"}, "The format must be one of"),
        ({"kind": ""}, "The format must be one of"),
        ({"kind": "google/json"}, "There is no such template for json"),
    ],
)
async def test_what_is_wrong_stands_in_the_form(typed: dict[str, str], says: str, owner: Person, slug: str) -> None:
    filled = {"slug": slug, "kind": "google/xml", "title": "<b>Kept</b>", **typed}
    response = await owner.send(FEEDS, **filled)
    assert response.status_code == 400
    shown = Shown(response)
    (wrong,) = shown.all("//form//*[@role='alert']")
    assert says in wrong.text_content()
    assert shown.all("//*[@aria-invalid='true']")
    assert shown.fields(FEEDS)["slug"] == filled["slug"]
    assert shown.fields(FEEDS)["title"] == "<b>Kept</b>"


async def test_a_slug_that_is_taken_is_said_beside_the_field(owner: Person, new_owner: NewPerson, slug: str) -> None:
    other = await new_owner()
    await other.send(FEEDS, slug=slug, kind="google/xml")
    response = await owner.send(FEEDS, slug=slug, kind="google/xml")
    assert response.status_code == 400
    assert "Another feed has this slug" in response.text
    assert "No feed yet." in (await owner.see(FEEDS)).text


async def test_unpublishing_and_publishing_again(owner: Person, container: Container, slug: str) -> None:
    await owner.send(FEEDS, slug=slug, kind="plain/csv")
    await run_jobs(container, "feeds.generate_feed")
    (action,) = (await owner.see(FEEDS)).all("//form[contains(@action, 'unpublish')]/@action")
    assert (await owner.send(FEEDS, str(action))).status_code == 303
    shown = await owner.see(FEEDS)
    assert "Not public" in shown.text
    (action,) = shown.all("//form[contains(@action, '/publish')]/@action")
    assert (await owner.send(FEEDS, str(action))).status_code == 303
    assert "Not public" not in (await owner.see(FEEDS)).text


async def test_a_feed_made_without_publishing_is_not_public(owner: Person, slug: str) -> None:
    await owner.send(FEEDS, slug=slug, kind="plain/csv", publish="no")
    assert "Not public" in (await owner.see(FEEDS)).text
    assert (await owner.client.get(f"/api/public/feeds/{slug}")).status_code == 404


async def test_a_failed_generation_is_shown(owner: Person, container: Container, slug: str) -> None:
    await owner.send(FEEDS, slug=slug, kind="plain/csv")
    async with container.transaction() as services:
        actor = await container.authenticator.authenticate(owner.client.cookies["storeloom_session"])
        feed = await services.feeds.get_by_slug(actor, slug)
        feed.last_error = "OSError: no space <left>"
    shown = await owner.see("/panel")
    assert "The last generation failed: OSError: no space <left>" in shown.text
    assert "1 generation failed" in shown.text


@pytest.mark.parametrize("step", ["publish", "unpublish"])
async def test_feeds_of_another_organization_are_404(step: str, owner: Person, new_owner: NewPerson, slug: str) -> None:
    other = await new_owner()
    await other.send(FEEDS, slug=slug, kind="plain/csv")
    (action,) = (await other.see(FEEDS)).all("//form[contains(@action, 'unpublish')]/@action")
    path = str(action).replace("unpublish", step)
    assert (await owner.client.post(path, data={"form_token": await owner.token()})).status_code == 404
    missing = f"{FEEDS}/{uuid.uuid4()}/{step}"
    assert (await owner.client.post(missing, data={"form_token": await owner.token()})).status_code == 404
    assert "Not public" not in (await other.see(FEEDS)).text
