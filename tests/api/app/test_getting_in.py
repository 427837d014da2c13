"""Who gets in: documents by the token in their address, scripts by the one in their header, and nobody else."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest

from backend.domain.catalog.service import CatalogService
from backend.kit.log import set_up_logging
from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.admin import Merchant, NewMerchant
from tests.support.fake_shopify import CLIENT_ID
from tests.support.panel import Shown, add_run

pytestmark = pytest.mark.anyio

PATCH = "/app/patch-id-token"


BAD: dict[str, Callable[[Merchant], str]] = {
    "none": lambda merchant: "",
    "garbage": lambda merchant: "a.b.c",
    "unsigned": lambda merchant: merchant.token().rpartition(".")[0] + ".",
    "expired": lambda merchant: merchant.token(life_s=-60),
    "another secret": lambda merchant: merchant.token(secret="x" * 32),
    "another app": lambda merchant: merchant.token(aud="another"),
    "endless": lambda merchant: "a" * 9_000,
}


def tells_nothing(response: httpx.Response, merchant: Merchant) -> None:
    shown = str(response.headers) + response.text
    for told in (merchant.store.name, str(merchant.store.id), merchant.person.organization, merchant.person.email):
        assert told not in shown


@pytest.mark.parametrize("kind", sorted(BAD))
async def test_s2s_14_a_page_without_a_good_token_goes_over_the_patch_page(kind: str, merchant: Merchant) -> None:
    response = await merchant.open(id_token=BAD[kind](merchant))
    assert response.status_code == 302
    location = urlsplit(response.headers["location"])
    query = dict(parse_qsl(location.query))
    assert (location.netloc, location.path, query["shop"]) == ("", PATCH, merchant.shop)
    assert urlsplit(query["shopify-reload"]).path == "/app"
    assert "id_token" not in response.headers["location"]
    tells_nothing(response, merchant)
    patch = await merchant.client.get(response.headers["location"])
    assert patch.status_code == 200
    tells_nothing(patch, merchant)


async def test_s2s_14_the_patch_page_holds_app_bridge_and_no_other_script(merchant: Merchant) -> None:
    response = await merchant.client.get(PATCH, params={"shop": merchant.shop, "shopify-reload": "/app?shop=x"})
    shown = Shown(response)
    (script,) = shown.all("//script")
    assert script.get("src") == "https://cdn.shopify.com/shopifycloud/app-bridge.js"
    assert script.get("data-api-key") == CLIENT_ID
    assert not shown.links


async def test_s2s_14_a_token_that_is_never_good_does_not_lead_round_in_circles(merchant: Merchant) -> None:
    bad = merchant.token(secret="the secret of another app, long enough")
    response = await merchant.open(id_token=bad)
    patch = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    back = parsed(patch["shopify-reload"])
    again = await merchant.client.get("/app", params={**back, "id_token": bad})
    assert again.status_code == 401
    assert "SHOPIFY_CLIENT_SECRET" in again.text
    assert again.headers["content-security-policy"].startswith(f"frame-ancestors https://{merchant.shop} ")
    good = await merchant.client.get("/app", params={**back, "id_token": merchant.token()})
    assert good.status_code == 200


def parsed(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


@pytest.mark.parametrize(
    "reload",
    ["", "//evil.com", "https://evil.com/app", "/\\evil.com", "/app/../panel", "/app\r\nx", "/panel", PATCH],
    ids=["none", "host", "url", "backslash", "dots", "newline", "panel", "itself"],
)
async def test_s2s_14_the_patch_page_leads_nowhere_else(reload: str, merchant: Merchant) -> None:
    response = await merchant.client.get(PATCH, params={"shop": merchant.shop, "shopify-reload": reload})
    assert response.status_code == 400
    assert "<script" not in response.text
    assert "evil" not in response.text


async def test_s2s_14_the_patch_page_refuses_an_address_that_says_two_things(merchant: Merchant) -> None:
    for twice in (f"shop={merchant.shop}&shop=b.myshopify.com", f"shop={merchant.shop}&shopify-reload=//evil.com"):
        response = await merchant.client.get(f"{PATCH}?{twice}&shopify-reload=/app")
        assert response.status_code == 400
        assert "<script" not in response.text


async def test_s2s_14_without_a_shop_the_page_says_where_to_open_it(client: httpx.AsyncClient) -> None:
    response = await client.get("/app")
    assert response.status_code == 401
    assert Shown(response).title == "Open Storeloom in the Shopify admin"


@pytest.mark.parametrize("kind", sorted(BAD))
@pytest.mark.parametrize(("method", "path"), [("GET", "/app"), ("GET", "/app/status"), ("POST", "/app/sync")])
async def test_s2s_14_a_script_with_a_bad_token_is_told_to_retry(
    method: str, path: str, kind: str, merchant: Merchant
) -> None:
    response = await merchant.fetch(path, method, BAD[kind](merchant))
    assert response.status_code == 401
    assert response.headers["x-shopify-retry-invalid-session-request"] == "1"
    assert response.json()["code"] == "UNAUTHENTICATED"
    tells_nothing(response, merchant)


@pytest.mark.parametrize(("method", "path"), [("GET", "/app/status"), ("POST", "/app/sync")])
async def test_what_scripts_ask_for_takes_no_token_from_the_address(method: str, path: str, merchant: Merchant) -> None:
    response = await merchant.client.request(method, path, params=merchant.query())
    assert response.status_code == 401
    assert (await merchant.fetch("/app/status")).json()["run"] is None


async def test_two_tokens_in_one_address_are_none(merchant: Merchant) -> None:
    token = merchant.token()
    response = await merchant.client.get(f"/app?shop={merchant.shop}&id_token=a.b.c&id_token={token}")
    assert response.status_code == 302


async def test_a_token_counts_more_than_the_shop_in_the_address(merchant: Merchant, new_merchant: NewMerchant) -> None:
    other = await new_merchant(name="Of somebody else")
    response = await merchant.open(shop=other.shop)
    assert response.status_code == 200
    assert "Lamp Shop" in response.text
    assert other.shop not in response.headers["content-security-policy"] + response.text
    assert f"https://{merchant.shop} " in response.headers["content-security-policy"]


async def test_s2s_16_a_server_without_an_app_says_what_its_operator_has_to_set(
    client: httpx.AsyncClient, app: Any, settings: Settings
) -> None:
    app.state.settings = msgspec.structs.replace(settings, shopify=Shopify())
    response = await client.get("/app")
    assert response.status_code == 409
    assert "SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET" in Shown(response).text
    fetched = await client.get("/app/status", headers={"Authorization": "Bearer x"})
    assert (fetched.status_code, fetched.json()["code"]) == (409, "SHOPIFY_NOT_CONFIGURED")


def policy_of(response: httpx.Response) -> str:
    assert "x-frame-options" not in response.headers
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in response.headers
    (policy,) = response.headers.get_list("content-security-policy")
    return str(policy)


NOBODY = "frame-ancestors 'none';"


async def test_s2s_14_every_answer_says_who_may_frame_it(
    merchant: Merchant, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await add_run(container, merchant.store)
    its_shop = f"frame-ancestors https://{merchant.shop} https://admin.shopify.com;"
    for path in ("/app", f"/app/runs/{run.id}", "/app/runs/00000000-0000-0000-0000-000000000000", "/app/status"):
        assert policy_of(await merchant.open(path)).startswith(its_shop), path
        assert policy_of(await merchant.open(path, id_token="x")).startswith(its_shop), path
    for path in ("/app/nothing", "/app/runs/abc", "/app/%00", "/app/%ff"):
        assert policy_of(await merchant.open(path)).startswith(NOBODY), path
    for method, path in (("DELETE", "/app"), ("GET", "/app/sync"), ("POST", "/app"), ("PUT", PATCH)):
        assert policy_of(await merchant.client.request(method, path)).startswith(NOBODY), path
    assert policy_of(await merchant.fetch("/app/sync", "POST")).startswith(its_shop)

    async def broken(*_: Any, **__: Any) -> int:
        raise RuntimeError("the insides: hunter2")

    monkeypatch.setattr(CatalogService, "count", broken)
    failed = await merchant.open()
    assert failed.status_code == 500
    assert policy_of(failed).startswith(its_shop)
    for inside in ("hunter2", "Traceback", "RuntimeError", ".py"):
        assert inside not in failed.text


@pytest.mark.parametrize(
    "shop",
    [
        "evil.com",
        "evil.com https://*",
        "x.myshopify.com.evil.com",
        "a.myshopify.com; script-src *",
        "a.myshopify.com\n",
    ],
    ids=["other", "star", "suffix", "directive", "newline"],
)
@pytest.mark.parametrize("path", ["/app", PATCH, "/app/status", "/app/nothing"])
async def test_s2s_14_a_shop_that_is_none_may_frame_nothing(path: str, shop: str, client: httpx.AsyncClient) -> None:
    for query in ({"shop": shop}, {"shop": shop, "shopify-reload": "/app"}, {"shop": shop, "id_token": "a.b.c"}):
        response = await client.get(path, params=query)
        policy = policy_of(response)
        assert policy.startswith(NOBODY)
        assert "evil" not in policy
        assert "script-src *" not in policy


async def test_too_many_patch_pages_are_refused_with_a_page(merchant: Merchant) -> None:
    query = {"shop": merchant.shop, "shopify-reload": "/app"}
    answers = [await merchant.client.get(PATCH, params=query) for _ in range(121)]
    assert [one.status_code for one in answers[:120]] == [200] * 120
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert policy_of(answers[-1]).startswith(f"frame-ancestors https://{merchant.shop} ")


async def test_no_token_is_written_to_the_log_or_to_a_page(
    merchant: Merchant,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up_logging("debug")  # once more, so that it writes to where this test looks
    tokens = [merchant.token(), merchant.token(life_s=-60), merchant.token(secret="x" * 32)]

    async def broken(*_: Any, **__: Any) -> int:
        raise RuntimeError("broken")

    pages = [await merchant.open(id_token=token) for token in tokens]
    pages += [await merchant.fetch("/app/status", token=token) for token in tokens]
    monkeypatch.setattr(CatalogService, "count", broken)
    pages.append(await merchant.open(id_token=tokens[0]))
    assert pages[-1].status_code == 500
    said = capsys.readouterr()
    everything = said.out + said.err + "".join(str(page.headers) + page.text for page in pages)
    assert "app.id_token_refused" in everything
    assert not [token for token in tokens if token in everything or token.rpartition(".")[2] in everything]


async def test_the_page_asks_for_no_cookie_and_sets_none(merchant: Merchant) -> None:
    merchant.client.cookies.set("storeloom_session", "nonsense", domain="hub.example.com")
    response = await merchant.open()
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


async def test_the_page_has_no_openapi_document(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs/app/openapi.json")).status_code == 404
    assert "/app/status" not in (await client.get("/docs/all/openapi.json")).text
