"""Every POST of the panel must come from a form of our own."""

import re
import uuid

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from embedded_ui.surface import PANEL
from tests.support.panel import LOGIN, NewPerson, Person, Visitor

pytestmark = pytest.mark.anyio

PART = b'--x\r\nContent-Disposition: form-data; name="form_token"'

POSTS = sorted(
    PANEL.prefix + re.sub(r"\{\w+:int\}", "7", re.sub(r"\{\w+:uuid\}", str(uuid.UUID(int=7)), path))
    for handler in PANEL.handlers
    if isinstance(handler, HTTPRouteHandler) and "POST" in handler.http_methods
    for path in handler.paths
)


def refused(response: httpx.Response) -> None:
    assert response.status_code == 403
    assert "Please send the form again" in response.text


def test_there_are_forms() -> None:
    assert len(POSTS) >= 25


async def test_a_form_without_our_token_is_refused(owner: Person) -> None:
    for path in POSTS:
        refused(await owner.client.post(path, data={"email": owner.email, "password": owner.password}))


async def test_the_token_of_another_session_is_refused(owner: Person, new_owner: NewPerson) -> None:
    theirs = await (await new_owner()).token()
    for path in POSTS:
        refused(await owner.client.post(path, data={"form_token": theirs}))


async def test_a_token_of_before_the_login_is_refused_after_it(new_owner: NewPerson) -> None:
    person = await new_owner(logged_in=False)
    before = await person.token()
    await person.log_in(person.email, person.password)
    refused(await person.client.post("/panel/logout", data={"form_token": before}))


async def test_a_browser_that_names_another_site_as_the_source_is_refused(owner: Person) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    refused(await owner.client.post("/panel/logout", data={"form_token": await owner.token()}, headers=headers))


async def test_a_login_from_elsewhere_is_refused(owner: Person, stranger: Visitor) -> None:
    """Else a stranger could log people in to an account of the stranger's."""
    refused(await stranger.client.post(LOGIN, data={"email": owner.email, "password": owner.password}))


async def test_a_visit_cookie_that_somebody_made_up_is_no_secret(stranger: Visitor) -> None:
    headers = {"cookie": "storeloom_visit=x"}
    refused(await stranger.client.post(LOGIN, data={"form_token": ""}, headers=headers))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"form_token=%ff%fe", "application/x-www-form-urlencoded"),
        (b'{"form_token": "x"}', "application/json"),
        (b"no parts", "multipart/form-data; boundary=x"),
        (b"no parts", "multipart/form-data"),
        (b"\xff\x00", "text/plain"),
        (PART + b"\r\n\r\n\xff\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (PART + b"\r\nContent-Type: text/plain; charset=none\r\n\r\na\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_is_no_form_is_refused_as_a_page(content: bytes, kind: str, owner: Person) -> None:
    response = await owner.client.post("/panel/logout", content=content, headers={"content-type": kind})
    assert response.status_code in (400, 403)
    assert response.headers["content-type"].startswith("text/html")
