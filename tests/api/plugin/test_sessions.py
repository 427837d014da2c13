"""G17: login, logout, passwords; S2S-02: what a token is and when it ends."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import delete, update

from backend.kit.clock import utc_now
from backend.kit.crypto import token_hash
from backend.models.accounts import AccessGrant, MailedLink, Membership
from backend.models.jobs import Job
from backend.wiring import Container
from tests.support.outbox import Outbox
from tests.support.plugin_api import (
    ACCOUNT,
    CONFIGURED,
    DISCONNECT,
    FORGOT,
    INIT,
    LOGIN,
    LOGOUT,
    REGISTER,
    RESET,
    STATUS,
    NewOwner,
    NewPlugin,
    WorkOff,
    account,
    bearer,
    new_mark,
    refused,
)

pytestmark = pytest.mark.anyio

GUARDED = [
    ("GET", ACCOUNT),
    ("GET", STATUS),
    ("POST", DISCONNECT),
    ("POST", INIT),
    ("GET", CONFIGURED),
    ("POST", LOGOUT),
]


async def test_g17_login_gives_a_token_and_the_user(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    response = await client.post(LOGIN, json={"email": owner.email, "password": owner.password})
    assert response.status_code == 200
    made = response.json()
    assert made["user"] == {"id": owner.user_id, "email": owner.email}
    assert (await account(client, made["token"]))["organizationName"] == owner.name


async def test_g17_login_takes_the_email_in_any_case(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    response = await client.post(LOGIN, json={"email": owner.email.upper(), "password": owner.password})
    assert response.status_code == 200


async def test_g17_wrong_password_and_unknown_email_answer_alike(
    client: httpx.AsyncClient, new_owner: NewOwner
) -> None:
    owner = await new_owner()
    wrong = await client.post(LOGIN, json={"email": owner.email, "password": "wrong"})
    unknown = await client.post(LOGIN, json={"email": "nobody@example.com", "password": "wrong"})
    assert refused(wrong, 401) == refused(unknown, 401)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.com"},
        {"password": "x"},
        {"email": "a@example.com", "password": 7},
        {"email": "a@example.com", "password": "x" * 201},
        {"email": "a@example.com", "password": ""},
    ],
    ids=lambda body: repr(body)[:40],
)
async def test_g17_login_without_its_fields_is_a_400(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    refused(await client.post(LOGIN, json=body), 400)


async def test_g17_an_account_made_by_the_plugin_has_no_password_to_guess(
    client: httpx.AsyncClient, new_plugin: NewPlugin
) -> None:
    email = f"m-{new_mark()}@example.com"
    await new_plugin().register(email)
    for password in ("password", email, "null", "None", "\x00"):
        refused(await client.post(LOGIN, json={"email": email, "password": password}), 401)


async def test_g17_logout_revokes_this_token_and_no_other(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    other = (await client.post(LOGIN, json={"email": owner.email, "password": owner.password})).json()["token"]
    assert (await client.post(LOGOUT, headers=owner.auth)).status_code == 200
    refused(await client.get(ACCOUNT, headers=owner.auth), 401)
    assert (await account(client, other))["organizationName"] == owner.name


async def test_g17_a_forgotten_password_is_set_by_the_mailed_link(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox
) -> None:
    owner = await new_owner()
    assert (await client.post(FORGOT, json={"email": owner.email.upper()})).status_code == 202
    assert await work_off("access.mail_password_link") == 1
    mail = outbox.mails[-1]
    assert mail.to == owner.email
    assert "https://hub.example.com/" in mail.body
    response = await client.post(RESET, json={"token": mail.token, "password": "a new password"})
    assert response.status_code == 200
    assert (await client.post(LOGIN, json={"email": owner.email, "password": "a new password"})).status_code == 200
    refused(await client.post(LOGIN, json={"email": owner.email, "password": owner.password}), 401)


async def test_g17_forgetting_answers_alike_for_unknown_emails(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox
) -> None:
    owner = await new_owner()
    known = await client.post(FORGOT, json={"email": owner.email})
    unknown = await client.post(FORGOT, json={"email": f"nobody-{new_mark()}@example.com"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, known.content)
    await work_off("access.mail_password_link")
    assert [mail.to for mail in outbox.mails] == [owner.email]


async def test_g17_a_password_link_works_once(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox
) -> None:
    owner = await new_owner()
    await client.post(FORGOT, json={"email": owner.email})
    await work_off("access.mail_password_link")
    body = {"token": outbox.mails[-1].token, "password": "a new password"}
    answers = await asyncio.gather(*(client.post(RESET, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    refused(await client.post(RESET, json=body), 400, "LINK_INVALID")


async def test_g17_setting_a_password_ends_the_other_links_and_every_token(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox
) -> None:
    owner = await new_owner()
    for _ in range(2):
        await client.post(FORGOT, json={"email": owner.email})
        await work_off("access.mail_password_link")
    older, newer = outbox.mails
    assert (await client.post(RESET, json={"token": newer.token, "password": "a new password"})).status_code == 200
    refused(await client.post(RESET, json={"token": older.token, "password": "another password"}), 400)
    refused(await client.get(ACCOUNT, headers=owner.auth), 401)


async def test_g17_a_password_link_expires(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox, container: Container
) -> None:
    owner = await new_owner()
    await client.post(FORGOT, json={"email": owner.email})
    await work_off("access.mail_password_link")
    token = outbox.mails[-1].token
    async with container.begin() as session:
        which = MailedLink.token_hash == token_hash(token)
        await session.execute(update(MailedLink).where(which).values(expires_at=utc_now() - timedelta(seconds=1)))
    refused(await client.post(RESET, json={"token": token, "password": "a new password"}), 400, "LINK_INVALID")


async def test_g17_a_short_password_is_refused_and_leaves_the_link_usable(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox
) -> None:
    owner = await new_owner()
    await client.post(FORGOT, json={"email": owner.email})
    await work_off("access.mail_password_link")
    token = outbox.mails[-1].token
    refused(await client.post(RESET, json={"token": token, "password": "short"}), 400, "PASSWORD_INVALID")
    assert (await client.post(RESET, json={"token": token, "password": "long enough"})).status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 200, "ü", "\x00"])
async def test_g17_a_made_up_link_is_a_400(client: httpx.AsyncClient, token: str) -> None:
    refused(await client.post(RESET, json={"token": token, "password": "long enough"}), 400, "LINK_INVALID")


async def test_g17_a_mail_server_that_is_away_loses_no_mail(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox, container: Container
) -> None:
    owner = await new_owner()
    outbox.down = True
    assert (await client.post(FORGOT, json={"email": owner.email})).status_code == 202
    await work_off("access.mail_password_link")
    assert outbox.mails == []
    outbox.down = False
    await let_retries_be_due(container)
    await work_off("access.mail_password_link")
    assert [mail.to for mail in outbox.mails] == [owner.email]


async def let_retries_be_due(container: Container) -> None:
    """Let jobs that wait for another try be due now."""
    async with container.begin() as session:
        await session.execute(update(Job).where(Job.state == "queued").values(run_at=utc_now() - timedelta(seconds=5)))


async def test_g17_a_mailbox_is_not_flooded(
    client: httpx.AsyncClient, new_owner: NewOwner, work_off: WorkOff, outbox: Outbox
) -> None:
    owner = await new_owner()
    for _ in range(6):
        await client.post(FORGOT, json={"email": owner.email})
        await work_off("access.mail_password_link")
    assert len(outbox.mails) == 3


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_s2s_02_no_token_is_a_401(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path, json={} if method == "POST" else None)
    refused(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_s2s_02_a_made_up_token_is_a_401(client: httpx.AsyncClient, method: str, path: str) -> None:
    headers = bearer("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl")
    refused(await client.request(method, path, headers=headers, json={} if method == "POST" else None), 401)


def forged(token: str) -> dict[str, str]:
    header, payload, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    key = "k" * 32
    return {
        "another key": jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid}),
        "another key, no kid": jwt.encode(claims, key, algorithm="HS256"),
        "algorithm none": jwt.encode(claims, None, algorithm="none", headers={"kid": kid}),
        "another algorithm": jwt.encode(claims, key * 2, algorithm="HS512", headers={"kid": kid}),
        "kid of an unknown key": jwt.encode(claims, key, algorithm="HS256", headers={"kid": str(uuid.uuid4())}),
        "kid is no text": jwt.encode(claims, key, algorithm="HS256", headers={"kid": "../../etc/passwd"}),
        "kid with NUL": jwt.encode(claims, key, algorithm="HS256", headers={"kid": "\x00"}),
        "changed signature": f"{header}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "long": token + "A" * 3000,
        "not a token": "abc",
        "dots": "..",
    }


async def test_s2s_02_forged_tokens_are_refused(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    for what, token in forged(owner.token).items():
        response = await client.get(ACCOUNT, headers=bearer(token))
        assert response.status_code == 401, what


@pytest.mark.parametrize("header", ["Basic {}", "{}", "Bearer", "Bearer ", "Bearer {} x", "bearer{}", "Token {}"])
async def test_s2s_02_other_schemes_are_refused(client: httpx.AsyncClient, new_owner: NewOwner, header: str) -> None:
    owner = await new_owner()
    refused(await client.get(ACCOUNT, headers={"Authorization": header.format(owner.token)}), 401)


async def test_s2s_02_the_scheme_is_read_without_case(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    response = await client.get(ACCOUNT, headers={"Authorization": f"bearer {owner.token}"})
    assert response.status_code == 200


async def test_s2s_02_a_token_ends_with_its_grant(
    client: httpx.AsyncClient, new_owner: NewOwner, container: Container
) -> None:
    owner = await new_owner()
    async with container.begin() as session:
        statement = update(AccessGrant).where(AccessGrant.user_id == uuid.UUID(owner.user_id))
        await session.execute(statement.values(expires_at=utc_now() - timedelta(seconds=1)))
    refused(await client.get(ACCOUNT, headers=owner.auth), 401)


async def test_s2s_02_a_token_ends_with_the_membership(
    client: httpx.AsyncClient, new_owner: NewOwner, container: Container
) -> None:
    owner = await new_owner()
    async with container.begin() as session:
        await session.execute(delete(Membership).where(Membership.user_id == uuid.UUID(owner.user_id)))
    refused(await client.get(ACCOUNT, headers=owner.auth), 401)


async def test_s2s_02_tokens_outlive_a_rotation_of_the_signing_key(
    client: httpx.AsyncClient, new_owner: NewOwner, container: Container
) -> None:
    owner = await new_owner()
    async with container.begin() as session:
        await container.keys.rotate(session)
    after = (await client.post(LOGIN, json={"email": owner.email, "password": owner.password})).json()["token"]
    assert jwt.get_unverified_header(after)["kid"] != jwt.get_unverified_header(owner.token)["kid"]
    assert (await account(client, owner.token))["connected"] is False
    assert (await account(client, after))["connected"] is False


async def test_s2s_02_a_stolen_signing_key_can_be_voided(
    client: httpx.AsyncClient, new_owner: NewOwner, container: Container
) -> None:
    owner = await new_owner()
    async with container.begin() as session:
        await container.keys.rotate(session, forget_old=True)
    refused(await client.get(ACCOUNT, headers=owner.auth), 401)


async def test_s2s_01_a_get_needs_no_content_type(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    response = await client.get(ACCOUNT, headers=(await new_owner()).auth)
    assert "content-type" not in response.request.headers
    assert response.status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"\x00",
        b"\xff\xfe",
        b'{"email": NaN}',
        b'{"email":"\\ud800"}',
        b"7",
        b"[" * 100_000,
        b'{"email":' * 5_000,
        b"9" * 10_000,
        b'{"email":1e999}',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda content: repr(content[:20]),
)
@pytest.mark.parametrize("path", [REGISTER, LOGIN, FORGOT, RESET, "/api/stores/connect"])
async def test_s2s_01_a_malformed_body_is_a_400(client: httpx.AsyncClient, path: str, content: bytes) -> None:
    refused(await client.post(path, content=content, headers={"Content-Type": "application/json"}), 400)


async def test_s2s_01_a_huge_body_is_refused_in_shape(client: httpx.AsyncClient) -> None:
    refused(await client.post(REGISTER, content=b" " * 10_000_000), 413)


async def test_s2s_01_a_body_without_content_type_is_read_as_json(client: httpx.AsyncClient) -> None:
    body = b'{"email":"m-%s@example.com","storeUrl":"https://shop.example.com"}' % new_mark().encode()
    response = await client.post(REGISTER, content=body)
    assert response.status_code == 200
