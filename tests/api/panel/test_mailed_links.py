"""Links in mails lead to pages that do what the mail says, once (decision G10)."""

import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from backend.models.accounts import MailedLink
from backend.models.stores import Store
from backend.wiring import Container
from tests.support.fake_stores import FakePlatforms
from tests.support.outbox import Outbox
from tests.support.panel import LOGIN, NewPerson, Person, Shown, Visitor, set_role, user_of
from tests.support.plugin_api import CONNECT, new_mark
from tests.support.running_jobs import run_jobs

pytestmark = pytest.mark.anyio

SAYS_USED = "This link does not work any more"


async def store_asks(owner: Person, container: Container, internet: FakePlatforms, outbox: Outbox) -> tuple[str, str]:
    """Let a shop's plugin connect in the owner's name; return its channel and the path of the mailed link."""
    url = f"https://shop-{new_mark()}.example.com"
    shop = internet.open_shop(url, new_mark())
    shop.name = "Lampenladen"
    body = {"storeUrl": url, "consumerKey": shop.consumer_key, "consumerSecret": shop.consumer_secret}
    body |= {"email": owner.email, "platform": "woocommerce", "pluginVersion": "1.1.0"}
    answer = await owner.client.post(CONNECT, json=body, headers={"cookie": ""})
    assert answer.status_code == 202, answer.text
    await run_jobs(container, "stores.mail_attach_link")
    mail = outbox.mails[-1]
    assert mail.to == owner.email
    return answer.json()["channelId"], f"/panel/stores/attach?token={mail.token}"


async def state_of(container: Container, store_id: str) -> str:
    async with container.begin() as session:
        return (await session.get_one(Store, uuid.UUID(store_id))).state


async def test_g10_the_mail_names_the_page_that_attaches_the_store(
    owner: Person, container: Container, internet: FakePlatforms, outbox: Outbox
) -> None:
    _, path = await store_asks(owner, container, internet, outbox)
    assert f"https://hub.example.com{path}" in outbox.mails[-1].body


async def test_g10_a_link_asks_for_a_login_then_for_consent_then_attaches_the_store(
    new_owner: NewPerson, container: Container, internet: FakePlatforms, outbox: Outbox
) -> None:
    owner = await new_owner(logged_in=False)
    store_id, path = await store_asks(owner, container, internet, outbox)
    login = (await owner.client.get(path)).headers["location"]
    assert login.startswith(LOGIN)
    response = await owner.send(login, email=owner.email, password=owner.password)
    assert response.headers["location"] == path
    shown = await owner.see(path)
    assert shown.title == "Attach this store?"
    assert "Lampenladen" in shown.text
    assert await state_of(container, store_id) == "pending"
    response = await owner.send(path)
    assert response.headers["location"] == f"/panel?done=store_attached#store-{store_id}"
    assert await state_of(container, store_id) == "active"
    assert "Waiting for a worker" in (await owner.see("/panel")).text


async def test_g10_a_link_is_good_for_one_time(
    owner: Person, container: Container, internet: FakePlatforms, outbox: Outbox
) -> None:
    _, path = await store_asks(owner, container, internet, outbox)
    form = (await owner.see(path)).fields("/panel/stores/attach")
    assert (await owner.client.post("/panel/stores/attach", data=form)).status_code == 303
    again = await owner.client.post("/panel/stores/attach", data=form)
    assert again.status_code == 400
    assert Shown(again).title == SAYS_USED
    assert (await owner.see(path, 400)).title == SAYS_USED


