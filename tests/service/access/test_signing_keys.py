"""Keys that sign tokens, on a real database."""

import asyncio

import pytest
from sqlalchemy import delete, func, select

from backend.domain.access.signing_keys import SigningKeys
from backend.kit.crypto import Sealer
from backend.models.accounts import SigningKey
from backend.wiring import Container

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def no_keys(container: Container) -> None:
    async with container.begin() as session:
        await session.execute(delete(SigningKey))


def keys_of(container: Container) -> SigningKeys:
    """What another process knows."""
    return SigningKeys(container.begin, container.sealer)


async def test_the_first_key_is_made_once_by_however_many_ask(container: Container) -> None:
    keys = keys_of(container)

    async def ask() -> object:
        async with container.begin() as session:
            return (await keys.signing(session)).id

    assert len(set(await asyncio.gather(*(ask() for _ in range(4))))) == 1
    async with container.begin() as session:
        assert (await session.execute(select(func.count()).select_from(SigningKey))).scalar_one() == 1


async def test_the_first_key_outlives_the_transaction_that_asked_for_it(container: Container) -> None:
    keys = keys_of(container)
    async with container.begin() as session:
        made = await keys.signing(session)
        await session.rollback()
    async with container.begin() as session:
        assert await keys_of(container).verifying(session, str(made.id)) is not None


async def test_a_rotated_key_signs_no_more_and_still_verifies(container: Container) -> None:
    keys = keys_of(container)
    async with container.begin() as session:
        old = await keys.signing(session)
    async with container.begin() as session:
        new = await keys.rotate(session)
    async with container.begin() as session:
        assert (await keys.signing(session)).id == new
        assert await keys.verifying(session, str(old.id)) is not None


async def test_a_forgotten_key_verifies_nothing(container: Container) -> None:
    keys = keys_of(container)
    async with container.begin() as session:
        old = await keys.signing(session)
    async with container.begin() as session:
        await keys.rotate(session, forget_old=True)
    async with container.begin() as session:
        assert await keys.verifying(session, str(old.id)) is None


async def test_the_secret_is_sealed_in_the_database(container: Container) -> None:
    keys = keys_of(container)
    async with container.begin() as session:
        key = await keys.signing(session)
        row = await session.get(SigningKey, key.id)
    assert row is not None
    assert key.secret not in row.sealed
    assert len(key.secret) == 32


async def test_keys_are_sealed_anew_under_the_newest_secret(container: Container) -> None:
    async with container.begin() as session:
        before = await keys_of(container).signing(session)
    newer = Sealer(("a newer key of enough characters", "a test key of enough characters"))
    async with container.begin() as session:
        assert await SigningKeys(container.begin, newer).reseal(session) == 1
    only_new = SigningKeys(container.begin, Sealer(("a newer key of enough characters",)))
    async with container.begin() as session:
        assert (await only_new.signing(session)).secret == before.secret
