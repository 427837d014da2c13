"""The page in the Shopify admin as a merchant meets it: in a frame of another site, without cookies."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest

from backend.models.sync import SyncRun
from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.browser.test_panel import LOW_CONTRAST
from tests.support.admin import Merchant, add_merchant
from tests.support.admin_site import HOST, AdminSite
from tests.support.asgi_server import serving
from tests.support.certificates import tls_contexts
from tests.support.chromium import Chromium, Document, chromium_path
from tests.support.fake_shopify import CLIENT_ID, SECRET
from tests.support.fake_stores import FakePlatforms
from tests.support.panel import add_run

pytestmark = pytest.mark.anyio

STRANGER = "evil.example"


@pytest.fixture
def settings(settings: Settings, wired_settings: Settings) -> Settings:
    """Settings of a server that has an app at Shopify."""
    return msgspec.structs.replace(settings, shopify=Shopify(client_id=CLIENT_ID, client_secret=SECRET))


@pytest.fixture
async def merchant(container: Container, internet: FakePlatforms, base_url: str) -> AsyncIterator[Merchant]:
    """A merchant whose shop is connected."""
    async with httpx.AsyncClient(base_url=base_url) as client:
        yield await add_merchant(container, internet.shopify, client)


@dataclass
class Admin:
    """The admin of a merchant's shop in a browser."""

    site: AdminSite
    port: int
    base_url: str
    merchant: Merchant

    def browser(self, *, cdn: bool) -> Chromium:
        """A browser for which all of Shopify is here; without *cdn* its scripts are nowhere."""
        path = chromium_path()
        assert path is not None
        here = f"127.0.0.1:{self.port}"
        rules = [f"MAP {HOST} {here}", f"MAP {STRANGER} {here}", f"MAP cdn.shopify.com {here if cdn else '~NOTFOUND'}"]
        return Chromium(path, f"--host-resolver-rules={','.join(rules)}", "--ignore-certificate-errors")

    def show(self, browser: Chromium, path: str = "/app", *, width: int = 1100, **query: str) -> Document:
        """Open a page of ours in the admin and return what its frame shows."""
        self.site.framed = f"{self.base_url}{path}?{urlencode(query or self.merchant.query())}"
        browser.page(width=width).open(f"https://{HOST}/store/lamp/apps/storeloom")
        frame = browser.frame(self.base_url)
        frame.wait_for("document.readyState === 'complete'")
        return frame


@pytest.fixture
async def admin(merchant: Merchant, base_url: str, tmp_path: Path) -> AsyncIterator[Admin]:
    """The admin of the merchant's shop."""
    site = AdminSite(merchant.token)
    async with serving(site, tls=tls_contexts(tmp_path)[0]) as port:
        yield Admin(site, port, base_url, merchant)


def text_of(frame: Document) -> str:
    return " ".join(str(frame.run("document.body.innerText")).split())


def visible(frame: Document, selector: str) -> bool:
    return bool(frame.run(f"document.querySelector('{selector}').checkVisibility()"))


async def finish(container: Container, run_id: str) -> None:
    async with container.begin() as session:
        run = await session.get_one(SyncRun, run_id)
        run.state, run.started_at, run.finished_at = "completed", run.created_at, run.created_at
        run.stats = {"products_added": 12}


@pytest.mark.parametrize("cdn", [False, True])
async def test_s2s_14_a_merchant_syncs_from_inside_the_admin(
    cdn: bool, admin: Admin, container: Container, aside: Any
) -> None:
    """With Shopify's scripts and without them: the page says it all by itself."""

    def press(browser: Chromium) -> tuple[Document, str]:
        frame = admin.show(browser)
        assert "Lamp Shop" in text_of(frame)
        assert "Connected" in text_of(frame)
        assert visible(frame, "button[data-sync]") is not cdn
        assert visible(frame, "s-button[data-sync]") is cdn
        frame.run(f"document.querySelector('{'s-button' if cdn else 'button'}[data-sync]').click()")
        frame.wait_for("document.body.innerText.includes('Waiting for its turn')")
        assert frame.run("document.querySelector('button[data-sync]').disabled") is True
        return frame, str(frame.run("document.querySelector('#live').dataset.shows.split(' ')[0]"))

    with admin.browser(cdn=cdn) as browser:
        frame, run_id = await aside(press, browser)
        await finish(container, run_id)
        await aside(frame.wait_for, "document.querySelector('#live').innerText.includes('Completed')", 15)
        assert await aside(frame.run, "document.querySelector('button[data-sync]').disabled") is False
        assert "12" in await aside(text_of, frame)
        assert await aside(frame.run, "document.cookie") == ""


