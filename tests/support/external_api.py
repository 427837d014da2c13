"""A shop with watched products, and whoever asks for them through the external API."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import httpx
from sqlalchemy import text

from backend.domain.access.api_keys import KeyWanted, NewApiKey
from backend.kit.clock import utc_now
from backend.kit.ids import uuid7
from backend.ports.actor import system_actor
from backend.wiring import Container

BASE = "/api/external/v1"

_ADD = text("""
WITH product AS (
    INSERT INTO products (organization_id, title) VALUES (:org, :title) RETURNING organization_id, id
)
INSERT INTO variants (organization_id, product_id, title, sku, currency, price, sale_price, min_price, max_price, cost,
                      auto_reprice, monitored)
SELECT organization_id, id, :variant, :sku, :currency, cast(:price AS numeric), cast(:sale_price AS numeric),
       cast(:min_price AS numeric), cast(:max_price AS numeric), cast(:cost AS numeric), :auto_reprice, :monitored
FROM product RETURNING id
""")
_ADD_MANY = text("""
WITH product AS (
    INSERT INTO products (organization_id, title) SELECT :org, 'Product ' || n FROM generate_series(1, :many) n
    RETURNING organization_id, id, title
)
INSERT INTO variants (organization_id, product_id, currency, price)
SELECT organization_id, id, 'EUR', 10 FROM product ORDER BY id RETURNING id
""")
_COMPETITOR = text("""
INSERT INTO competitors (organization_id, name, host) VALUES (:org, :name, :host)
ON CONFLICT (organization_id, host) DO UPDATE SET name = excluded.name RETURNING id
""")
_URL = text("""
INSERT INTO tracked_urls (organization_id, variant_id, competitor_id, url, price, currency, in_stock, checked_at)
VALUES (:org, :variant, :competitor, :url, cast(:price AS numeric), :currency, :in_stock, :checked_at) RETURNING id
""")
_CHANGE = text("""
INSERT INTO price_changes (organization_id, variant_id, old_price, price, currency, reason, source, changed_at)
VALUES (:org, :variant, cast(:old AS numeric), cast(:new AS numeric), 'EUR', :reason, :source, :at)
""")
_BUMP = text("UPDATE organizations SET lists_revision = lists_revision + 1 WHERE id = :org")


class Shop:
    """An organization and a client with keys of it; what it adds raises the catalog's revision, as services do."""

    def __init__(self, container: Container, client: httpx.AsyncClient, organization_id: uuid.UUID) -> None:
        self.container, self.client, self.organization_id = container, client, organization_id
        self.keys: dict[str, NewApiKey] = {}

    async def add(self, title: str = "Mug", **more: Any) -> int:
        """Add a product with one variant; return the variant's id."""
        values: dict[str, Any] = {"variant": "", "sku": "", "currency": "EUR", "price": "10", "sale_price": None}
        values |= {"min_price": None, "max_price": None, "cost": None, "auto_reprice": False, "monitored": True}
        return int(await self._value(_ADD, title=title, **{**values, **more}))

    async def add_many(self, many: int) -> list[int]:
        """Add so many products with one variant each; return the variants' ids in order."""
        return sorted(await self._values(_ADD_MANY, many=many))

    async def watch(self, variant: int, host: str = "rival.example", **more: Any) -> int:
        """Track a competitor's page of a variant (`host=""`: a page of our own); return its id."""
        values = {"name": host.partition(".")[0].title(), "price": None, "currency": None, "in_stock": None}
        values |= {"url": f"https://{host}/{uuid7().hex}", "checked_at": None, **more}
        name = values.pop("name")
        competitor = await self._value(_COMPETITOR, name=name, host=host) if host else None
        return int(await self._value(_URL, variant=variant, competitor=competitor, **values))

    async def changed(self, variant: int, old: str | None, new: str | None, at: datetime, **more: Any) -> None:
        """Note a change of a price."""
        values = {"variant": variant, "old": old, "new": new, "at": at, "reason": "store", "source": "Shop", **more}
        async with self.container.begin() as session:
            await session.execute(_CHANGE, {"org": self.organization_id, **values})

    async def execute(self, statement: str, **values: Any) -> None:
        """Change the catalog by hand."""
        async with self.container.begin() as session:
            await session.execute(text(statement), {"org": self.organization_id, **values})
            await session.execute(_BUMP, {"org": self.organization_id})

    async def key(self, permission: str = "write") -> str:
        """Return a key of a permission."""
        if permission not in self.keys:
            async with self.container.transaction() as services:
                owner = system_actor(self.organization_id)
                wanted = KeyWanted(name="Test", permission=permission)
                self.keys[permission] = await services.api_keys.create(owner, wanted)
        return self.keys[permission].key

    async def ask(self, method: str, path: str, permission: str = "write", **more: Any) -> httpx.Response:
        """Ask with a key."""
        headers = {"Authorization": f"Bearer {await self.key(permission)}", **more.pop("headers", {})}
        return await self.client.request(method, BASE + path, headers=headers, **more)

    async def get(self, path: str, **params: Any) -> Any:
        """Return the body of a successful GET."""
        response = await self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def put(self, variant: int, **settings: Any) -> httpx.Response:
        """Set settings of a product."""
        return await self.ask("PUT", f"/products/{variant}", json=settings)

    async def _value(self, statement: Any, **values: Any) -> Any:
        return (await self._values(statement, **values))[0]

    async def _values(self, statement: Any, **values: Any) -> Sequence[Any]:
        async with self.container.begin() as session:
            found = list((await session.execute(statement, {"org": self.organization_id, **values})).scalars())
            await session.execute(_BUMP, {"org": self.organization_id})
        return found


NewShop = Callable[..., Awaitable[Shop]]


class Opened(NamedTuple):
    """What a client needs to know of a shop."""

    key: str
    """It may write, and asks as often as it likes."""
    product: int


async def open_shop(container: Container) -> Opened:
    """Make a shop with a little of everything; closes the container."""
    async with container.transaction() as services:
        made = await services.accounts.create_organization("Shop", f"{uuid7()}@example.com", "enterprise")
    async with httpx.AsyncClient() as nobody:
        shop = Shop(container, nobody, made.organization.id)
        product = await shop.add("Mug", variant="Blue", sku="M-1", price="24.99", cost="8", min_price="20")
        read = {"price": "23.50", "currency": "EUR", "in_stock": True, "checked_at": utc_now()}
        await shop.watch(product, **read)
        await shop.watch(product, "other.example")
        await shop.changed(product, "26", "24.99", utc_now())
        await shop.add("Draft", price=None, currency="", monitored=False)
        async with container.transaction() as services:
            wanted = KeyWanted(name="Test", permission="write", limit_per_hour=10**9)
            key = await services.api_keys.create(system_actor(shop.organization_id), wanted)
    await container.aclose()
    return Opened(key.key, product)


def refused(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Assert a refusal in this surface's shape (rows SHS-13, SHS-14, SHS-16) and return its body."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert set(body) == ({"error"} if code is None else {"error", "code"}), body
    assert body["error"]
    assert body.get("code") == code
    assert {f"x-ratelimit-{name}" for name in ("limit", "remaining", "reset")} <= set(response.headers)
    return body
