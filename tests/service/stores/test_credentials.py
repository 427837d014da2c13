"""What opens a store, sealed; rotation of the keys that seal; stores that refuse us."""

import uuid

import pytest
from sqlalchemy import func, select, update

from backend.domain.access.signing_keys import SigningKeys
from backend.domain.stores.activation import mark_needs_reauth
from backend.domain.stores.connecting import ConnectRequest
from backend.domain.stores.credentials import CredentialsVault, SecretRotation
from backend.domain.stores.opening import StoreOpening
from backend.kit.crypto import Sealer, UnsealError
from backend.kit.errors import DomainError
from backend.models.events import Event
from backend.models.stores import Store, StoreCredentials
from backend.ports.actor import Actor, system_actor
from backend.wiring import Container
from tests.support.fake_stores import FakePlatforms
from tests.support.wired import SECRET_KEY

pytestmark = pytest.mark.anyio

NEWER = "a newer key of enough characters"


@pytest.fixture
async def actor(container: Container) -> Actor:
    async with container.transaction() as services:
        email = f"owner-{uuid.uuid4().hex[:8]}@example.com"
        made = await services.accounts.create_organization("A", email, "pro")
    return system_actor(made.organization.id)


async def connected(container: Container, internet: FakePlatforms, actor: Actor) -> Store:
    mark = uuid.uuid4().hex[:8]
    url = f"https://{mark}.example.com"
    shop = internet.open_shop(url, mark)
    keys = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
    return await container.store_connecting.connect_as(
        actor, ConnectRequest(platform="woocommerce", url=url, credentials=keys)
    )


async def test_an_opened_store_has_the_credentials_it_was_connected_with(
    container: Container, internet: FakePlatforms, actor: Actor
) -> None:
    store = await connected(container, internet, actor)
    opened = await StoreOpening(container.begin, container.sealer, container.platforms).open(store)
    assert (await opened.identify()).url == store.url


async def test_credentials_under_a_key_that_is_gone_are_named_and_not_shown(
    container: Container, internet: FakePlatforms, actor: Actor
) -> None:
    store = await connected(container, internet, actor)
    with pytest.raises(UnsealError, match="STORELOOM_SECRET_KEYS"):
        await StoreOpening(container.begin, Sealer((NEWER,)), container.platforms).open(store)


async def test_rotation_seals_everything_under_the_newest_key_and_nothing_twice(
    container: Container, internet: FakePlatforms, actor: Actor
) -> None:
    stores = [await connected(container, internet, actor) for _ in range(3)]
    sealer = Sealer((NEWER, SECRET_KEY))
    rotation = SecretRotation(container.begin, sealer, SigningKeys(container.begin, sealer))
    assert await rotation.rotate() >= len(stores)
    async with container.begin() as session:
        query = select(func.count()).select_from(StoreCredentials).where(StoreCredentials.key_id != sealer.key_id)
        assert (await session.execute(query)).scalar_one() == 0
        for store in stores:
            found = await CredentialsVault(session, Sealer((NEWER,))).take(store)
            assert found["consumer_key"].startswith("ck_")
    # Back to the tests' key, for those that follow.
    back = Sealer((SECRET_KEY, NEWER))
    await SecretRotation(container.begin, back, SigningKeys(container.begin, back)).rotate()


async def test_more_credentials_than_one_batch_are_rotated(
    container: Container, internet: FakePlatforms, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.domain.stores.credentials.BATCH", 2)
    for _ in range(5):
        await connected(container, internet, actor)
    async with container.begin() as session:
        await session.execute(update(StoreCredentials).values(key_id="an older key"))
    await SecretRotation(container.begin, container.sealer, container.keys).rotate()
    async with container.begin() as session:
        query = select(StoreCredentials.key_id).distinct()
        assert list((await session.execute(query)).scalars()) == [container.sealer.key_id]


async def test_a_store_that_refuses_us_rests_and_is_told_of_once(
    container: Container, internet: FakePlatforms, actor: Actor
) -> None:
    store = await connected(container, internet, actor)
    for _ in range(2):
        async with container.begin() as session:
            row = await session.get(Store, store.id)
            assert row is not None
            await mark_needs_reauth(session, row, "key_revoked", "Make a new key and connect again")
    async with container.begin() as session:
        row = await session.get(Store, store.id)
        query = select(Event.payload).where(
            Event.type == "store.needs_reauth", Event.organization_id == store.organization_id
        )
        events = list((await session.execute(query)).scalars())
    assert row is not None
    assert (row.state, row.state_reason) == ("needs_reauth", "key_revoked: Make a new key and connect again")
    assert events == [{"store_id": str(store.id), "cause": "key_revoked"}]


async def test_a_disconnected_store_is_not_marked_as_refused(
    container: Container, internet: FakePlatforms, actor: Actor
) -> None:
    store = await connected(container, internet, actor)
    async with container.transaction() as services:
        await services.stores.disconnect(actor, store.id)
    async with container.begin() as session:
        row = await session.get(Store, store.id)
        assert row is not None
        await mark_needs_reauth(session, row, "key_revoked", "Make a new key")
        assert row.state == "disconnected"


async def test_connecting_again_wakes_a_store_that_rests(
    container: Container, internet: FakePlatforms, actor: Actor
) -> None:
    store = await connected(container, internet, actor)
    async with container.begin() as session:
        row = await session.get(Store, store.id)
        assert row is not None
        await mark_needs_reauth(session, row, "key_revoked", "Make a new key")
    shop = internet.shops[store.url]
    shop.consumer_key = "ck_" + "9" * 40
    keys = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
    again = await container.store_connecting.connect_as(
        actor, ConnectRequest(platform="woocommerce", url=store.url, credentials=keys)
    )
    assert (again.id, again.state, again.state_reason) == (store.id, "active", None)


@pytest.mark.parametrize("role", ["staff", "plugin", "unproven"])
async def test_connecting_and_disconnecting_need_a_manager(
    container: Container, internet: FakePlatforms, actor: Actor, role: str
) -> None:
    store = await connected(container, internet, actor)
    other = Actor(organization_id=actor.organization_id, role=role)
    with pytest.raises(DomainError) as refusal:
        await connected(container, internet, other)
    assert refusal.value.code == "INSUFFICIENT_ROLE"
    if role != "plugin":
        with pytest.raises(DomainError) as refusal:
            async with container.transaction() as services:
                await services.stores.disconnect(other, store.id)
        assert refusal.value.code == "INSUFFICIENT_ROLE"
