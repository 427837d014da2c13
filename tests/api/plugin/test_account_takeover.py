"""G10: nobody takes over an account by knowing its e-mail. Every attempt we could think of."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from backend.domain.stores.connecting import ConnectRequest
from backend.kit.clock import utc_now
from backend.kit.crypto import token_hash
from backend.kit.errors import DomainError
from backend.models.accounts import AccessGrant, MailedLink, Membership, User
from backend.models.stores import Store, StoreCredentials
from backend.ports.actor import Actor
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
    RESET,
    STATUS,
    NewOwner,
    NewPlugin,
    Owner,
    Plugin,
    WorkOff,
    account,
    bearer,
    new_mark,
    refused,
)
from tests.support.running_jobs import queued_jobs

pytestmark = pytest.mark.anyio

ATTACH_JOB, PASSWORD_JOB = "stores.mail_attach_link", "access.mail_password_link"


class Victim:
    """An organization with a connected store, and what its owner does."""

    def __init__(self, owner: Owner, plugin: Plugin, container: Container, outbox: Outbox, work_off: WorkOff) -> None:
        self.owner = owner
        self.plugin = plugin
        self.channel = ""
        self._container = container
        self._outbox = outbox
        self._work_off = work_off

    async def connect(self) -> None:
        keys = {"consumer_key": self.plugin.shop.consumer_key, "consumer_secret": self.plugin.shop.consumer_secret}
        request = ConnectRequest(platform="woocommerce", url=self.plugin.url, credentials=keys)
        store = await self._container.store_connecting.connect_as(await self.actor(), request)
        self.channel = str(store.id)

    async def actor(self) -> Actor:
        return await self._container.authenticator.authenticate(self.owner.token)

    async def mailed_token(self) -> str:
        await self._work_off(ATTACH_JOB)
        mail = self._outbox.mails[-1]
        assert mail.to == self.owner.email
        return mail.token

    async def attach(self, token: str, actor: Actor | None = None) -> Store:
        async with self._container.transaction() as services:
            return await services.store_attachment.attach(actor or await self.actor(), token)


@pytest.fixture
async def victim(
    new_owner: NewOwner, new_plugin: NewPlugin, container: Container, outbox: Outbox, work_off: WorkOff
) -> Victim:
    made = Victim(await new_owner(), new_plugin(), container, outbox, work_off)
    await made.connect()
    return made


async def assert_sees_nothing(client: httpx.AsyncClient, token: str, victim: Victim) -> None:
    """A token of an attacker: account-status is empty, everything else is a 403."""
    status = await client.get(ACCOUNT, headers=bearer(token))
    assert status.status_code == 200
    body = status.json()
    assert (body["connected"], body["plan"], body["organizationName"]) == (False, None, None)
    answers = [
        status,
        await client.get(STATUS, headers=bearer(token)),
        await client.post(DISCONNECT, headers=bearer(token)),
        await client.post(DISCONNECT, headers=bearer(token), json={"channelId": victim.channel}),
        await client.post(INIT, headers=bearer(token), json={"shopDomain": "mine", "channelId": victim.channel}),
        await client.get(CONFIGURED, headers=bearer(token)),
        await client.post(LOGOUT, headers=bearer(token)),
    ]
    for answer in answers[1:]:
        refused(answer, 403, "NOT_PROVEN")
    secrets = (victim.owner.name, victim.owner.organization_id, victim.owner.user_id, victim.channel, "enterprise")
    assert not [secret for answer in answers for secret in secrets if secret in answer.text]


async def assert_untouched(client: httpx.AsyncClient, victim: Victim) -> None:
    """The victim's store is still connected."""
    assert (await account(client, victim.owner.token))["connected"] is True


# --- knowing the e-mail -------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", [str, str.upper, str.title, lambda email: f"  {email} "])
@pytest.mark.parametrize("knows_the_url", [False, True])
async def test_g10_registering_a_known_email_sees_nothing(
    victim: Victim, new_plugin: NewPlugin, knows_the_url: bool, spelling: Callable[[str], str]
) -> None:
    attacker = new_plugin()
    url = victim.plugin.url if knows_the_url else attacker.url
    made = await attacker.register(spelling(victim.owner.email), storeUrl=url)
    assert made["isNewAccount"] is False
    assert made["user"]["id"] != victim.owner.user_id
    await assert_sees_nothing(attacker.client, made["token"], victim)
    await assert_untouched(attacker.client, victim)


