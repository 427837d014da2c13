"""Shopify as far as tokens go: shops that sign callbacks and ID tokens, and give tokens that rotate, in memory."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt

from backend.domain.catalog.fields import GROUP_OF
from backend.ports.platform_errors import Cause, StoreRefused
from backend.ports.shopify_app import Credentials
from backend.ports.store_platform import CatalogPage, CredentialRenewal, IdPage, PullRequest, StoreIdentity
from backend.ports.store_writes import WRITTEN, StoreWrite, WriteResult
from plugin_bridge.shopify.shop_domain import exact_shop, shop_of, typed_shop

CLIENT_ID, SECRET = "client-of-tests", "shopify secret of tests, 32 bytes"


@dataclass
class FakeMerchant:
    """One shop: its token chain, codes that were not used, and what it was asked."""

    domain: str
    name: str = "A shop at Shopify"
    access_token: str = ""
    refresh_token: str = ""
    codes: set[str] = field(default_factory=set)
    exchanges: int = 0
    renewals: int = 0
    failure: Exception | None = None
    """Raised by every visit, exchange and renewal."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first exchange or renewal that has arrived."""
    gate: asyncio.Event | None = None
    """Exchanges and renewals wait for it before they answer."""

    @property
    def address(self) -> str:
        return f"https://{self.domain}"

    def rotate(self) -> Credentials:
        self.access_token, self.refresh_token = f"shpat_{secrets.token_hex(8)}", f"shprt_{secrets.token_hex(8)}"
        return {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_at": "2026-11-24T13:00:00Z",
            "refresh_expires_at": "2027-02-20T12:00:00Z",
            "scope": "read_products,write_products",
        }

    def signed(self, *, secret: str = SECRET, **over: str) -> dict[str, str]:
        """Return a callback's query; `over` is signed too."""
        code = secrets.token_hex(8)
        self.codes.add(code)
        query = {"code": code, "shop": self.domain, "timestamp": str(int(time.time())), **over}
        text = urlencode(sorted(query.items()))
        return {**query, "hmac": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}

    def id_token(self, *, secret: str = SECRET, life_s: int = 60, **over: Any) -> str:
        """Return an ID token as App Bridge has it."""
        now = int(time.time())
        claims = {
            "iss": f"{self.address}/admin",
            "dest": self.address,
            "aud": CLIENT_ID,
            "sub": "42",
            "exp": now + life_s,
            "nbf": now - 1,
            "iat": now - 1,
            "jti": secrets.token_hex(8),
            "sid": secrets.token_hex(8),
        }
        return jwt.encode({**claims, **over}, secret, algorithm="HS256")


@dataclass
class FakeShopify:
    """All shops by domain; stands in for the token endpoint and for the platform's connector."""

    shops: dict[str, FakeMerchant] = field(default_factory=dict)
    subscribes: bool = False
    writes: frozenset[str] = frozenset(GROUP_OF)
    writes_at_once: int = 100

    def open_shop(self, mark: str) -> FakeMerchant:
        made = FakeMerchant(f"shop-{mark}.myshopify.com")
        self.shops[made.domain] = made
        return made

    async def by_code(self, shop: str, code: str) -> Credentials:
        merchant = await self._asked(shop)
        if code not in merchant.codes:
            raise StoreRefused(Cause.REFUSED, "Shopify does not know this code")
        merchant.codes.remove(code)
        merchant.exchanges += 1
        return merchant.rotate()

    async def by_id_token(self, shop: str, token: str) -> Credentials:
        merchant = await self._asked(shop)
        merchant.exchanges += 1
        return merchant.rotate()

    async def _asked(self, shop: str) -> FakeMerchant:
        merchant = self.shops[shop]
        merchant.reached.set()
        if merchant.gate is not None:
            await merchant.gate.wait()
        if merchant.failure is not None:
            raise merchant.failure
        return merchant

    def canonical_url(self, text: str) -> str:
        return f"https://{exact_shop(text.removeprefix('https://')) or typed_shop(text)}"

    def open(
        self,
        url: str,
        credentials: Mapping[str, str],
        facts: Mapping[str, str],
        renewal: CredentialRenewal | None = None,
    ) -> "FakeShopifyStore":
        return FakeShopifyStore(self, self.shops[shop_of(url)], dict(credentials), renewal)

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        merchant = self.shops[shop_of(url)]
        merchant.renewals += 1
        await self._asked(merchant.domain)
        if credentials["refresh_token"] != merchant.refresh_token:
            raise StoreRefused(Cause.KEY_REVOKED, "The shop gave newer tokens to somebody; connect it again")
        return merchant.rotate()


@dataclass
class FakeShopifyStore:
    world: FakeShopify
    merchant: FakeMerchant
    credentials: Mapping[str, str]
    renewal: CredentialRenewal | None

    async def identify(self) -> StoreIdentity:
        if self.merchant.failure is not None:
            raise self.merchant.failure
        if self.credentials.get("access_token") != self.merchant.access_token:
            raise StoreRefused(Cause.KEY_REVOKED, "The shop does not know this token")
        return StoreIdentity(url=self.merchant.address, name=self.merchant.name, currency="EUR")

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        if self.credentials["access_token"] != self.merchant.access_token:
            assert self.renewal is not None
            self.credentials = await self.renewal(self.credentials)
        yield CatalogPage(cursor="", last=True)

    async def still_listed(self, products: object, variants: object) -> bool:
        return False

    async def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        yield IdPage(cursor="", last=True)

    async def write(
        self, writes: Sequence[StoreWrite], *, repeated: bool = False
    ) -> AsyncIterator[Sequence[WriteResult]]:
        yield [WriteResult(key=one.key, outcome=WRITTEN) for one in writes]

    async def aclose(self) -> None:
        return None
