"""The Shopify admin in front of our page: ID tokens, and a merchant's shop that they lead to."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import msgspec
from sqlalchemy import select

from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.shopify_app import NotGenuine

CLIENT_ID = "0123456789abcdef0123456789abcdef"
CLIENT_SECRET = "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"


def host_of(shop: str) -> str:
    """The `host` parameter of a shop's admin."""
    name = shop.removesuffix(".myshopify.com")
    return base64.urlsafe_b64encode(f"admin.shopify.com/store/{name}".encode()).rstrip(b"=").decode()


def id_token(shop: str, *, secret: str = CLIENT_SECRET, **claims: Any) -> str:
    """An ID token as the admin signs it; claims may be changed."""
    now = int(time.time())
    body = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": now + 60,
        "nbf": now - 1,
        "iat": now - 1,
        "jti": str(uuid.uuid4()),
        "sid": str(uuid.uuid4()),
        **claims,
    }
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(body)}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A visit."""

    actor: Actor
    store: Store


class StandInEntry:
    """Lets merchants of connected shops in."""

    def __init__(self, begin: Transactions) -> None:
        self._begin = begin

    async def enter(self, id_token: str) -> Standing:
        shop = _verified(id_token)
        async with self._begin() as session:
            found = await session.execute(select(Store).where(Store.url == f"https://{shop}"))
            store = found.scalar_one()
        return Standing(actor=Actor(organization_id=store.organization_id, store_url=store.url), store=store)


def _verified(token: str) -> str:
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(CLIENT_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    if base64.urlsafe_b64encode(expected).rstrip(b"=").decode() != signature:
        raise NotGenuine("signature", "no")
    body = signed.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if claims["exp"] < time.time():
        raise NotGenuine("expired", "no")
    return str(claims["dest"]).removeprefix("https://")
