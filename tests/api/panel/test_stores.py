"""Connecting, syncing and disconnecting stores in the panel."""

import pytest

from backend.domain.sync.start import SyncService
from backend.ports.actor import system_actor
from backend.wiring import Container
from tests.support.fake_stores import FakePlatforms, FakeShop
from tests.support.panel import NewPerson, Person, Shown, add_run, add_store, set_role
from tests.support.plugin_api import new_mark
from tests.support.running_jobs import queued_jobs

pytestmark = pytest.mark.anyio

CONNECT = "/panel/stores/connect"


@pytest.fixture
def url() -> str:
    return f"https://shop-{new_mark()}.example.com"


@pytest.fixture
def shop(internet: FakePlatforms, url: str) -> FakeShop:
    made = internet.open_shop(url, new_mark())
    made.name = "Lampenladen"
    return made


def keys(shop: FakeShop) -> dict[str, str]:
    return {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}


async def test_a_store_is_connected_with_its_keys_and_its_first_run_waits(
    owner: Person, shop: FakeShop, url: str
) -> None:
    response = await owner.send(CONNECT, url=url, **keys(shop))
    assert response.status_code == 303
    assert response.headers["location"].startswith("/panel?done=store_connected#store-")
    shown = await owner.see("/panel?done=store_connected")
    for part in ("The store is connected", "Lampenladen", "Connected", "Waiting for a worker", "Full sync"):
        assert part in shown.text


async def test_what_the_store_says_is_wrong_stands_in_the_form_without_the_secret(
    owner: Person, shop: FakeShop, url: str
) -> None:
    typed = {"consumer_key": shop.consumer_key, "consumer_secret": "cs_this_is_not_it"}
    response = await owner.send(CONNECT, url=url, **typed)
    assert response.status_code == 400
    shown = Shown(response)
    assert "The secret does not belong to the key." in shown.text
    assert "cs_this_is_not_it" not in shown.source
    assert shown.fields(CONNECT)["consumer_key"] == shop.consumer_key
    assert shown.fields(CONNECT)["url"] == url


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"url": "ftp://x"}, None),
        ({"url": ""}, None),
        ({"url": "https://\x00"}, None),
        ({"consumer_key": "cs_mixed_up"}, "A consumer key begins with ck_."),
        ({"consumer_secret": "ck_mixed_up"}, "A consumer secret begins with cs_."),
        ({"consumer_key": "ck_ü"}, "A consumer key begins with ck_."),
    ],
)
async def test_what_was_mistyped_stands_beside_its_field(
    typed: dict[str, str], says: str | None, owner: Person, shop: FakeShop, url: str
) -> None:
    response = await owner.send(CONNECT, **{"url": url, **keys(shop), **typed})
    assert response.status_code == 400
    (wrong,) = Shown(response).all("//span[@role='alert']")
    assert says is None or says in wrong.text_content()


async def test_a_store_of_another_account_is_refused_without_saying_whose(
    owner: Person,
    new_owner: NewPerson,
    shop: FakeShop,
    url: str,
) -> None:
    other = await new_owner()
    await other.send(CONNECT, url=url, **keys(shop))
    response = await owner.send(CONNECT, url=url, **keys(shop))
    assert response.status_code == 400
    assert "This store is connected to another account." in response.text
    assert other.organization not in response.text


