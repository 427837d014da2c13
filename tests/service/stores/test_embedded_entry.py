"""Shops that open us inside Shopify's admin: who they are, and whose they become (decision G10)."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import func, select, update

from backend.domain.access.rules import ROLE_PLUGIN
from backend.domain.stores.embedded_entry import EmbeddedVisit
from backend.domain.stores.opening import StoreOpening
from backend.kit.errors import DomainError
from backend.models.accounts import Membership, Organization
from backend.models.stores import Store, StoreCredentials
from backend.models.sync import SyncRun
from backend.ports.actor import Actor, system_actor
from backend.ports.platform_errors import Cause, StoreRefused, StoreUnavailable
from backend.ports.shopify_app import NotGenuine
from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.fake_shopify import CLIENT_ID, SECRET, FakeMerchant
from tests.support.fake_stores import FakePlatforms
from tests.support.plugin_api import new_mark

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, shopify=Shopify(client_id=CLIENT_ID, client_secret=SECRET))


@pytest.fixture
def merchant(internet: FakePlatforms) -> FakeMerchant:
    return internet.shopify.open_shop(new_mark())


async def enter(container: Container, merchant: FakeMerchant) -> EmbeddedVisit:
    return await container.embedded_entry.enter(merchant.id_token())


async def connected_by_consent(container: Container, merchant: FakeMerchant) -> tuple[Actor, Store]:
    """Connect the shop to an organization that has an owner, as the panel does."""
    async with container.transaction() as services:
        made = await services.accounts.create_organization("Owned", f"o-{new_mark()}@example.com", "growth")
    actor = system_actor(made.organization.id)
    begun = await container.shopify_oauth.begin(actor, merchant.domain)
    query = [*merchant.signed(state=begun.state).items()]
    return actor, await container.shopify_oauth.finish(query, begun.browser)


async def stores_at(container: Container, merchant: FakeMerchant) -> list[Store]:
    async with container.begin() as session:
        return [*(await session.execute(select(Store).where(Store.url == merchant.address))).scalars()]


def opening(container: Container) -> StoreOpening:
    return StoreOpening(container.begin, container.sealer, container.platforms)


class TestFirstVisit:
    async def test_a_shop_nobody_knows_gets_an_organization_named_after_it(
        self, container: Container, merchant: FakeMerchant
    ) -> None:
        visit = await enter(container, merchant)
        assert (visit.store.state, visit.store.url, visit.user_id) == ("active", merchant.address, "42")
        async with container.begin() as session:
            organization = await session.get_one(Organization, visit.store.organization_id)
            runs = select(SyncRun.mode).where(SyncRun.store_id == visit.store.id)
            assert [*(await session.execute(runs)).scalars()] == ["full"]
        assert organization.name == merchant.name
        assert organization.plan == container.settings.accounts.default_plan

    async def test_nobody_can_log_in_to_it_whatever_e_mail_the_shop_shows(
        self, container: Container, merchant: FakeMerchant
    ) -> None:
        visit = await enter(container, merchant)
        async with container.begin() as session:
            of_it = select(func.count()).where(Membership.organization_id == visit.store.organization_id)
            assert (await session.execute(of_it)).scalar_one() == 0

    async def test_a_shop_without_a_name_lends_its_domain(self, container: Container, merchant: FakeMerchant) -> None:
        merchant.name = " \x00 "
        visit = await enter(container, merchant)
        async with container.begin() as session:
            organization = await session.get_one(Organization, visit.store.organization_id)
        assert organization.name == merchant.domain

    async def test_first_loads_at_once_make_one_store_with_living_tokens(
        self, container: Container, merchant: FakeMerchant
    ) -> None:
        visits = await asyncio.gather(*(enter(container, merchant) for _ in range(6)))
        assert len({visit.store.id for visit in visits}) == 1
        assert len(await stores_at(container, merchant)) == 1
        assert merchant.exchanges == 1
        opened = await opening(container).open(visits[0].store)
        assert (await opened.identify()).name == merchant.name

    async def test_the_token_is_not_stored(self, container: Container, merchant: FakeMerchant) -> None:
        token = merchant.id_token()
        visit = await container.embedded_entry.enter(token)
        async with container.begin() as session:
            row = await session.get_one(StoreCredentials, visit.store.id)
            store = await session.get_one(Store, visit.store.id)
        assert token not in container.sealer.open(row.sealed).decode()
        assert token not in repr(vars(store))


class TestLaterVisits:
    async def test_nothing_is_exchanged_again(self, container: Container, merchant: FakeMerchant) -> None:
        first = await enter(container, merchant)
        for _ in range(2):
            again = await enter(container, merchant)
            # Whoever is let in gets the whole store, also what the visit itself is noted in.
            assert (again.store.id, again.store.facts) == (first.store.id, first.store.facts | again.store.facts)
        assert merchant.exchanges == 1

    async def test_each_notes_when_the_shop_said_so_and_never_an_earlier_moment(
        self, container: Container, merchant: FakeMerchant
    ) -> None:
        await enter(container, merchant)
        now = int(time.time())
        for issued_at in (now - 20, now - 5, now - 10):
            await container.embedded_entry.enter(merchant.id_token(iat=issued_at, nbf=issued_at))
        (store,) = await stores_at(container, merchant)
        assert store.facts["opened_at"] == datetime.fromtimestamp(now - 5, UTC).isoformat()

    async def test_a_shop_that_a_panel_connected_stays_with_that_organization(
        self, container: Container, merchant: FakeMerchant
    ) -> None:
        actor, store = await connected_by_consent(container, merchant)
        visit = await enter(container, merchant)
        assert (visit.store.id, visit.actor.organization_id) == (store.id, actor.organization_id)
        assert merchant.exchanges == 1

    @pytest.mark.parametrize("state", ["needs_reauth", "disconnected"])
    async def test_a_shop_at_rest_is_connected_again_where_it_was(
        self, container: Container, merchant: FakeMerchant, state: str
    ) -> None:
        actor, store = await connected_by_consent(container, merchant)
        async with container.begin() as session:
            await session.execute(update(Store).where(Store.id == store.id).values(state=state))
        visit = await enter(container, merchant)
        assert (visit.store.id, visit.store.state) == (store.id, "active")
        assert visit.actor.organization_id == actor.organization_id
        assert merchant.exchanges == 2

    async def test_tokens_that_are_gone_are_brought_again(self, container: Container, merchant: FakeMerchant) -> None:
        visit = await enter(container, merchant)
        async with container.begin() as session:
            await session.delete(await session.get_one(StoreCredentials, visit.store.id))
        assert (await enter(container, merchant)).store.id == visit.store.id
        assert merchant.exchanges == 2

    async def test_of_two_organizations_that_had_it_the_one_that_holds_it_counts(
        self, container: Container, merchant: FakeMerchant
    ) -> None:
        _, earlier = await connected_by_consent(container, merchant)
        async with container.begin() as session:
            await session.execute(update(Store).where(Store.id == earlier.id).values(state="disconnected"))
        _, later = await connected_by_consent(container, merchant)
        async with container.begin() as session:
            # However old its connection is.
            old = update(Store).where(Store.id == later.id)
            await session.execute(old.values(connected_at=earlier.created_at.replace(year=2020)))
        assert (await enter(container, merchant)).store.id == later.id


class TestWhatAVisitMay:
    async def test_it_sees_and_manages_this_store_only(self, container: Container, merchant: FakeMerchant) -> None:
        actor, store = await connected_by_consent(container, merchant)
        async with container.transaction() as services:
            other = Store(
                id=uuid.uuid4(),
                organization_id=actor.tenant,
                platform="woocommerce",
                url=f"https://{new_mark()}.example.com",
                name="Other",
                state="active",
                facts={},
            )
            services.session.add(other)
        visit = await enter(container, merchant)
        assert (visit.actor.role, visit.actor.store_url) == (ROLE_PLUGIN, merchant.address)
        async with container.transaction() as services:
            assert [one.id for one in await services.stores.stores(visit.actor)] == [store.id]
            with pytest.raises(DomainError):
                await services.stores.disconnect(visit.actor, other.id)
        async with container.transaction() as services:
            assert (await services.stores.disconnect(visit.actor, store.id)).state == "disconnected"

    async def test_it_connects_no_other_shop(self, container: Container, merchant: FakeMerchant) -> None:
        visit = await enter(container, merchant)
        with pytest.raises(DomainError) as caught:
            await container.shopify_oauth.begin(visit.actor, "another")
        assert caught.value.code == "INSUFFICIENT_ROLE"


class TestRefused:
    @pytest.mark.parametrize(
        "token",
        [
            lambda merchant: merchant.id_token(secret="another secret, of 32 bytes or more"),
            lambda merchant: merchant.id_token(aud="another app"),
            lambda merchant: merchant.id_token(life_s=-60),
            lambda merchant: merchant.id_token(dest="https://evil.com"),
            lambda merchant: merchant.id_token(
                dest="https://x.myshopify.com.evil.com", iss="https://x.myshopify.com.evil.com/admin"
            ),
            lambda merchant: "a.b.c",
        ],
        ids=["signature", "audience", "expired", "destination", "no shop", "garbage"],
    )
    async def test_a_token_that_is_not_genuine_changes_nothing(
        self, container: Container, merchant: FakeMerchant, token: object
    ) -> None:
        with pytest.raises(NotGenuine):
            await container.embedded_entry.enter(token(merchant))  # type: ignore[operator]
        assert await stores_at(container, merchant) == []
        assert merchant.exchanges == 0

    @pytest.mark.parametrize(
        "failure",
        [StoreUnavailable(Cause.SERVER_ERROR, "Trouble"), StoreRefused(Cause.REFUSED, "Not this token")],
        ids=["unavailable", "refused"],
    )
    async def test_a_shop_that_fails_us_leaves_nothing_behind(
        self, container: Container, merchant: FakeMerchant, failure: Exception
    ) -> None:
        merchant.failure = failure
        with pytest.raises(DomainError):
            await enter(container, merchant)
        assert await stores_at(container, merchant) == []
        merchant.failure = None
        assert (await enter(container, merchant)).store.state == "active"


class TestChangingTheSecret:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        newer = "a newer secret of tests, 32 bytes"
        shopify = Shopify(client_id=CLIENT_ID, client_secret=newer, client_secret_old=SECRET)
        return msgspec.structs.replace(settings, shopify=shopify)

    @pytest.mark.parametrize("secret", [SECRET, "a newer secret of tests, 32 bytes"], ids=["old", "new"])
    async def test_tokens_signed_with_either_secret_let_in(
        self, container: Container, merchant: FakeMerchant, secret: str
    ) -> None:
        visit = await container.embedded_entry.enter(merchant.id_token(secret=secret))
        assert visit.store.state == "active"


async def test_a_consent_and_a_first_load_at_once_leave_living_tokens(
    container: Container, merchant: FakeMerchant
) -> None:
    """Each exchange ends the tokens of the one before: whichever comes last must be the one that is kept."""
    outcomes = await asyncio.gather(
        enter(container, merchant), connected_by_consent(container, merchant), return_exceptions=True
    )
    # Whoever comes second finds the shop held by the first one's organization, or is let in there.
    assert [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, DomainError)] == []
    held = [store for store in await stores_at(container, merchant) if store.state == "active"]
    assert len(held) == 1
    opened = await opening(container).open(held[0])
    assert (await opened.identify()).name == merchant.name