async def test_g10_an_expired_link_attaches_nothing(
    owner: Person, container: Container, internet: FakePlatforms, outbox: Outbox
) -> None:
    store_id, path = await store_asks(owner, container, internet, outbox)
    form = (await owner.see(path)).fields("/panel/stores/attach")
    async with container.begin() as session:
        await session.execute(update(MailedLink).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert (await owner.see(path, 400)).title == SAYS_USED
    assert (await owner.client.post("/panel/stores/attach", data=form)).status_code == 400
    assert await state_of(container, store_id) == "pending"


async def test_g10_a_link_of_somebody_else_shows_nothing_of_the_store(
    owner: Person, new_owner: NewPerson, container: Container, internet: FakePlatforms, outbox: Outbox
) -> None:
    store_id, path = await store_asks(owner, container, internet, outbox)
    thief = await new_owner()
    shown = await thief.see(path, 403)
    assert shown.title == "This link is for somebody else"
    assert "Lampenladen" not in shown.source
    form = {"form_token": await thief.token(), "token": path.partition("token=")[2]}
    assert (await thief.client.post("/panel/stores/attach", data=form)).status_code == 403
    assert await state_of(container, store_id) == "pending"


async def test_g10_staff_cannot_follow_a_link(
    owner: Person, container: Container, internet: FakePlatforms, outbox: Outbox
) -> None:
    store_id, path = await store_asks(owner, container, internet, outbox)
    await set_role(container, owner, "staff")
    await owner.see(path, 403)
    assert await state_of(container, store_id) == "pending"


@pytest.mark.parametrize("token", ["", "x", "é", "x" * 3000, "%00", "<script>"])
async def test_a_token_that_is_none_gets_a_clear_page(token: str, owner: Person) -> None:
    for page in ("/panel/stores/attach", "/panel/password/reset"):
        response = await owner.client.get(page, params={"token": token})
        assert response.status_code == 400
        assert Shown(response).title == SAYS_USED


async def password_link(owner: Person, stranger: Visitor, container: Container, outbox: Outbox) -> str:
    response = await stranger.send("/panel/password/forgot", email=owner.email.upper())
    assert response.status_code == 200
    assert "a link is on its way" in response.text
    await run_jobs(container, "access.mail_password_link")
    mail = outbox.mails[-1]
    assert mail.to == owner.email
    path = f"/panel/password/reset?token={mail.token}"
    assert f"https://hub.example.com{path}" in mail.body
    return path


async def test_g17_a_mailed_link_sets_a_password_that_logs_in(
    owner: Person, stranger: Visitor, container: Container, outbox: Outbox
) -> None:
    path = await password_link(owner, stranger, container, outbox)
    response = await stranger.send(path, password="a whole new password")
    assert (response.status_code, response.headers["location"]) == (303, "/panel/login?done=password_set")
    assert "The password is set." in (await stranger.see(response.headers["location"])).text
    assert (await stranger.log_in(owner.email, owner.password)).status_code == 401
    assert (await stranger.log_in(owner.email, "a whole new password")).status_code == 303
    assert (await user_of(container, owner)).email_confirmed_at is not None
    assert (await owner.client.get("/panel")).status_code == 303, "the old session must have ended"


async def test_g17_a_password_link_is_good_for_one_time(
    owner: Person, stranger: Visitor, container: Container, outbox: Outbox
) -> None:
    path = await password_link(owner, stranger, container, outbox)
    form = (await stranger.see(path)).fields("/panel/password/reset")
    await stranger.client.post("/panel/password/reset", data={**form, "password": "a whole new password"})
    assert (await stranger.see(path, 400)).title == SAYS_USED
    again = await stranger.client.post("/panel/password/reset", data={**form, "password": "another password"})
    assert again.status_code == 400
    assert "used already or has expired" in again.text
    assert (await stranger.log_in(owner.email, "another password")).status_code == 401


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
async def test_g17_a_password_that_is_not_accepted_leaves_the_link_usable(
    password: str, owner: Person, stranger: Visitor, container: Container, outbox: Outbox
) -> None:
    path = await password_link(owner, stranger, container, outbox)
    response = await stranger.send(path, password=password)
    assert response.status_code == 400
    (wrong,) = Shown(response).all("//span[@role='alert']")
    assert "This must have 8 to 200 characters." in wrong.text_content()
    assert (await stranger.send(path, password="a whole new password")).status_code == 303


async def test_g17_asking_for_a_link_says_the_same_for_an_unknown_email(
    stranger: Visitor, container: Container, outbox: Outbox
) -> None:
    response: httpx.Response = await stranger.send("/panel/password/forgot", email="nobody@example.com")
    assert response.status_code == 200
    assert "If there is an account with this e-mail, a link is on its way." in response.text
    await run_jobs(container, "access.mail_password_link")
    assert outbox.mails == []


async def test_what_is_no_email_is_said_beside_the_field(stranger: Visitor) -> None:
    response = await stranger.send("/panel/password/forgot", email="no address")
    assert response.status_code == 400
    assert "This is not an e-mail address." in response.text
