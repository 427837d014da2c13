"""API keys and monitoring tokens in the panel."""

import re
import uuid

import pytest

from backend.domain.access.api_keys import KeyWanted
from backend.domain.access.key_usage import Use
from backend.ports.actor import Actor
from backend.wiring import Container
from tests.support.panel import NewPerson, Person, Shown, set_role

pytestmark = pytest.mark.anyio

KEYS = "/panel/settings/keys"
KEY_TEXT = re.compile(r"sk_live_[\w-]{43}")


async def made_key(container: Container, person: Person, **wanted: object) -> uuid.UUID:
    actor = Actor(organization_id=person.organization_id)
    async with container.transaction() as services:
        return (await services.api_keys.create(actor, KeyWanted(**{"name": "erp", "permission": "read", **wanted}))).id  # type: ignore[arg-type]


async def test_shs_02_a_new_key_is_shown_once_and_works(owner: Person, container: Container) -> None:
    typed = {"name": "Till", "permission": "write", "limit_per_hour": "70", "expires_on": "2099-12-31"}
    answer = await owner.send(KEYS, **typed, allow_ips="203.0.113.7, 2001:db8::/32")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    shown = Shown(answer)
    (text,) = set(KEY_TEXT.findall(shown.source))
    assert shown.all("//button/@data-copy") == [text]
    identity = await container.key_authenticator.identify(text)
    assert (identity.actor.permission, identity.actor.limit_per_hour) == ("write", 70)
    again = await owner.see(KEYS)
    assert not KEY_TEXT.search(again.source)
    line = " ".join(again.all("//tr[starts-with(@id, 'key-')]")[0].text_content().split())
    for part in ("Till", f"{text[:12]}…{text[-4:]}", "write", "70", "2100-01-01", "203.0.113.7/32", "never", "Active"):
        assert part in line


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": " "}, "1..100 characters"),
        ({"permission": "root"}, "The permission is one of"),
        ({"limit_per_hour": "many"}, "whole number"),
        ({"limit_per_hour": "0"}, "1 or more"),
        ({"expires_on": "tomorrow"}, "2030-01-31"),
        ({"expires_on": "9999-12-31"}, "2030-01-31"),
        ({"expires_on": "2001-01-01"}, "past"),
        ({"allow_ips": "everywhere"}, "203.0.113.0/24"),
    ],
)
async def test_what_is_wrong_stands_in_the_form(typed: dict[str, str], says: str, owner: Person) -> None:
    answer = await owner.send(KEYS, **{"name": "<b>Till</b>", "permission": "read", **typed})
    assert answer.status_code == 400
    shown = Shown(answer)
    (wrong,) = shown.all("//form//*[@role='alert']")
    assert says in wrong.text_content()
    assert shown.all("//*[@aria-invalid='true']")
    if "name" not in typed:
        assert shown.fields(KEYS)["name"] == "<b>Till</b>"


async def test_shs_17_a_key_is_changed_over_with_an_overlap(owner: Person, container: Container) -> None:
    key_id = await made_key(container, owner)
    answer = await owner.send(f"{KEYS}/{key_id}", f"{KEYS}/{key_id}/rotate", overlap_s="86400")
    shown = Shown(answer)
    assert "the old one ends after a day" in shown.text
    assert len(set(KEY_TEXT.findall(shown.source))) == 1
    badges = [
        one.text_content().strip()
        for one in shown.all("//tr[starts-with(@id, 'key-')]//*[@class][contains(@class, 'badge')]")
    ]
    assert badges == ["Active", "Being replaced"]


async def test_revoking_asks_first_and_is_for_good(owner: Person, container: Container) -> None:
    key_id = await made_key(container, owner)
    page = f"{KEYS}/{key_id}/revoke"
    assert "erp" in (await owner.see(page)).title
    answer = await owner.send(page)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{KEYS}?done=key_revoked")
    assert "Revoked" in (await owner.see(KEYS)).text


async def test_shs_18_a_keys_page_shows_what_it_is_used_for(owner: Person, container: Container) -> None:
    key_id = await made_key(container, owner)
    for status in (200, 404):
        container.key_usage.note(
            Use(
                key_id=key_id,
                method="GET",
                endpoint="/api/external/v1/<b>",
                status=status,
                latency_s=0.034,
                address="2001:db8::7",
                used_at_s=1_795_000_000,
            )
        )
    await container.key_usage.aclose()
    shown = await owner.see(f"{KEYS}/{key_id}")
    for part in (
        "2 requests, 50.0 % answered with an error",
        "GET /api/external/v1/<b>",
        "404",
        "34 ms",
        "2001:db8::7",
    ):
        assert part in shown.text


async def test_pri_01_a_token_is_shown_once_and_revoked(owner: Person, container: Container) -> None:
    answer = await owner.send(KEYS, "/panel/settings/tokens")
    apikey, apitoken = (str(one) for one in Shown(answer).all("//button/@data-copy"))
    assert apikey == owner.email
    await container.monitoring_authenticator.identify(apikey, apitoken)
    again = await owner.see(KEYS)
    assert apitoken not in again.source
    (page,) = [link for link in again.links if link.startswith("/panel/settings/tokens/")]
    assert (await owner.send(page)).headers["location"] == f"{KEYS}?done=token_revoked"
    assert "The token is revoked" in (await owner.see(f"{KEYS}?done=token_revoked")).text


async def test_staff_see_keys_and_change_none(owner: Person, container: Container) -> None:
    key_id = await made_key(container, owner)
    await set_role(container, owner, "staff")
    shown = await owner.see(KEYS)
    assert "erp" in shown.text
    assert not shown.all("//form[starts-with(@action, '/panel/settings')]")
    token = await owner.token()
    for path in (KEYS, f"{KEYS}/{key_id}/rotate", f"{KEYS}/{key_id}/revoke", "/panel/settings/tokens"):
        answer = await owner.client.post(path, data={"form_token": token, "name": "x", "permission": "read"})
        assert answer.status_code == 403, path
    assert (await owner.client.get(f"{KEYS}/{key_id}/revoke")).status_code == 403


async def test_another_organizations_key_is_nowhere(new_owner: NewPerson, container: Container) -> None:
    owner, stranger = await new_owner(), await new_owner()
    key_id = await made_key(container, owner)
    for path in (f"{KEYS}/{key_id}", f"{KEYS}/{key_id}/revoke"):
        await stranger.see(path, status=404)
    token = await stranger.token()
    for path in ("rotate", "revoke"):
        data = {"form_token": token, "overlap_s": "0"}
        assert (await stranger.client.post(f"{KEYS}/{key_id}/{path}", data=data)).status_code == 404
    assert "erp" not in (await stranger.see(KEYS)).text
