"""The panel as a person meets it: typed, clicked and looked at in Chromium."""

from typing import Any

import pytest

from backend.models.sync import SyncRun
from backend.wiring import Container
from tests.support.chromium import Chromium, Page
from tests.support.panel import Person, add_product, add_run, add_store

pytestmark = pytest.mark.anyio

PAGES = ("/panel", "/panel/products", "/panel/feeds", "/panel/stores/connect", "/panel/nothing")
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def log_in(page: Page, base_url: str, person: Person) -> None:
    page.open(f"{base_url}/")
    assert page.path == "/panel/login?next=/panel"
    page.fill("#email", person.email)
    page.fill("#password", person.password)
    page.click("button.primary")
    assert page.path == "/panel"


def text_of(page: Page, selector: str = "main") -> str:
    return " ".join(str(page.run(f"document.querySelector('{selector}').innerText")).split())


async def test_a_person_logs_in_looks_around_and_logs_out(
    chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    store = await add_store(container, owner, name="Lampenladen")
    await add_product(container, owner, "Lantern", store=store)

    def person() -> None:
        page = chromium.page()
        log_in(page, base_url, owner)
        assert "Lampenladen" in text_of(page)
        page.click("nav a[href='/panel/products']")
        page.click(".product a")
        assert text_of(page, "h1") == "Lantern"
        page.click(".who button")
        assert page.path == "/panel/login?done=logged_out"
        page.open(f"{base_url}/panel")
        assert page.path == "/panel/login?next=/panel"
        assert page.complaints == []

    await aside(person)


async def test_everything_works_without_scripts(
    chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    await add_store(container, owner)

    def person() -> None:
        page = chromium.page(scripts=False)
        log_in(page, base_url, owner)
        page.click("button[value='full']")
        assert page.path.startswith("/panel?done=sync_started#store-")
        assert "Waiting for a worker" in text_of(page)
        page.click("nav a[href='/panel/feeds']")
        page.fill("#slug", f"feed-{owner.user_id}")
        page.click(".fields button")
        assert page.path.startswith("/panel/feeds?done=feed_created")
        assert page.complaints == []

    await aside(person)


async def test_a_run_under_way_is_followed_without_a_reload(
    chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    store = await add_store(container, owner)
    run = await add_run(
        container, store, state="running", finished_at=None, stats={"products_added": 10, "expected_products": 400}
    )
    page = chromium.page()
    await aside(log_in, page, base_url, owner)
    assert "10 of 400 products" in await aside(text_of, page)
    await aside(page.run, "window.stayed = true")
    async with container.begin() as session:
        found = await session.get_one(SyncRun, run.id)
        found.stats = {"products_added": 400, "expected_products": 400}
        found.state, found.finished_at = "completed", found.started_at
    await aside(page.wait_for, "document.querySelector('#live').innerText.includes('Completed')", 15)
    assert await aside(page.run, "window.stayed") is True
    assert await aside(page.run, "document.querySelector('#live[data-live]') === null") is True


async def test_texts_of_a_store_run_nothing(
    chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    store = await add_store(container, owner, name=HOSTILE)
    product = await add_product(container, owner, HOSTILE, sku=HOSTILE, tags=[HOSTILE])
    run = await add_run(container, store, state="failed", error_code="x", error_message=HOSTILE)

    def person() -> None:
        page = chromium.page()
        log_in(page, base_url, owner)
        for path in ("/panel", "/panel/products", f"/panel/products/{product.id}", f"/panel/runs/{run.id}"):
            page.open(base_url + path)
            assert "<script>window.hacked = 1</script>" in text_of(page)
            assert page.run("window.hacked") is None

    await aside(person)


@pytest.mark.parametrize("dark", [False, True])
async def test_pages_fit_a_telephone(
    dark: bool, chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    store = await add_store(container, owner, name="A shop with a name that goes on " * 4)
    await add_product(container, owner, "Averylongtitlewithoutanyblanks" * 5, store=store, sku="S" * 60)
    await add_run(container, store, issues=3)

    def person() -> None:
        page = chromium.page(width=360, height=740, dark=dark)
        log_in(page, base_url, owner)
        for path in PAGES:
            page.open(base_url + path)
            # Wide tables scroll inside their own box; the page itself must not.
            assert page.run("document.documentElement.scrollWidth <= innerWidth"), path

    await aside(person)


@pytest.mark.parametrize("dark", [False, True])
async def test_texts_stand_out_from_their_ground(
    dark: bool, chromium: Chromium, base_url: str, owner: Person, container: Container, aside: Any
) -> None:
    """WCAG 2.2 AA: a contrast of 4.5 for all texts that are on a page of one colour."""
    store = await add_store(container, owner, state="needs_reauth", state_reason="key_revoked: Make a new key")
    await add_run(container, store, issues=3, state="failed", error_message="It failed")
    await add_product(container, owner, "Mug", on_hand=0)

    def person() -> None:
        page = chromium.page(dark=dark)
        log_in(page, base_url, owner)
        for path in PAGES:
            page.open(base_url + path)
            assert page.run(LOW_CONTRAST) == [], path

    await aside(person)


LOW_CONTRAST = """
(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !one.checkVisibility() || one.closest(":disabled, .unseen, .skip, noscript")) continue;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) low.push(`${one.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return low;
})()
"""
