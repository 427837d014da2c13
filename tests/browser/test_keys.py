"""A key in the panel: made, seen once, used, replaced and revoked by hand in a browser."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.browser.test_panel import log_in, text_of
from tests.support.chromium import Chromium, Page
from tests.support.panel import Person

pytestmark = pytest.mark.anyio

KEYS = "/panel/settings/keys"


def text_of_new_key(page: Page) -> str:
    return str(page.run("document.querySelector('.card code.address').innerText"))


async def asked(base_url: str, key: str) -> int:
    async with httpx.AsyncClient(base_url=base_url) as program:
        answer = await program.get("/api/external/v1/products", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code


async def test_a_key_is_made_used_replaced_and_revoked(
    chromium: Chromium, base_url: str, owner: Person, aside: Any
) -> None:
    page = chromium.page()
    await aside(log_in, page, base_url, owner)
    await aside(page.open, f"{base_url}{KEYS}")
    assert "No key yet." in await aside(text_of, page)
    await aside(page.fill, "#name", "Till")
    await aside(page.click, f"form[action='{KEYS}'] button")
    first = await aside(text_of_new_key, page)
    assert first.startswith("sk_live_")
    assert await asked(base_url, first) == 200
    assert await aside(page.run, "document.querySelector('button.copy').hidden") is False
    await aside(page.open, f"{base_url}{KEYS}")
    assert first not in await aside(page.run, "document.documentElement.outerHTML"), "it is shown once"
    await aside(page.click, "tr[id^='key-'] a")
    await aside(page.click, "form[action$='/rotate'] button")
    second = await aside(text_of_new_key, page)
    await asyncio.sleep(1)
    assert (await asked(base_url, first), await asked(base_url, second)) == (401, 200)
    await aside(page.open, f"{base_url}{KEYS}")
    await aside(page.click, "tr[id^='key-'] a.button")
    assert "stops working within a second" in await aside(text_of, page)
    await aside(page.click, "form[action$='/revoke'] button.danger")
    await asyncio.sleep(1)
    assert await asked(base_url, second) == 401
    assert page.complaints == []
