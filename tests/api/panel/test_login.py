"""The panel's login: what `demo.json` shows is good for a browser."""

import uuid
from collections.abc import Callable

import httpx
import msgspec
import pytest
from sqlalchemy import select

from backend.models.accounts import AccessGrant
from backend.settings import Settings
from backend.wiring import Container
from tests.support.panel import LOGIN, NewPerson, Person, Visitor

pytestmark = pytest.mark.anyio


async def test_the_root_leads_to_the_panel(stranger: Visitor) -> None:
    response = await stranger.client.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/panel")


async def test_a_page_leads_to_the_login_and_from_there_back(new_owner: NewPerson) -> None:
    person = await new_owner(logged_in=False)
    response = await person.client.get("/panel/products?q=mug")
    assert response.status_code == 303
    login = response.headers["location"]
    assert login == "/panel/login?next=/panel/products%3Fq%3Dmug"
    response = await person.send(login, email=person.email, password=person.password)
    assert (response.status_code, response.headers["location"]) == (303, "/panel/products?q=mug")
    assert (await person.see("/panel/products?q=mug")).status == 200


async def test_the_session_lies_in_a_cookie_that_scripts_and_other_sites_cannot_use(
    new_owner: NewPerson,
) -> None:
    person = await new_owner(logged_in=False)
    response = await person.log_in(person.email, person.password)
    (line,) = [one for one in response.headers.get_list("set-cookie") if one.startswith("storeloom_session=")]
    parts = {part.strip().lower() for part in line.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=604800"} <= parts


@pytest.mark.parametrize("email", ["", "somebody-else@example.com", "no address", "\x00", "é" * 300])
async def test_a_wrong_login_is_401_on_the_same_page(email: str, owner: Person, stranger: Visitor) -> None:
    response = await stranger.log_in(email or owner.email, "this is wrong")
    assert response.status_code == 401
    assert "The e-mail or the password is wrong." in response.text
    assert "this is wrong" not in response.text
    assert "storeloom_session" not in response.headers.get("set-cookie", "")
    assert "www-authenticate" not in response.headers


async def test_a_wrong_login_leaves_the_email_in_its_field(owner: Person, stranger: Visitor) -> None:
    response = await stranger.log_in(owner.email, "this is wrong")
    assert f'value="{owner.email}"' in response.text


async def test_logging_out_ends_the_token_and_not_only_the_cookie(owner: Person, container: Container) -> None:
    token = owner.client.cookies["storeloom_session"]
    response = await owner.send("/panel", "/panel/logout")
    assert (response.status_code, response.headers["location"]) == (303, "/panel/login?done=logged_out")
    assert "storeloom_session" not in owner.client.cookies
    assert "You are logged out." in (await owner.see(response.headers["location"])).text
    again = await owner.client.get("/panel", headers={"cookie": f"storeloom_session={token}"})
    assert again.status_code == 303
    async with container.begin() as session:
        grants = await session.execute(select(AccessGrant.revoked_at).where(AccessGrant.user_id == owner.user_id))
        assert all(grants.scalars())


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "ü", "x" * 5000])
async def test_a_cookie_that_is_no_token_leads_to_the_login(cookie: str, stranger: Visitor) -> None:
    response = await stranger.client.get("/panel", headers={"cookie": f"storeloom_session={cookie}".encode()})
    assert response.status_code == 303
    assert response.headers["location"].startswith(LOGIN)


async def test_a_stores_own_token_does_not_open_the_panel(stranger: Visitor) -> None:
    body = {"email": f"m-{uuid.uuid4().hex}@example.com", "storeUrl": f"https://{uuid.uuid4().hex}.example.com"}
    answer = await stranger.client.post("/api/auth/register-from-plugin", json=body)
    token = answer.json()["token"]
    response = await stranger.client.get("/panel", headers={"cookie": f"storeloom_session={token}"})
    assert response.status_code == 303
    assert response.headers["location"].startswith(LOGIN)


async def test_a_login_leads_to_no_page_but_our_own(new_owner: NewPerson) -> None:
    person = await new_owner(logged_in=False)
    wanted = "https://evil.example/panel"
    response = await person.send(LOGIN, email=person.email, password=person.password, next=wanted)
    assert (response.status_code, response.headers["location"]) == (303, "/panel")


class TestLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, public_per_minute=4))

    async def test_logins_count_in_the_same_window_as_those_of_the_api(
        self, browser: Callable[..., httpx.AsyncClient]
    ) -> None:
        visitor = Visitor(browser("203.0.113.9"))
        await visitor.see(LOGIN)
        for _ in range(3):
            await visitor.client.post("/api/auth/login", json={"email": "a@example.com", "password": "wrong one"})
        response = await visitor.client.post(LOGIN, data={"email": "a@example.com"})
        assert response.status_code == 429
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert "Too many requests" in response.text
        assert response.headers["content-type"].startswith("text/html")