async def test_s2s_14_a_link_gets_its_token_on_the_way(
    admin: Admin, merchant: Merchant, container: Container, aside: Any
) -> None:
    run = await add_run(container, merchant.store, issues=2)

    def look(browser: Chromium) -> None:
        frame = admin.show(browser, id_token=merchant.token(life_s=-60), shop=merchant.shop)
        frame.wait_for("document.querySelector('h2') !== null")
        assert "Lamp Shop" in text_of(frame)
        frame.run("document.querySelector('.run-line a').click()")
        frame.wait_for(f"location.pathname === '/app/runs/{run.id}' && document.body.innerText.includes('Issues')")
        assert text_of(frame).count("price_unreadable") == 2

    with admin.browser(cdn=True) as browser:
        await aside(look, browser)


async def test_s2s_14_a_stranger_frames_nothing(admin: Admin, merchant: Merchant, aside: Any) -> None:
    def look(browser: Chromium) -> None:
        admin.site.framed = f"{admin.base_url}/app?{urlencode(merchant.query())}"
        page = browser.page()
        page.open(f"https://{STRANGER}/")
        page.wait_for("true")
        assert [one for one in page.complaints if "frame-ancestors" in one]

    with admin.browser(cdn=True) as browser:
        await aside(look, browser)


async def test_a_page_that_the_admin_forgot_says_so(admin: Admin, merchant: Merchant, aside: Any) -> None:
    """Without App Bridge the token of the address is good for a minute only."""

    def press(browser: Chromium) -> None:
        frame = admin.show(browser)
        frame.run("history.replaceState(null, '', '/app?id_token=expired')")
        frame.run("document.querySelector('button[data-sync]').click()")
        frame.wait_for("!document.querySelector('#trouble').hidden")
        assert "Close the app and open it again" in text_of(frame)

    with admin.browser(cdn=False) as browser:
        await aside(press, browser)


MOVED = """
new Promise((done) => {
  const moved = [];
  const observer = new PerformanceObserver((list) => {
    for (const one of list.getEntries().filter((one) => !one.hadRecentInput))
      moved.push([one.value, one.sources.map((source) => source.node?.outerHTML?.slice(0, 60))]);
  });
  observer.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 300);
})
"""
"""How far things moved under the reader's eyes, and what; what a new size of the window moves does not count."""


@pytest.mark.parametrize("width", [360, 1100])
async def test_it_fits_is_legible_and_does_not_jump(
    width: int, admin: Admin, merchant: Merchant, container: Container, aside: Any
) -> None:
    run = await add_run(container, merchant.store, issues=3, state="failed", error_message="It failed", error_code="x")
    async with container.transaction() as services:
        actor = await container.operator_for_store(merchant.store.id)
        for number in range(2):
            slug = f"feed-{number}-{merchant.store.id}"
            await services.feeds.create(actor, slug=slug, output="xml", title="T" * 90, publish=number == 0)

    def look(browser: Chromium) -> None:
        for path in ("/app", f"/app/runs/{run.id}"):
            frame = admin.show(browser, path, width=width)
            assert frame.run("document.documentElement.scrollWidth <= innerWidth"), path
            assert frame.run(LOW_CONTRAST) == [], path
            moved = frame.run(MOVED)
            assert sum(value for value, _ in moved) < 0.05, moved
            browser.send("Target.closeTarget", targetId=tab(browser))

    def tab(browser: Chromium) -> str:
        targets = browser.send("Target.getTargets")["targetInfos"]
        return str(next(one["targetId"] for one in targets if HOST in one["url"] and one["type"] == "page"))

    with admin.browser(cdn=False) as browser:
        await aside(look, browser)