async def test_g10_an_unproven_token_shows_the_email_as_it_was_typed(victim: Victim, new_plugin: NewPlugin) -> None:
    attacker = new_plugin()
    typed = victim.owner.email.upper()
    token = (await attacker.register(typed))["token"]
    assert (await account(attacker.client, token))["email"] == typed


@pytest.mark.parametrize(
    "alike", ["{}.", "{}/", "{}:443", "{}/wp-admin", "{}//", "{}?x=1", "{}#x"], ids=lambda text: text
)
async def test_g10_another_spelling_of_the_victims_address_opens_nothing(
    victim: Victim, new_plugin: NewPlugin, alike: str
) -> None:
    attacker = new_plugin()
    token = (await attacker.register(victim.owner.email, storeUrl=alike.format(victim.plugin.url)))["token"]
    await assert_sees_nothing(attacker.client, token, victim)


async def test_g10_registering_again_and_again_does_not_end_the_owners_tokens(
    victim: Victim, new_plugin: NewPlugin
) -> None:
    token = (await victim.plugin.connect(victim.owner.email)).json()["token"]
    for _ in range(3):
        await new_plugin().register(victim.owner.email, storeUrl=victim.plugin.url)
    assert (await account(victim.plugin.client, token))["connected"] is True
    await assert_untouched(victim.plugin.client, victim)


# --- with a store of the attacker's own ---------------------------------------------------------------------


async def test_g10_an_own_store_under_a_known_email_waits_and_sees_nothing(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    attacker = new_plugin()
    pulls = len(await queued_jobs(container, "sync.pull_store"))
    response = await attacker.connect(victim.owner.email)
    assert response.status_code == 202
    assert set(response.json()) == {"success", "token", "channelId", "message"}
    assert response.json()["success"] is True
    await assert_sees_nothing(attacker.client, response.json()["token"], victim)
    await assert_untouched(attacker.client, victim)
    assert len(await queued_jobs(container, "sync.pull_store")) == pulls
    async with container.begin() as session:
        store = await session.get(Store, uuid.UUID(response.json()["channelId"]))
    assert store is not None
    assert (store.state, store.connected_at) == ("pending", None)


async def test_g10_connecting_an_own_store_twice_still_waits(victim: Victim, new_plugin: NewPlugin) -> None:
    attacker = new_plugin()
    first = await attacker.connect(victim.owner.email)
    again = await attacker.connect(victim.owner.email)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["channelId"] == again.json()["channelId"]
    await assert_sees_nothing(attacker.client, again.json()["token"], victim)


async def test_g10_registering_first_does_not_make_the_pair_known(victim: Victim, new_plugin: NewPlugin) -> None:
    attacker = new_plugin()
    await attacker.register(victim.owner.email)
    response = await attacker.connect(victim.owner.email)
    assert response.status_code == 202
    await assert_sees_nothing(attacker.client, response.json()["token"], victim)


@pytest.mark.parametrize("claim", ["{}", "{}/", "https://www.{}"], ids=["the address", "with a slash", "with www"])
async def test_g10_a_store_that_claims_the_victims_address_is_kept_under_its_own(
    victim: Victim, new_plugin: NewPlugin, claim: str
) -> None:
    attacker = new_plugin()
    host = victim.plugin.url.removeprefix("https://")
    attacker.shop.claims = claim.format(host if "www" in claim else victim.plugin.url)
    response = await attacker.connect(victim.owner.email)
    assert response.status_code == 202
    assert response.json()["channelId"] != victim.channel
    await assert_sees_nothing(attacker.client, response.json()["token"], victim)


async def test_g10_a_store_below_the_victims_host_is_another_store(victim: Victim, new_plugin: NewPlugin) -> None:
    attacker = new_plugin(f"{victim.plugin.url}/blog")
    response = await attacker.connect(victim.owner.email)
    assert response.status_code == 202
    await assert_sees_nothing(attacker.client, response.json()["token"], victim)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://shop-{}。example.com", "https://shop-{}.example.com"),
        ("https://SHOP-{}.EXAMPLE.COM.", "https://shop-{}.example.com"),
        ("https://bücher-{}.example.com", "https://xn--bcher-{}-"),
        ("https://ѕhop-{}.example.com", "https://xn--hop-{}-"),
    ],
    ids=["ideographic full stop", "case and dot", "umlaut", "homograph"],
)
async def test_g10_addresses_are_kept_in_one_ascii_spelling(
    new_plugin: NewPlugin, container: Container, written: str, kept: str
) -> None:
    mark = new_mark()
    made = await new_plugin().register(f"m-{mark}@example.com", storeUrl=written.format(mark))
    async with container.begin() as session:
        query = select(AccessGrant.store_url).where(AccessGrant.user_id == uuid.UUID(made["user"]["id"]))
        url = (await session.execute(query)).scalar_one()
    assert url is not None
    assert url.isascii()
    assert url.startswith(kept.format(mark))


