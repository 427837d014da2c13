"""Tokens that expire: one renewal however many ask, and what is left when one of them fails or dies."""

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from backend.domain.stores.credentials import CredentialsVault
from backend.domain.stores.opening import StoreOpening
from backend.domain.stores.renewal import StoreRenewal, Turn, whose_turn
from backend.domain.stores.repository import ExchangeRepository
from backend.kit.crypto import Sealer
from backend.kit.ids import uuid7
from backend.models.events import Event
from backend.models.stores import Store, StoreCredentials
from backend.ports.platform_errors import Cause, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.store_platform import PullRequest
from backend.wiring import Container
from tests.support.fake_shopify import FakeMerchant
from tests.support.fake_stores import FakePlatforms
from tests.support.plugin_api import new_mark
from tests.support.token_server import TokenServer, connector, token_server
from tests.support.wired import SECRET_KEY

pytestmark = pytest.mark.anyio

WORKERS = 10


class Shop:
    """A connected shop with the tokens it was connected with."""

    def __init__(self, container: Container, merchant: FakeMerchant, store: Store, tokens: Mapping[str, str]) -> None:
        self.container = container
        self.merchant = merchant
        self.store = store
        self.tokens = tokens

    def renewal(self) -> StoreRenewal:
        """As each of several workers has its own."""
        connector = self.container.platforms.get("shopify")
        return StoreRenewal(self.container.begin, self.container.sealer, connector, self.store)

    async def stored(self) -> Mapping[str, str]:
        async with self.container.begin() as session:
            return await CredentialsVault(session, self.container.sealer).take(self.store)

    async def claimed(self) -> bool:
        async with self.container.begin() as session:
            query = select(StoreCredentials.renewing_until).where(StoreCredentials.store_id == self.store.id)
            return (await session.execute(query)).scalar_one() is not None

    async def state(self) -> tuple[str, str | None]:
        async with self.container.begin() as session:
            store = await session.get_one(Store, self.store.id)
            return store.state, store.state_reason

    async def events(self) -> list[str]:
        async with self.container.begin() as session:
            query = select(Event.type).where(Event.organization_id == self.store.organization_id).order_by(Event.id)
            return [*(await session.execute(query)).scalars()]


async def connected_store(container: Container, platform: str, url: str, tokens: Mapping[str, str]) -> Store:
    async with container.transaction() as services:
        made = await services.accounts.create_organization("Renewing", f"r-{new_mark()}@example.com", "enterprise")
        values = {"platform": platform, "url": url, "name": url, "state": "active", "facts": {}}
        store = Store(id=uuid7(), organization_id=made.organization.id, **values)
        services.session.add(store)
        await services.session.flush()
        await CredentialsVault(services.session, container.sealer).put(store, tokens)
    return store


@pytest.fixture
async def shop(container: Container, internet: FakePlatforms) -> Shop:
    merchant = internet.shopify.open_shop(new_mark())
    tokens = merchant.rotate()
    return Shop(container, merchant, await connected_store(container, "shopify", merchant.address, tokens), tokens)


class TestOneCall:
    async def test_ten_workers_at_once_make_one_call_and_get_the_same_tokens(self, shop: Shop) -> None:
        found = await asyncio.gather(*(shop.renewal()(shop.tokens) for _ in range(WORKERS)))
        assert shop.merchant.renewals == 1
        assert {one["access_token"] for one in found} == {shop.merchant.access_token}
        assert await shop.stored() == found[0]
        assert not await shop.claimed()

    async def test_whoever_comes_later_with_old_tokens_gets_the_newer_ones(self, shop: Shop) -> None:
        fresh = await shop.renewal()(shop.tokens)
        assert await shop.renewal()(shop.tokens) == fresh
        assert shop.merchant.renewals == 1

    async def test_tokens_are_renewed_again_when_they_are_outworn_again(self, shop: Shop) -> None:
        await shop.renewal()(await shop.renewal()(shop.tokens))
        assert shop.merchant.renewals == 2

    async def test_an_opened_store_renews_by_itself(self, shop: Shop) -> None:
        shop.merchant.access_token = "expired here, not there"
        opening = StoreOpening(shop.container.begin, shop.container.sealer, shop.container.platforms)
        opened = await opening.open(shop.store)
        assert [page.last async for page in opened.read_catalog(PullRequest())] == [True]
        assert (await shop.stored())["access_token"] == shop.merchant.access_token

    async def test_tokens_lie_sealed_under_the_newest_key(self, shop: Shop) -> None:
        newer = Sealer(("a newer key of enough characters", SECRET_KEY))
        shop.container.sealer = newer
        fresh = await shop.renewal()(shop.tokens)
        async with shop.container.begin() as session:
            row = await session.get_one(StoreCredentials, shop.store.id)
        assert row.key_id == newer.key_id
        assert fresh["refresh_token"].encode() not in row.sealed


