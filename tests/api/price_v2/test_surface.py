"""What holds for every address: credentials, verbs, shapes, tenants (contract rows PRI-01, 02, 19 to 22)."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from backend.api.price_v2.surface import PRICE
from tests.support.monitoring import BASE, Monitoring, NewMonitoring, batch_form, refused, some_products

ROUTES = [
    (method, path.strip("/"))
    for handler in PRICE.handlers
    if isinstance(handler, HTTPRouteHandler)
    for method in sorted(handler.http_methods)
    if method in ("GET", "POST")
    for path in sorted(handler.paths)
]
WRITES = [path for method, path in ROUTES if method == "POST"]
READS = [path for method, path in ROUTES if method == "GET"]
GOOD = {"name": "Lamp", "brand": "Acme", "category": "Light"}


def filled(path: str, value: str = "1") -> str:
    return re.sub(r"\{\w+:str\}", "0" if "start_from" in path else value, path)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_pri_01_every_route_wants_both_headers(api: Monitoring, method: str, path: str) -> None:
    url = f"{BASE}/{filled(path)}"
    for headers in ({}, {"apikey": api.apikey}, {"apitoken": api.apitoken}, {"apikey": "", "apitoken": ""}):
        refused(await api.client.request(method, url, headers=headers), 401, "UNAUTHENTICATED")


async def test_pri_01_the_two_are_a_pair(api: Monitoring, other: Monitoring) -> None:
    for apikey, apitoken in ((other.apikey, api.apitoken), (api.apikey, other.apitoken), (api.apikey, "x" * 5_000)):
        pair = {"apikey": apikey, "apitoken": apitoken}
        refused(await api.client.get(f"{BASE}/account", headers=pair), 401, "UNAUTHENTICATED")


async def test_pri_01_neither_the_query_nor_another_header_counts(api: Monitoring) -> None:
    refused(await api.client.get(f"{BASE}/account", params=api.headers), 401)
    bearer = {"Authorization": f"Bearer {api.apitoken}"}
    refused(await api.client.get(f"{BASE}/account", headers=bearer), 401)


@pytest.mark.parametrize(
    "path", ["account", "get/product/id/9", "add/product", "no/such/thing", "list/product/startFrom/5"]
)
async def test_pri_02_every_answer_says_what_is_left(api: Monitoring, path: str) -> None:
    first, second = await api.get(path), await api.get(path)
    assert [answer.headers["X-RateLimit-Limit"] for answer in (first, second)] == ["2500", "2500"]
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (first, second)]
    assert left == [2499, 2498]
    assert first.headers["content-type"].startswith("application/json")


async def test_pri_02_a_get_changes_nothing(api: Monitoring) -> None:
    product = await api.add()
    before = await api.product(product)
    for path in WRITES:
        await api.get(f"{filled(path, product)}?name=Ghost&brand=Ghost&category=Ghost&product_id={product}")
    assert await api.product(product) == before
    assert len(await api.walk()) == 1


@pytest.mark.parametrize(
    ("plan", "limit"), [("starter", 1000), ("professional", 100_000), ("enterprise", 2_147_483_647)]
)
async def test_pri_19_the_account(new_account: NewMonitoring, plan: str, limit: int) -> None:
    account = await new_account(plan)
    for path in ("account", "account/"):
        assert (await account.get(path)).json() == {
            "package": plan,
            "product_limit": limit,
            "company_status": "active",
            "remaining_trial_days": None,
            "api_enabled": True,
            "competitor_monitoring_style": "url_based",
        }


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH"])
async def test_pri_20_writes_are_posts(api: Monitoring, path: str, verb: str) -> None:
    answer = await api.request(verb, filled(path))
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "PATCH"])
async def test_pri_20_reads_are_gets(api: Monitoring, path: str, verb: str) -> None:
    answer = await api.request(verb, filled(path))
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["", "no/such/thing", "list/products", "get/product", "get/product/id/", "v2/account"])
async def test_pri_20_an_unknown_address_is_404_in_this_shape(api: Monitoring, path: str) -> None:
    refused(await api.get(path), 404, "NOT_FOUND")


BODIES: dict[str, tuple[str, bytes]] = {
    "json": ("application/json", b'{"name": "Lamp"}'),
    "no multipart": ("multipart/form-data; boundary=x", b"this is no multipart body"),
    "no boundary": ("multipart/form-data", b"--x\r\n\r\n--x--"),
    "cut off": ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nLa'),
    "no name": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nLa\r\n--x--\r\n"),
    "odd charset": ("application/x-www-form-urlencoded", b"name=\xff\xfe&brand=Acme&category=Light"),
    "odd escape": ("application/x-www-form-urlencoded", b"name=%ff%fe&brand=Acme&category=Light"),
    "odd part": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--x--\r\n',
    ),
    "ten thousand fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(10_000))),
    "ten thousand parts": (
        "multipart/form-data; boundary=x",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % n for n in range(10_000))
        + b"--x--\r\n",
    ),
    "empty": ("application/x-www-form-urlencoded", b""),
}


@pytest.mark.parametrize("body", list(BODIES), ids=lambda name: name.replace(" ", "-"))
@pytest.mark.parametrize("path", ["add/product", "add/url", "add/batch"])
async def test_pri_20_a_body_that_cannot_be_read_is_400(api: Monitoring, path: str, body: str) -> None:
    kind, content = BODIES[body]
    refused(await api.request("POST", path, headers={"Content-Type": kind}, content=content), 400)


async def test_pri_21_files_of_a_form_are_texts_too(api: Monitoring) -> None:
    files = {name: ("x.txt", value.encode(), "text/plain") for name, value in GOOD.items()}
    assert (await api.request("POST", "add/product", files=files)).status_code == 200


async def test_a_field_that_comes_twice_counts_as_php_reads_it(api: Monitoring) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.request("POST", "add/product", headers=kind, content="name=A&brand=b&category=c&name=B")
    assert (await api.product(answer.json()["id"]))["name"] == "B"


async def test_pri_22_the_document_is_published(visitor: Callable[..., httpx.AsyncClient]) -> None:
    document = (await visitor().get("/docs/price/openapi.json")).json()
    operation = document["paths"]["/api/v2/add/product"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/x-www-form-urlencoded", "multipart/form-data"}
    assert operation["security"] == [{"apikey": [], "apitoken": []}]
    assert document["components"]["securitySchemes"]["apitoken"] == {
        "type": "apiKey",
        "name": "apitoken",
        "in": "header",
    }


async def test_no_route_shows_or_touches_what_another_account_has(api: Monitoring, other: Monitoring) -> None:
    """The same 404 as for what does not exist, by status, code and words, and nothing changed."""
    product = await api.add(product_code="MINE", tags="mine")
    ids = {
        "product": product,
        "url": await api.add_url(product),
        **{kind: (await api.product(product))[kind]["id"] for kind in ("brand", "category")},
    }
    before = await everything(api, ids)
    walked = 0
    for method, path in ROUTES:
        if "_id:str" not in path:
            continue
        kind = path.split("/")[1]
        foreign = await other.request(method, filled(path, ids[kind]), **form_for(method))
        unknown = await other.request(method, filled(path, "999999999"), **form_for(method))
        assert refused(foreign, 404) == refused(unknown, 404)
        walked += 1
    tracked = {"product_id": product, "url": "https://rival.example.com/p/9"}
    refused(await other.post("add/url", tracked), 404, "NOT_FOUND")
    assert walked == 9
    assert await everything(api, ids) == before
    for what in ("product", "product/summary", "smartprice", "brand", "category"):
        assert await other.walk(what) == []


def form_for(method: str) -> dict[str, Any]:
    return {"files": [("name", (None, "Taken over"))]} if method == "POST" else {}


async def everything(api: Monitoring, ids: dict[str, str]) -> list[Any]:
    return [(await api.get(f"get/{kind}/id/{one}")).json() for kind, one in ids.items()]


async def test_two_accounts_have_rows_of_their_own(api: Monitoring, other: Monitoring) -> None:
    mine, theirs = await api.product(await api.add(**GOOD)), await other.product(await other.add(**GOOD))
    assert mine["id"] != theirs["id"]
    assert mine["brand"]["id"] != theirs["brand"]["id"]
    await api.post("add/batch", batch_form(some_products(1, "Same")))
    assert (await other.post("add/batch", batch_form(some_products(1, "Same")))).status_code == 200