async def test_g10_a_homograph_of_the_victims_address_is_another_store(victim: Victim, new_plugin: NewPlugin) -> None:
    attacker = new_plugin()
    look_alike = victim.plugin.url.replace("shop", "ѕhop")
    token = (await attacker.register(victim.owner.email, storeUrl=look_alike))["token"]
    await assert_sees_nothing(attacker.client, token, victim)
    # Nobody lives there, so connecting it fails like any other address without a server.
    refused(await attacker.connect(victim.owner.email, storeUrl=look_alike), 400)


async def test_g10_many_waiting_stores_do_not_flood_the_account_or_the_mailbox(
    victim: Victim, new_plugin: NewPlugin, work_off: WorkOff, outbox: Outbox
) -> None:
    answers = []
    for _ in range(22):
        answers.append(await new_plugin().connect(victim.owner.email))
        await work_off(ATTACH_JOB)
    assert [answer.status_code for answer in answers] == [202] * 20 + [400] * 2
    refused(answers[-1], 400, "TOO_MANY_PENDING")
    assert [mail.to for mail in outbox.mails] == [victim.owner.email] * 3


# --- with the victim's store --------------------------------------------------------------------------------


async def test_g10_wrong_keys_for_the_victims_store_prove_nothing(victim: Victim) -> None:
    response = await victim.plugin.connect(victim.owner.email, consumerSecret="cs_" + "1" * 40)
    refused(response, 401)
    await assert_untouched(victim.plugin.client, victim)


async def test_g10_a_held_store_is_refused_to_others_without_saying_whose_it_is(victim: Victim) -> None:
    response = await victim.plugin.connect(f"stranger-{new_mark()}@example.com")
    body = refused(response, 403, "STORE_HELD")
    for secret in (victim.owner.name, victim.owner.email, victim.owner.organization_id):
        assert secret not in str(body)
    await assert_untouched(victim.plugin.client, victim)


async def test_g10_a_held_store_is_refused_to_another_known_account(victim: Victim, new_owner: NewOwner) -> None:
    stranger = await new_owner()
    refused(await victim.plugin.connect(stranger.email), 403, "STORE_HELD")
    assert (await account(victim.plugin.client, stranger.token))["connected"] is False


async def test_g10_a_refused_stranger_leaves_no_account_behind(victim: Victim) -> None:
    email = f"stranger-{new_mark()}@example.com"
    await victim.plugin.connect(email)
    assert (await victim.plugin.register(email))["isNewAccount"] is True


async def test_g10_a_store_that_needs_new_keys_is_still_held(victim: Victim, container: Container) -> None:
    async with container.begin() as session:
        where = Store.id == uuid.UUID(victim.channel)
        await session.execute(update(Store).where(where).values(state="needs_reauth"))
    refused(await victim.plugin.connect(f"stranger-{new_mark()}@example.com"), 403, "STORE_HELD")


async def test_g10_working_keys_of_the_connected_store_open_it_again(victim: Victim) -> None:
    response = await victim.plugin.connect(victim.owner.email.upper())
    assert response.status_code == 200
    assert response.json()["channelId"] == victim.channel
    shown = await account(victim.plugin.client, response.json()["token"])
    assert (shown["connected"], shown["organizationName"]) == (True, victim.owner.name)


async def test_g10_a_store_token_reaches_the_plugins_endpoints_only(victim: Victim) -> None:
    token = (await victim.plugin.connect(victim.owner.email)).json()["token"]
    client = victim.plugin.client
    refused(await client.post(INIT, headers=bearer(token), json={"shopDomain": "mine"}), 403, "PANEL_LOGIN_NEEDED")
    refused(await client.get(CONFIGURED, headers=bearer(token)), 403, "PANEL_LOGIN_NEEDED")
    assert (await client.get(STATUS, headers=bearer(token))).status_code == 200


# --- tokens that should have ended --------------------------------------------------------------------------


