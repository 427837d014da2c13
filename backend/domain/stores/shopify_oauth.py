"""Connecting a Shopify store by its consent page: begin, and what comes back (contract rows S2S-12..16)."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.addresses import store_address
from backend.domain.access.rules import MANAGERS
from backend.domain.stores.consents import Consent, Consents, StateFault
from backend.domain.stores.recording import StoreRecording
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.rules import store_held
from backend.domain.stores.shopify_refusals import not_genuine, state_refused
from backend.domain.stores.token_exchange import PLATFORM, TokenExchange
from backend.kit.clock import utc_now
from backend.kit.discreet import Discreet
from backend.kit.errors import DomainError, conflict, forbidden, invalid, not_found
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.shopify_app import NotGenuine, ShopifyApp
from backend.ports.store_platform import Platforms

CALLBACK_PATH = "/api/shopify/oauth/callback"
"""Whitelisted in the app's settings at Shopify, below the public address."""

_DENIED = ("error", "access_denied")


class ConsentBegun(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Where to send the merchant, and what their browser has to keep until it comes back."""

    url: str
    state: str
    browser: str


class ShopifyOAuth:
    """The flow: state (tx); then, once the shop sends the browser back: claim it (tx), exchange, identify, record (tx).

    Args:     public_url: base of the address that Shopify sends merchants back to.
    """

    def __init__(
        self, begin: Transactions, *, app: ShopifyApp, platforms: Platforms, exchange: TokenExchange, public_url: str
    ) -> None:
        self._begin = begin
        self._app = app
        self._platforms = platforms
        self._exchange = exchange
        self._redirect_uri = public_url.rstrip("/") + CALLBACK_PATH

    def is_configured(self) -> bool:
        """Tell whether this server has credentials of a Shopify app."""
        return self._app.configured

    async def begin(self, actor: Actor, shop: str, store_id: uuid.UUID | None = None) -> ConsentBegun:
        """Return the address of the shop's consent page; a bare shop name gets `.myshopify.com`.

        The browser that is sent there has to keep `browser` in a cookie: a callback without it is refused, or anybody
        could have a merchant agree to a connection to somebody else's account.

        Args:     store_id: the store to link, None for a new one or whichever has this address.
        Raises:   invalid SHOP_DOMAIN_INVALID; forbidden INSUFFICIENT_ROLE; not_found for a store of nobody or of
                  somebody else; conflict CHANNEL_OF_ANOTHER_SHOP; invalid SHOPIFY_NOT_CONFIGURED without credentials.
        """
        if actor.role not in MANAGERS:
            raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may connect stores")
        domain = self._domain(shop)
        async with self._begin() as session:
            linked = await _linked(session, actor, store_id)
            if not self._app.configured:
                raise _not_configured()
            address = self._address(domain)
            if linked is not None:
                _check_link(linked, address)
            made = await Consents(session).make(actor, address, store_id)
        url = self._app.consent_url(domain, state=made.state, redirect_uri=self._redirect_uri)
        return ConsentBegun(url=url, state=made.state, browser=made.browser)

    async def finish(self, query: Sequence[tuple[str, str]], browser: str) -> Store:
        """Take a callback in: connect the shop that sent it, or make its tokens new, and return its store.

        Args:     query: every pair of the callback, as it came. browser: of the cookie, "" when there was none.
        Raises:   DomainError whose message may be shown to the merchant; every failure that is not our own.
        """
        if not self._app.configured:
            raise _not_configured()
        if _DENIED in query:
            raise forbidden("CONSENT_DENIED", "The connection was not agreed to in the shop; nothing was changed")
        with _told_as_refusal():
            callback = self._app.check_callback(query)
        address = self._address(callback.shop)
        async with self._begin() as session:
            consent = await Consents(session).claim(callback.state, address=address, browser=browser)
        if isinstance(consent, StateFault):
            raise state_refused(consent)
        with _told_as_refusal():
            self._app.check_fresh(callback, utc_now())

        async def record(session: AsyncSession, recording: StoreRecording) -> Store:
            return await _record(session, recording, consent)

        async with self._exchange.alone(address):
            # Before the exchange: it would end the tokens of whoever holds the shop.
            await self._check(consent)
            obtain = self._app.exchange_code(callback.shop, callback.code)
            return await self._exchange.connect(address, obtain, record)

    async def _check(self, consent: Consent) -> None:
        async with self._begin() as session:
            await _check(session, consent)

    def _domain(self, shop: str) -> str:
        try:
            return self._app.shop_domain(shop)
        except ValueError:
            message = "shopDomain: write the shop's name or mystore.myshopify.com"
            raise invalid("SHOP_DOMAIN_INVALID", message, field="shopDomain") from None

    def _address(self, domain: str) -> str:
        return store_address(self._platforms, PLATFORM, domain)


@contextmanager
def _told_as_refusal() -> Iterator[None]:
    try:
        yield
    except NotGenuine as error:
        raise not_genuine(error) from None


async def _linked(session: AsyncSession, actor: Actor, store_id: uuid.UUID | None) -> Store | None:
    if store_id is None:
        return None
    store = await StoreRepository(session).find(actor, store_id)
    if store is None:
        raise not_found("Store")
    return store


async def _record(session: AsyncSession, recording: StoreRecording, consent: Consent) -> Store:
    await _check(session, consent)
    return (await recording.activate(consent.organization_id))[0]


async def _check(session: AsyncSession, consent: Consent) -> None:
    stores = StoreRepository(session)
    if await stores.is_held_by_other(consent.organization_id, PLATFORM, consent.address):
        raise store_held()
    if consent.store_id is None:
        return
    linked = await stores.locked(consent.store_id)
    if linked is None or linked.organization_id != consent.organization_id:
        raise not_found("Store")
    _check_link(linked, consent.address)


def _check_link(store: Store, address: str) -> None:
    if (store.platform, store.url) != (PLATFORM, address):
        raise conflict("CHANNEL_OF_ANOTHER_SHOP", "channelId: this channel belongs to another shop", field="channelId")


def _not_configured() -> DomainError:
    return invalid(
        "SHOPIFY_NOT_CONFIGURED",
        "This server has no Shopify app: its operator must set SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET",
    )
