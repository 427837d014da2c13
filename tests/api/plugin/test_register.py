"""S2S-04, S2S-05: silent registration by the plugin."""

import asyncio
import base64
import json
import uuid
from typing import Any

import httpx
import pytest

from tests.support.plugin_api import REGISTER, STATUS, NewPlugin, account, bearer, new_mark, refused

pytestmark = pytest.mark.anyio


def registration(**over: Any) -> dict[str, Any]:
    mark = new_mark()
    body = {"email": f"m-{mark}@example.com", "storeUrl": f"https://shop-{mark}.example.com", "source": "woo-plugin"}
    return {**body, **over}


async def test_s2s_05_a_new_email_gets_an_account_and_a_token(client: httpx.AsyncClient) -> None:
    body = registration()
    response = await client.post(REGISTER, json=body)
    assert response.status_code == 200
    made = response.json()
    assert made["isNewAccount"] is True
    assert made["user"]["email"] == body["email"]
    assert uuid.UUID(made["user"]["id"]).version == 7
    assert made["token"].count(".") == 2


async def test_s2s_04_the_new_organization_is_empty_on_the_default_plan_and_named_after_the_shop(
    client: httpx.AsyncClient,
) -> None:
    token = (await client.post(REGISTER, json=registration(storeUrl="https://www.shop.example.com/en"))).json()["token"]
    assert (await account(client, token)).items() >= {
        "connected": False,
        "plan": "starter",
        "organizationName": "shop.example.com",
    }.items()
    status = await client.get(STATUS, headers=bearer(token))
    assert status.json()["products_synced"] == 0


async def test_s2s_05_a_known_email_gets_the_same_fields_and_is_not_new(client: httpx.AsyncClient) -> None:
    body = registration()
    first = (await client.post(REGISTER, json=body)).json()
    again = await client.post(REGISTER, json=body)
    assert again.status_code == 200
    assert again.json()["isNewAccount"] is False
    assert set(again.json()) == set(first)
    assert set(again.json()["user"]) == set(first["user"])
    assert again.json()["user"]["email"] == body["email"]


async def test_s2s_05_the_answer_for_a_known_email_does_not_tell_the_users_id(client: httpx.AsyncClient) -> None:
    body = registration()
    user_id = (await client.post(REGISTER, json=body)).json()["user"]["id"]
    again = (await client.post(REGISTER, json=body)).json()
    payload = again["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert user_id not in json.dumps(again)
    assert user_id not in json.dumps(claims)


async def test_s2s_02_the_token_holds_nothing_but_ids_and_times(client: httpx.AsyncClient) -> None:
    token = (await client.post(REGISTER, json=registration())).json()["token"]
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(claims) == {"iss", "aud", "jti", "sub", "iat", "exp"}


async def test_s2s_04_emails_compare_without_case_and_blanks(client: httpx.AsyncClient) -> None:
    body = registration()
    await client.post(REGISTER, json=body)
    again = await client.post(REGISTER, json={**body, "email": f" {body['email'].upper()} "})
    assert again.json()["isNewAccount"] is False


async def test_s2s_04_two_registrations_at_once_make_one_account(new_plugin: NewPlugin) -> None:
    plugin, email = new_plugin(), f"m-{new_mark()}@example.com"
    answers = await asyncio.gather(*(plugin.register(email) for _ in range(6)))
    assert sorted(answer["isNewAccount"] for answer in answers) == [False] * 5 + [True]


@pytest.mark.parametrize(
    "change",
    [
        {"email": None},
        {"email": ""},
        {"email": "not-an-address"},
        {"email": "a@b@c"},
        {"email": "a b@example.com"},
        {"email": "a@example.com."},
        {"email": "a@.example.com"},
        {"email": "a@" + "x" * 260},
        {"email": 7},
        {"email": ["a@example.com"]},
        {"email": "a\x00b@example.com"},
        {"email": "a\r\nbcc:x@example.com"},
        {"storeUrl": None},
        {"storeUrl": ""},
        {"storeUrl": 7},
        {"storeUrl": "not a url"},
        {"storeUrl": "javascript:alert(1)"},
        {"storeUrl": "file:///etc/passwd"},
        {"storeUrl": "https://user:pass@shop.example.com"},
        {"storeUrl": "https://shop.example.com/\x00"},
        {"storeUrl": "https://shop.example.com:99999"},
        {"storeUrl": "https://" + "x" * 3000},
        {"source": 7},
    ],
    ids=lambda change: repr(change)[:40],
)
async def test_s2s_22_an_impossible_field_is_a_400_that_names_it(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    body = refused(await client.post(REGISTER, json=registration(**change)), 400)
    assert next(iter(change)) in body["message"]


@pytest.mark.parametrize("field", ["email", "storeUrl"])
async def test_s2s_22_a_missing_field_is_a_400_that_names_it(client: httpx.AsyncClient, field: str) -> None:
    body = {name: value for name, value in registration().items() if name != field}
    assert field in refused(await client.post(REGISTER, json=body), 400)["message"]


async def test_s2s_04_unknown_fields_are_ignored(client: httpx.AsyncClient) -> None:
    response = await client.post(REGISTER, json=registration(wordpress="6.9"))
    assert response.status_code == 200