async def test_g10_proof_revokes_every_earlier_token_of_the_pair(new_plugin: NewPlugin) -> None:
    plugin, email = new_plugin(), f"m-{new_mark()}@example.com"
    early = [(await plugin.register(email))["token"] for _ in range(3)]
    proven = (await plugin.connect(email)).json()["token"]
    for token in early:
        refused(await plugin.client.get(ACCOUNT, headers=bearer(token)), 401)
    again = (await plugin.connect(email)).json()["token"]
    refused(await plugin.client.get(ACCOUNT, headers=bearer(proven)), 401)
    assert (await account(plugin.client, again))["connected"] is True


async def test_g10_whoever_registered_first_with_email_and_address_is_out_when_the_keys_are_shown(
    new_plugin: NewPlugin,
) -> None:
    plugin, attacker = new_plugin(), new_plugin()
    email = f"m-{new_mark()}@example.com"
    stolen = (await attacker.register(email, storeUrl=plugin.url))["token"]
    assert (await account(attacker.client, stolen))["email"] == email
    response = await plugin.connect(email)
    assert response.status_code == 201
    refused(await attacker.client.get(ACCOUNT, headers=bearer(stolen)), 401)
    refused(await attacker.client.post(DISCONNECT, headers=bearer(stolen)), 401)


async def test_g10_registering_and_connecting_at_once_leave_no_early_token_alive(new_plugin: NewPlugin) -> None:
    plugin = new_plugin()
    for _ in range(5):
        shop, email = new_plugin(), f"m-{new_mark()}@example.com"
        registered, connected = await asyncio.gather(
            plugin.register(email, storeUrl=shop.url), shop.connect(email), return_exceptions=True
        )
        assert isinstance(registered, dict)
        assert isinstance(connected, httpx.Response)
        assert connected.status_code == 201
        early = await shop.client.get(ACCOUNT, headers=bearer(registered["token"]))
        if registered["isNewAccount"]:
            refused(early, 401)
        else:
            assert early.status_code == 401 or early.json()["connected"] is False
        assert (await account(shop.client, connected.json()["token"]))["connected"] is True


async def test_g10_a_token_of_a_disconnected_store_does_not_see_it_reconnected_elsewhere(
    new_plugin: NewPlugin,
) -> None:
    plugin, first, second = new_plugin(), f"a-{new_mark()}@example.com", f"b-{new_mark()}@example.com"
    token = (await plugin.connect(first)).json()["token"]
    await plugin.client.post(DISCONNECT, headers=bearer(token))
    assert (await plugin.connect(second)).status_code == 201
    assert (await account(plugin.client, token))["connected"] is False


# --- an account that a stranger registered first ------------------------------------------------------------


async def set_password(
    client: httpx.AsyncClient, email: str, work_off: WorkOff, outbox: Outbox, password: str = "the owner's own"
) -> str:
    """Prove control of an e-mail by a mailed link and log in; returns the panel token."""
    await client.post(FORGOT, json={"email": email})
    await work_off(PASSWORD_JOB)
    assert outbox.mails[-1].to == email
    response = await client.post(RESET, json={"token": outbox.mails[-1].token, "password": password})
    assert response.status_code == 200
    token: str = (await client.post(LOGIN, json={"email": email, "password": password})).json()["token"]
    return token


async def test_g10_setting_the_first_password_ends_a_strangers_tokens(
    new_plugin: NewPlugin, client: httpx.AsyncClient, work_off: WorkOff, outbox: Outbox
) -> None:
    attacker, email = new_plugin(), f"victim-{new_mark()}@example.com"
    registered = (await attacker.register(email))["token"]
    connected = (await attacker.connect(email)).json()["token"]
    await set_password(client, email, work_off, outbox)
    for token in (registered, connected):
        refused(await attacker.client.get(ACCOUNT, headers=bearer(token)), 401)


async def test_g10_after_the_first_password_a_strangers_keys_open_the_account_no_more(
    new_plugin: NewPlugin, client: httpx.AsyncClient, work_off: WorkOff, outbox: Outbox
) -> None:
    attacker, email = new_plugin(), f"victim-{new_mark()}@example.com"
    await attacker.connect(email)
    owner = await set_password(client, email, work_off, outbox)
    response = await attacker.connect(email)
    assert response.status_code == 202
    shown = await account(attacker.client, response.json()["token"])
    assert (shown["connected"], shown["organizationName"]) == (False, None)
    assert (await account(client, owner))["email"] == email