class TestRefused:
    async def test_a_revoked_token_sends_the_store_to_rest_with_one_event(self, shop: Shop) -> None:
        shop.merchant.refresh_token = "somebody else has it"
        found = await asyncio.gather(*(shop.renewal()(shop.tokens) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in found].count(StoreRefused) >= 1
        assert not [error for error in found if not isinstance(error, StoreRefused | StoreUnavailable)]
        state, reason = await shop.state()
        assert (state, (await shop.events()).count("store.needs_reauth")) == ("needs_reauth", 1)
        assert reason is not None
        assert reason.startswith("key_revoked")
        assert await shop.stored() == shop.tokens
        assert not await shop.claimed()

    async def test_a_refusal_after_the_merchant_connected_again_means_nothing(self, shop: Shop) -> None:
        shop.merchant.gate = asyncio.Event()
        asked = asyncio.create_task(shop.renewal()(shop.tokens))
        await shop.merchant.reached.wait()
        newer = shop.merchant.rotate()
        async with shop.container.begin() as session:
            await CredentialsVault(session, shop.container.sealer).put(shop.store, newer)
        shop.merchant.gate.set()
        assert await asked == newer
        assert (await shop.state())[0] == "active"

    async def test_a_refusal_while_the_merchant_connects_again_does_not_mark_the_store(self, shop: Shop) -> None:
        shop.merchant.refresh_token = "of the exchange that is under way"
        async with shop.container.begin() as session:
            await ExchangeRepository(session).take("shopify", shop.store.url, uuid.uuid4(), 60.0)
        with pytest.raises(StoreUnavailable):
            await shop.renewal()(shop.tokens)
        assert (await shop.state())[0] == "active"
        assert await shop.events() == []

    async def test_a_wrong_client_secret_of_ours_does_not_mark_the_store(self, shop: Shop) -> None:
        shop.merchant.failure = StoreRefused(Cause.WRONG_SECRET, "Shopify refuses the client secret")
        with pytest.raises(StoreRefused) as caught:
            await shop.renewal()(shop.tokens)
        assert caught.value.cause is Cause.REFUSED
        assert (await shop.state())[0] == "active"
        assert not await shop.claimed()

    async def test_a_store_that_was_disconnected_is_refused_without_a_call(self, shop: Shop) -> None:
        async with shop.container.begin() as session:
            await CredentialsVault(session, shop.container.sealer).delete(shop.store)
        with pytest.raises(StoreRefused):
            await shop.renewal()(shop.tokens)
        assert shop.merchant.renewals == 0


class TestUnavailable:
    @pytest.mark.parametrize(
        "failure",
        [
            StoreUnavailable(Cause.SERVER_ERROR, "Shopify has trouble"),
            StoreThrottled("Shopify asks for patience", retry_after_s=2.0),
        ],
        ids=["server error", "throttled"],
    )
    async def test_trouble_never_counts_as_revoked_and_frees_the_claim(self, shop: Shop, failure: Exception) -> None:
        shop.merchant.failure = failure
        with pytest.raises(type(failure)):
            await shop.renewal()(shop.tokens)
        assert (await shop.state())[0] == "active"
        assert not await shop.claimed()
        shop.merchant.failure = None
        assert (await shop.renewal()(shop.tokens))["access_token"] == shop.merchant.access_token

    async def test_those_who_waited_fail_with_the_one_they_waited_for(self, shop: Shop) -> None:
        shop.merchant.gate = asyncio.Event()
        shop.merchant.failure = StoreUnavailable(Cause.SERVER_ERROR, "Shopify has trouble")
        first = asyncio.create_task(shop.renewal()(shop.tokens))
        await shop.merchant.reached.wait()
        others = [asyncio.create_task(shop.renewal()(shop.tokens)) for _ in range(3)]
        await asyncio.sleep(0.2)  # until each of them has looked: nothing else shows that it did
        shop.merchant.gate.set()
        found = await asyncio.gather(first, *others, return_exceptions=True)
        assert [type(one) for one in found] == [StoreUnavailable] * 4
        assert shop.merchant.renewals == 1

    async def test_an_error_of_ours_frees_the_claim_too(self, shop: Shop) -> None:
        shop.merchant.failure = RuntimeError("a mistake")
        with pytest.raises(RuntimeError):
            await shop.renewal()(shop.tokens)
        assert not await shop.claimed()


@pytest.mark.parametrize(
    ("taken", "released", "waited", "turn"),
    [
        (False, True, False, Turn.OURS),
        (True, False, False, Turn.THEIRS),
        (True, False, True, Turn.THEIRS),
        (False, True, True, Turn.MISSED),
        (False, False, True, Turn.OURS),
    ],
    ids=["nobody", "taken", "still taken", "failed just now", "its holder died"],
)
def test_whose_turn_it_is(taken: bool, released: bool, waited: bool, turn: Turn) -> None:
    assert whose_turn(taken=taken, released=released, waited=waited) is turn


class TestProcesses:
    """Workers as they are: processes of their own, over the wire."""

    @pytest.fixture
    def server(self) -> Iterator[TokenServer]:
        with token_server() as made:
            yield made

    @pytest.fixture
    async def store(self, container: Container) -> Store:
        return await connected_store(container, "shopify", f"https://p-{new_mark()}.myshopify.com", OUTWORN)

    def start(self, container: Container, server: TokenServer, store: Store, **more: Any) -> "subprocess.Popen[str]":
        wanted = {
            "database_url": container.settings.database.url,
            "secret_key": SECRET_KEY,
            "server_url": server.url,
            "store_id": str(store.id),
            "outworn": OUTWORN,
            "times": 5,
            **more,
        }
        command = [sys.executable, "-m", "tests.support.renewing_process", json.dumps(wanted)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    async def test_two_processes_with_ten_renewals_make_one_call(
        self, container: Container, server: TokenServer, store: Store
    ) -> None:
        server.answers.clear()
        workers = [self.start(container, server, store) for _ in range(2)]
        assert await asyncio.to_thread(server.reached.acquire, timeout=30)
        server.answers.set()
        outputs = [(await asyncio.to_thread(worker.communicate, timeout=60))[0] for worker in workers]
        found = [one for output in outputs for one in json.loads(output)]
        assert len(found) == WORKERS
        assert len({one["access_token"] for one in found}) == 1
        assert server.calls == [OUTWORN["refresh_token"]]

    async def test_a_worker_killed_before_it_kept_the_answer_is_healed_by_the_next(
        self, container: Container, server: TokenServer, store: Store
    ) -> None:
        dying = self.start(container, server, store, die=True, times=1)
        await asyncio.to_thread(dying.communicate, timeout=60)
        assert dying.returncode == -9
        async with container.begin() as session:
            row = await session.get_one(StoreCredentials, store.id)
            now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            assert row.renewing_until is not None
            assert row.renewing_until > now
            assert await CredentialsVault(session, container.sealer).take(store) == OUTWORN
        # Its claim runs out, which this test does not wait for.
        async with container.begin() as session:
            ours = update(StoreCredentials).where(StoreCredentials.store_id == store.id)
            await session.execute(ours.values(renewing_until=func.clock_timestamp() - timedelta(seconds=1)))
        renewal = StoreRenewal(container.begin, container.sealer, connector(server.url), store)
        fresh = await renewal(OUTWORN)
        assert server.calls == [OUTWORN["refresh_token"]] * 2
        assert fresh["refresh_token"] == server.current
        async with container.begin() as session:
            assert await CredentialsVault(session, container.sealer).take(store) == fresh

    async def test_others_wait_for_a_claim_that_still_counts(
        self, container: Container, server: TokenServer, store: Store
    ) -> None:
        async with container.begin() as session:
            ours = update(StoreCredentials).where(StoreCredentials.store_id == store.id)
            await session.execute(ours.values(renewing_until=func.clock_timestamp() + timedelta(seconds=1)))
        renewal = StoreRenewal(container.begin, container.sealer, connector(server.url), store)
        asked = asyncio.create_task(renewal(OUTWORN))
        await asyncio.sleep(0.3)
        assert server.calls == []
        assert (await asked)["refresh_token"] == server.current


OUTWORN = {"access_token": "access-0", "refresh_token": "refresh-0"}
