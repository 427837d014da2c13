"""What comes with every page: headers, and refusals that look like pages."""

from typing import Any

import httpx
import pytest

from backend.domain.catalog.service import CatalogService
from tests.support.panel import LOGIN, Person, Shown, Visitor

pytestmark = pytest.mark.anyio

HUGE = "9" * 30


def protected(response: httpx.Response) -> None:
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/panel", "/panel/products", "/panel/feeds", "/panel/stores/connect", LOGIN])
async def test_pages_are_protected_by_headers(path: str, owner: Person) -> None:
    shown = await owner.see(path)
    protected(shown.response)
    assert shown.response.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/panel", "/sales-channels", "/panel/nothing", "/panel/static/nothing.css"])
async def test_redirects_and_refusals_are_protected_too(path: str, stranger: Visitor) -> None:
    protected(await stranger.client.get(path))


async def test_no_page_holds_styles_or_scripts_of_its_own(owner: Person) -> None:
    """The policy would refuse them."""
    for path in ("/panel", "/panel/feeds", "/panel/products", LOGIN):
        shown = await owner.see(path)
        assert not shown.all("//style | //*[@style] | //script[not(@src)] | //*[@onclick]")
        assert all(str(one).startswith("/panel/static/") for one in shown.all("//script/@src | //link/@href"))


@pytest.mark.parametrize(
    "path",
    [
        "/panel/nothing",
        "/panel/products/0",
        f"/panel/products/{HUGE}",
        "/panel/products/abc",
        "/panel/products/-1",
        "/panel/runs/abc",
        "/panel/runs/00000000-0000-0000-0000-000000000000",
        "/panel/stores/00000000-0000-0000-0000-000000000000/disconnect",
        "/panel/%00",
        "/panel/%ff",
    ],
)
async def test_what_does_not_exist_is_a_page_that_says_so(path: str, owner: Person) -> None:
    shown = await owner.see(path, 404)
    assert shown.title == "Nothing here"
    assert "/panel" in shown.links


async def test_a_wrong_method_is_a_page_too(owner: Person) -> None:
    response = await owner.client.delete("/panel/products")
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
    assert response.headers["content-type"].startswith("text/html")


async def test_an_error_of_ours_shows_nothing_of_our_insides(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the insides: hunter2")

    monkeypatch.setattr(CatalogService, "page", broken)
    response = await owner.client.get("/panel/products")
    assert response.status_code == 500
    assert Shown(response).title == "Something went wrong"
    for inside in ("hunter2", "Traceback", "RuntimeError", ".py"):
        assert inside not in response.text
    protected(response)


async def test_files_are_kept_by_browsers_until_they_change(owner: Person) -> None:
    shown = await owner.see("/panel")
    for address in shown.all("//link/@href | //script/@src"):
        response = await owner.client.get(str(address))
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "?v=" in str(address)


@pytest.mark.parametrize("path", ["/panel/static/../surface.py", "/panel/static/%2e%2e/surface.py", "/panel/static/"])
async def test_no_other_file_is_served(path: str, owner: Person) -> None:
    assert (await owner.client.get(path)).status_code == 404


@pytest.mark.parametrize("name", ["%00", "panel.css%00", "panel.css/x", "a" * 300, "panel.css/..%2f"])
async def test_what_cannot_be_a_files_name_leads_to_nothing(name: str, owner: Person) -> None:
    for method in ("GET", "HEAD"):
        assert (await owner.client.request(method, f"/panel/static/{name}")).status_code == 404


async def test_the_panel_has_no_openapi_document(stranger: Visitor) -> None:
    assert (await stranger.client.get("/docs/panel/openapi.json")).status_code == 404
    assert "/panel" not in (await stranger.client.get("/docs/all/openapi.json")).text


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/sales-channels", "/panel"),
        ("/sales-channels?oauth=error&message=No%20thanks", "/panel?oauth=error&message=No+thanks"),
        (
            "/sales-channels/0190a8f0-7c3e-7e3b-8a55-000000000001?oauth=success&other=1",
            "/panel?oauth=success#store-0190a8f0-7c3e-7e3b-8a55-000000000001",
        ),
        ("/sales-channels/%0d%0aX:y?oauth=success", "/panel?oauth=success"),
    ],
)
async def test_s2s_15_consent_pages_lead_back_into_the_panel(path: str, target: str, stranger: Visitor) -> None:
    response = await stranger.client.get(path)
    assert (response.status_code, response.headers["location"]) == (303, target)


async def test_s2s_15_what_the_consent_page_said_is_shown_as_a_quotation(owner: Person) -> None:
    shown = await owner.see("/panel?oauth=error&message=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "The store was not connected. The reason given: “<script>alert(1)</script>”" in shown.text
    assert "<script>alert" not in shown.source