async def test_g10_after_the_first_password_the_owners_store_is_confirmed_by_one_link(
    new_plugin: NewPlugin, client: httpx.AsyncClient, work_off: WorkOff, outbox: Outbox, container: Container
) -> None:
    plugin, email = new_plugin(), f"merchant-{new_mark()}@example.com"
    channel = (await plugin.connect(email)).json()["channelId"]
    panel = await set_password(client, email, work_off, outbox)
    # The store goes on being synced meanwhile; only its token waits.
    assert (await account(client, panel))["connected"] is True
    waits = await plugin.connect(email)
    assert (waits.status_code, waits.json()["channelId"]) == (202, channel)
    await work_off(ATTACH_JOB)
    actor = await container.authenticator.authenticate(panel)
    async with container.transaction() as services:
        await services.store_attachment.attach(actor, outbox.mails[-1].token)
    assert (await account(plugin.client, waits.json()["token"]))["connected"] is True
    again = await plugin.connect(email)
    assert (again.status_code, again.json()["channelId"]) == (200, channel)


async def test_g10_a_later_password_does_not_make_known_stores_unknown(
    victim: Victim, client: httpx.AsyncClient, work_off: WorkOff, outbox: Outbox
) -> None:
    await set_password(client, victim.owner.email, work_off, outbox)
    assert (await victim.plugin.connect(victim.owner.email)).status_code == 200


# --- the mailed link ----------------------------------------------------------------------------------------