@pytest.mark.parametrize(("button", "mode"), [("delta", "delta"), ("full", "full"), ("nonsense", "delta")])
async def test_a_run_is_started_by_a_button(button: str, mode: str, owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    response = await owner.send("/panel", f"/panel/stores/{store.id}/sync", mode=button)
    assert response.headers["location"] == f"/panel?done=sync_started#store-{store.id}"
    async with container.transaction() as services:
        (run,) = await services.sync.history(system_actor(owner.organization_id), store.id)
    assert (run.mode, run.state) == (mode, "queued")
    assert {"run_id": str(run.id)} in await queued_jobs(container, "sync.pull_store")


async def test_a_run_of_a_store_that_rests_is_refused_as_a_page(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, state="needs_reauth", state_reason="key_revoked: no")
    path = f"/panel/stores/{store.id}/sync"
    response = await owner.client.post(path, data={"form_token": await owner.token()})
    assert response.status_code == 409
    assert "connect it again first" in response.text


async def test_disconnecting_asks_first_and_then_deletes_the_keys(
    owner: Person, container: Container, shop: FakeShop, url: str
) -> None:
    response = await owner.send(CONNECT, url=url, **keys(shop))
    path = f"/panel/stores/{response.headers['location'].partition('#store-')[2]}/disconnect"
    assert path in (await owner.see("/panel")).links
    assert "The keys of" in (await owner.see(path)).text
    response = await owner.send(path)
    assert response.headers["location"] == "/panel?done=store_disconnected"
    shown = await owner.see(response.headers["location"])
    assert "1 disconnected store" in shown.text
    assert "0 connected" in shown.text


@pytest.mark.parametrize("step", ["sync", "disconnect"])
async def test_stores_of_another_organization_are_404(
    step: str, owner: Person, new_owner: NewPerson, container: Container
) -> None:
    other = await new_owner()
    store = await add_store(container, other)
    response = await owner.client.post(f"/panel/stores/{store.id}/{step}", data={"form_token": await owner.token()})
    assert response.status_code == 404
    assert "Connected" in (await other.see("/panel")).text


@pytest.mark.parametrize("step", ["connect", "disconnect", "attach"])
async def test_staff_cannot_connect_attach_or_disconnect_by_sending_forms(
    step: str, owner: Person, container: Container, shop: FakeShop, url: str
) -> None:
    store = await add_store(container, owner)
    await set_role(container, owner, "staff")
    path = f"/panel/stores/{store.id}/disconnect" if step == "disconnect" else f"/panel/stores/{step}"
    response = await owner.client.post(
        path, data={"form_token": await owner.token(), "url": url, **keys(shop), "token": "x"}
    )
    assert response.status_code == 403
    assert "Only an owner or an admin" in response.text


async def test_staff_may_start_a_run(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    await set_role(container, owner, "staff")
    assert (await owner.send("/panel", f"/panel/stores/{store.id}/sync", mode="delta")).status_code == 303


async def test_the_newest_run_of_each_store_is_found_in_one_look(
    owner: Person, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One query for all stores: the page must not ask store by store."""
    for _ in range(3):
        await add_run(container, await add_store(container, owner))

    async def forbidden(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(SyncService, "history", forbidden)
    assert (await owner.see("/panel")).text.count("Completed") == 3


async def test_a_connected_store_shows_how_often_it_is_read_and_lets_it_be_changed(
    owner: Person, shop: FakeShop, url: str
) -> None:
    made = await owner.send(CONNECT, url=url, **keys(shop))
    store_id = made.headers["location"].partition("#store-")[2]
    usual = "Reads changes every 5 minutes, what is listed every day and everything every week"
    assert usual in (await owner.see("/panel")).text
    page = await owner.see(f"/panel/stores/{store_id}/schedule")
    assert "Every 5 minutes" in page.text
    changed = await owner.send(f"/panel/stores/{store_id}/schedule", delta="900", sweep="0", full="0")
    assert changed.status_code == 303
    shown = (await owner.see("/panel")).text
    assert "Reads changes every 15 minutes" in shown
    assert "what is listed" not in shown
    assert "and everything" not in shown


@pytest.mark.parametrize("typed", ["", "5", "-1", "often", "99999999"])
async def test_an_impossible_schedule_changes_nothing(owner: Person, shop: FakeShop, url: str, typed: str) -> None:
    made = await owner.send(CONNECT, url=url, **keys(shop))
    store_id = made.headers["location"].partition("#store-")[2]
    refused = await owner.send(f"/panel/stores/{store_id}/schedule", delta=typed, sweep="86400", full="86400")
    assert refused.status_code == 400
    usual = "Reads changes every 5 minutes, what is listed every day and everything every week"
    assert usual in (await owner.see("/panel")).text


async def test_a_held_run_is_let_through_with_a_reason(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    run = await add_run(container, store, state="held", error_code="source_shrank", error_message="It shrank")
    path = f"/panel/runs/{run.id}"
    assert f"{path}/run-anyway" in (await owner.see(path)).source
    assert (await owner.send(path, f"{path}/run-anyway", reason="")).status_code == 400
    let = await owner.send(path, f"{path}/run-anyway", reason="We closed the garden department")
    assert let.status_code == 303
    assert "Guards were off for this run: We closed the garden" in (await owner.see(let.headers["location"])).text
    assert (await owner.send(path, f"{path}/run-anyway", reason="Once more")).status_code == 409
