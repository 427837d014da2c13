"""What would be written to a store, looked at, applied and taken back by hand in a browser."""

from typing import Any

import pytest

from backend.domain.stores.credentials import CredentialsVault
from backend.models.catalog import Listing
from backend.wiring import Container
from tests.browser.test_panel import log_in, text_of
from tests.support.chromium import Chromium, Page
from tests.support.panel import Person, add_listing, add_store
from tests.support.running_jobs import run_jobs

pytestmark = pytest.mark.anyio


async def until_shown(page: Page, aside: Any, words: str) -> None:
    await aside(page.wait_for, f"document.querySelector('main').innerText.includes({words!r})", 15)


async def test_a_change_is_looked_at_applied_and_taken_back(
    chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    store = await add_store(container, owner, settings={"push": "manual"})
    async with container.begin() as session:
        await CredentialsVault(session, container.sealer).put(store, {"consumer_key": "ck", "consumer_secret": "cs"})
    listing = await add_listing(container, owner, store, "Lantern")
    key = (owner.organization_id, store.id, listing.external_id)

    async def shown_and_due() -> tuple[Any, Any]:
        async with container.begin() as session:
            found = await session.get_one(Listing, key)
        return found.shown, found.due

    before, _ = await shown_and_due()
    page = chromium.page()
    await aside(log_in, page, base_url, owner)
    await aside(page.open, f"{base_url}/panel/stores/{store.id}")
    await aside(page.click, "form[action$='/preview'] button")
    seen = await aside(text_of, page)
    assert "Lantern" in seen
    assert "price 10 → 12.5" in seen
    assert (await shown_and_due())[0] == before, "a preview writes nothing"
    await aside(page.click, "form[action$='/apply'] button")
    assert await run_jobs(container, "sync.push_store") == 1
    await until_shown(page, aside, "Completed")
    assert await shown_and_due() == (None, None), "the store shows what the catalog holds"
    await aside(page.click, "form[action$='/undo'] button")
    await until_shown(page, aside, "12.5 → 10")
    await aside(page.click, "form[action$='/apply'] button")
    await run_jobs(container, "sync.push_store")
    await until_shown(page, aside, "Completed")
    assert (await shown_and_due())[0] == before
    assert page.complaints == []
