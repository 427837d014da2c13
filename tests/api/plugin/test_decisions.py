"""Decisions G1, G5, G11 and G24 as this surface keeps them; G3, G10, G17 and G20 have files of their own."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.plugin_api import ACCOUNT, CONNECT, NewOwner, new_mark, refused

pytestmark = pytest.mark.anyio

Visitor = Callable[..., httpx.AsyncClient]
PRIVATE = (
    "http://127.0.0.1:22",
    "http://localhost",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]",
    "http://0x7f000001",
    "http://2130706433",
    "http://10.0.0.1",
    "http://[::ffff:169.254.169.254]",
    "https://user:pass@shop.example.com",
    "ftp://shop.example.com",
    "file:///etc/passwd",
)


async def test_g1_the_surface_lives_under_api_and_nowhere_twice(visitor: Visitor, new_owner: NewOwner) -> None:
    owner, client = await new_owner(), visitor()
    assert (await client.get(ACCOUNT, headers=owner.auth)).status_code == 200
    for path in (f"/api{ACCOUNT}", ACCOUNT.removeprefix("/api"), f"/api/v1{ACCOUNT.removeprefix('/api')}"):
        assert (await client.get(path, headers=owner.auth)).status_code == 404


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/nothing", 404), ("DELETE", ACCOUNT, 405)])
async def test_g5_what_is_not_there_is_answered_in_this_surfaces_shape(
    visitor: Visitor, new_owner: NewOwner, method: str, path: str, status: int
) -> None:
    refused(await visitor().request(method, path, headers=(await new_owner()).auth), status)


@pytest.mark.parametrize("url", PRIVATE)
async def test_g11_an_address_inside_is_a_400_that_says_so(visitor: Visitor, url: str) -> None:
    body = {
        "storeUrl": url,
        "consumerKey": "ck_" + "a" * 40,
        "consumerSecret": "cs_" + "b" * 40,
        "email": f"{new_mark()}@example.com",
        "platform": "woocommerce",
    }
    answer = await visitor().post(CONNECT, json=body)
    refused(answer, 400)
    assert "cs_" not in answer.text


async def test_g24_a_get_needs_no_content_type(visitor: Visitor, new_owner: NewOwner) -> None:
    client, owner = visitor(), await new_owner()
    bare = await client.get(ACCOUNT, headers=owner.auth)
    odd = await client.get(ACCOUNT, headers={**owner.auth, "Content-Type": "text/nonsense"})
    assert bare.status_code == odd.status_code == 200
    assert bare.json() == odd.json()