async def test_g10_following_the_link_attaches_the_store_and_proves_the_token_that_showed_its_keys(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    plugin = new_plugin()
    waiting = (await plugin.connect(victim.owner.email)).json()
    unrelated = (await new_plugin().register(victim.owner.email, storeUrl=plugin.url))["token"]
    pulls = len(await queued_jobs(container, "sync.pull_store"))
    store = await victim.attach(await victim.mailed_token())
    assert (str(store.id), store.state) == (waiting["channelId"], "active")
    assert len(await queued_jobs(container, "sync.pull_store")) == pulls + 1
    assert (await account(plugin.client, waiting["token"]))["connected"] is True
    # Whoever only typed e-mail and address still sees nothing.
    assert (await account(plugin.client, unrelated))["organizationName"] is None
    again = await plugin.connect(victim.owner.email)
    assert (again.status_code, again.json()["channelId"]) == (200, waiting["channelId"])


async def test_g10_the_mail_names_the_store(victim: Victim, new_plugin: NewPlugin, outbox: Outbox) -> None:
    plugin = new_plugin()
    await plugin.connect(victim.owner.email)
    await victim.mailed_token()
    assert plugin.url in outbox.mails[-1].body


async def test_g10_looking_at_a_link_shows_the_store_and_uses_nothing_up(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    plugin = new_plugin()
    await plugin.connect(victim.owner.email)
    token = await victim.mailed_token()
    for _ in range(2):
        async with container.transaction() as services:
            assert (await services.store_attachment.look(await victim.actor(), token)).url == plugin.url
    assert (await victim.attach(token)).state == "active"


async def test_g10_a_link_works_once(victim: Victim, new_plugin: NewPlugin) -> None:
    await new_plugin().connect(victim.owner.email)
    token = await victim.mailed_token()
    await victim.attach(token)
    with pytest.raises(DomainError) as refusal:
        await victim.attach(token)
    assert refusal.value.code == "LINK_INVALID"


async def test_g10_a_link_followed_twice_at_once_attaches_once(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    await new_plugin().connect(victim.owner.email)
    token = await victim.mailed_token()
    outcomes = await asyncio.gather(*(victim.attach(token) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(outcome, Store) for outcome in outcomes) == 1


async def test_g10_a_link_expires(victim: Victim, new_plugin: NewPlugin, container: Container) -> None:
    await new_plugin().connect(victim.owner.email)
    token = await victim.mailed_token()
    async with container.begin() as session:
        which = MailedLink.token_hash == token_hash(token)
        await session.execute(update(MailedLink).where(which).values(expires_at=utc_now() - timedelta(seconds=1)))
    with pytest.raises(DomainError) as refusal:
        await victim.attach(token)
    assert refusal.value.code == "LINK_INVALID"


async def test_g10_another_user_cannot_use_the_link_nor_use_it_up(
    victim: Victim, new_plugin: NewPlugin, new_owner: NewOwner, container: Container
) -> None:
    await new_plugin().connect(victim.owner.email)
    token = await victim.mailed_token()
    stranger = await container.authenticator.authenticate((await new_owner()).token)
    with pytest.raises(DomainError) as refusal:
        await victim.attach(token, stranger)
    assert refusal.value.code == "LINK_OF_ANOTHER_USER"
    assert (await victim.attach(token)).state == "active"


async def test_g10_the_waiting_token_itself_cannot_use_the_link(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    waiting = (await new_plugin().connect(victim.owner.email)).json()["token"]
    link = await victim.mailed_token()
    with pytest.raises(DomainError) as refusal:
        await victim.attach(link, await container.authenticator.authenticate(waiting))
    assert refusal.value.code == "INSUFFICIENT_ROLE"


async def test_g10_a_link_for_a_store_sets_no_password(
    victim: Victim, new_plugin: NewPlugin, client: httpx.AsyncClient
) -> None:
    await new_plugin().connect(victim.owner.email)
    token = await victim.mailed_token()
    refused(await client.post(RESET, json={"token": token, "password": "long enough"}), 400, "LINK_INVALID")


async def test_g10_a_password_link_attaches_no_store(
    victim: Victim, client: httpx.AsyncClient, work_off: WorkOff, outbox: Outbox
) -> None:
    await client.post(FORGOT, json={"email": victim.owner.email})
    await work_off(PASSWORD_JOB)
    with pytest.raises(DomainError) as refusal:
        await victim.attach(outbox.mails[-1].token)
    assert refusal.value.code == "LINK_INVALID"


async def test_g10_a_link_does_not_attach_a_store_that_somebody_else_connected_meanwhile(
    victim: Victim, new_plugin: NewPlugin
) -> None:
    plugin = new_plugin()
    await plugin.connect(victim.owner.email)
    token = await victim.mailed_token()
    assert (await plugin.connect(f"other-{new_mark()}@example.com")).status_code == 201
    with pytest.raises(DomainError) as refusal:
        await victim.attach(token)
    assert refusal.value.code == "STORE_HELD"


async def test_g10_a_waiting_store_does_not_hold_its_address(victim: Victim, new_plugin: NewPlugin) -> None:
    plugin = new_plugin()
    await plugin.connect(victim.owner.email)
    assert (await plugin.connect(f"rightful-{new_mark()}@example.com")).status_code == 201


async def test_g10_a_waiting_store_that_the_owner_disconnects_is_forgotten(
    victim: Victim, new_plugin: NewPlugin, client: httpx.AsyncClient, container: Container
) -> None:
    channel = (await new_plugin().connect(victim.owner.email)).json()["channelId"]
    link = await victim.mailed_token()
    response = await client.post(DISCONNECT, json={"channelId": channel}, headers=victim.owner.auth)
    assert response.status_code == 200
    async with container.begin() as session:
        assert await session.get(StoreCredentials, uuid.UUID(channel)) is None
    with pytest.raises(DomainError) as refusal:
        await victim.attach(link)
    assert refusal.value.code == "STORE_NOT_PENDING"


async def test_g10_the_database_keeps_no_link_in_clear(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    await new_plugin().connect(victim.owner.email)
    token = await victim.mailed_token()
    async with container.begin() as session:
        user_id = uuid.UUID(victim.owner.user_id)
        rows = (await session.execute(select(MailedLink).where(MailedLink.user_id == user_id))).scalars().all()
        payloads = await queued_jobs(container, ATTACH_JOB)
    assert rows
    assert not [row for row in rows if token.encode() in row.token_hash]
    assert token not in str(payloads)


# --- several people, several organizations ------------------------------------------------------------------


async def test_g10_knowing_a_members_email_of_the_same_organization_is_no_shortcut(
    victim: Victim, new_plugin: NewPlugin, container: Container
) -> None:
    email = f"staff-{new_mark()}@example.com"
    async with container.begin() as session:
        colleague = User(email=email)
        session.add(colleague)
        await session.flush()
        organization_id = uuid.UUID(victim.owner.organization_id)
        session.add(Membership(organization_id=organization_id, user_id=colleague.id, role="staff"))
    attacker = new_plugin()
    response = await attacker.connect(email)
    assert response.status_code == 202
    await assert_sees_nothing(attacker.client, response.json()["token"], victim)


async def test_g10_one_address_is_held_once_whatever_is_tried(
    victim: Victim, new_owner: NewOwner, container: Container
) -> None:
    others: list[Any] = [await new_owner(), await new_owner()]
    tries: list[Awaitable[httpx.Response]] = [victim.plugin.connect(one.email) for one in others]
    answers = await asyncio.gather(*tries, victim.plugin.connect(victim.owner.email))
    assert [answer.status_code for answer in answers] == [403, 403, 200]
    async with container.begin() as session:
        query = select(func.count()).select_from(Store).where(Store.url == victim.plugin.url)
        assert (await session.execute(query)).scalar_one() == 1
