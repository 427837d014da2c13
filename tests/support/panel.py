"""A person at a browser that runs no scripts: pages, forms as they stand in them, cookies."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import lxml.html
from sqlalchemy import select

from backend.models.accounts import Membership, User
from backend.models.catalog import Listing, Product, ProductLink, StockLevel, Variant
from backend.models.stores import Store
from backend.models.sync import SyncIssue, SyncRun
from backend.wiring import Container
from tests.support.plugin_api import new_mark

LOGIN = "/panel/login"


class Shown:
    """A page as it came."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.source = response.text
        self.tree = lxml.html.fromstring(response.text or "<html/>")

    @property
    def text(self) -> str:
        """What a person reads, on one line."""
        return " ".join(self.tree.text_content().split())

    def all(self, path: str) -> list[Any]:
        """Elements by XPath."""
        return list(self.tree.xpath(path))

    @property
    def title(self) -> str:
        return str(self.all("//h1")[0].text_content()).strip()

    @property
    def links(self) -> list[str]:
        return [str(one) for one in self.all("//a/@href")]

    def fields(self, action: str) -> dict[str, str]:
        """What a browser would send of the form with this action, buttons aside."""
        (form, *_) = [one for one in self.tree.forms if one.get("action") == action]
        return dict(form.form_values())


@dataclass
class Visitor:
    """Somebody with a browser."""

    client: httpx.AsyncClient

    async def see(self, path: str, status: int = 200) -> Shown:
        response = await self.client.get(path)
        assert response.status_code == status, f"{path}: {response.status_code} {response.text[:500]}"
        return Shown(response)

    async def send(self, page: str, action: str = "", **typed: str) -> httpx.Response:
        """Open a page, fill in its form and send it."""
        action = action or page.partition("?")[0]
        shown = await self.see(page)
        return await self.client.post(action, data={**shown.fields(action), **typed})

    async def token(self) -> str:
        """What the forms of this browser carry."""
        shown = await self.see("/panel" if self.client.cookies.get("storeloom_session") else LOGIN)
        return str(shown.all("//input[@name='form_token']/@value")[0])

    async def log_in(self, email: str, password: str) -> httpx.Response:
        return await self.send(LOGIN, email=email, password=password)


@dataclass
class Person(Visitor):
    """Somebody who has an account."""

    email: str
    password: str
    organization_id: uuid.UUID
    user_id: uuid.UUID
    organization: str


NewPerson = Callable[..., Awaitable[Person]]


async def new_person(container: Container, client: httpx.AsyncClient, plan: str = "enterprise") -> Person:
    """Make an organization; its owner sits at *client*, not logged in."""
    name, email = f"Organization {new_mark()}", f"owner-{new_mark()}@example.com"
    async with container.transaction() as services:
        made = await services.accounts.create_organization(name, email, plan)
    return Person(client, email, made.password, made.organization.id, made.user.id, name)


async def set_role(container: Container, person: Person, role: str) -> None:
    """Give a person another role in the organization."""
    async with container.begin() as session:
        membership = await session.get_one(Membership, (person.organization_id, person.user_id))
        membership.role = role


async def user_of(container: Container, person: Person) -> User:
    async with container.begin() as session:
        return await session.get_one(User, person.user_id)


async def add_store(container: Container, person: Person, **values: Any) -> Store:
    """A store that is in the database, whoever connected it."""
    defaults: dict[str, Any] = {
        "platform": "woocommerce",
        "url": f"https://shop-{new_mark()}.example.com",
        "name": "A shop",
        "state": "active",
        "state_reason": None,
        "currency": "EUR",
        "facts": {},
        "connected_at": datetime.now(UTC),
    }
    store = Store(organization_id=person.organization_id, **{**defaults, **values})
    async with container.begin() as session:
        session.add(store)
    return store


async def add_product(container: Container, person: Person, title: str, **values: Any) -> Product:
    """A product with one variant; `sku`, `price`, `on_hand`, `store` and columns of products may be given."""
    sku, price = values.pop("sku", ""), values.pop("price", Decimal("12.50"))
    on_hand, store = values.pop("on_hand", 5), values.pop("store", None)
    product = Product(organization_id=person.organization_id, title=title, **values)
    async with container.begin() as session:
        session.add(product)
        await session.flush()
        variant = Variant(
            organization_id=person.organization_id, product_id=product.id, sku=sku, currency="EUR", price=price
        )
        session.add(variant)
        await session.flush()
        session.add(StockLevel(organization_id=person.organization_id, variant_id=variant.id, on_hand=on_hand))
        if store is not None:
            link = {"external_id": str(product.id), "seen_hash": b"", "url": product.url}
            session.add(
                ProductLink(organization_id=person.organization_id, store_id=store.id, product_id=product.id, **link)
            )
    return product


async def add_listing(container: Container, person: Person, store: Store, title: str, **values: Any) -> Listing:
    """A product of 12.50 that a store shows for 10: its price is due there; columns of listings may be given."""
    product = await add_product(container, person, title, sku=f"{title}-1", store=store)
    async with container.begin() as session:
        found = select(Variant.id).where(Variant.product_id == product.id)
        variant_id = (await session.execute(found)).scalar_one()
        defaults: dict[str, Any] = {"seen_hash": b"", "shown": {"price": "10"}, "due": ["price"]}
        listing = Listing(
            organization_id=person.organization_id,
            store_id=store.id,
            external_id=f"v{variant_id}",
            external_product_id=str(product.id),
            variant_id=variant_id,
            **{**defaults, **values},
        )
        session.add(listing)
    return listing


async def add_run(container: Container, store: Store, issues: int = 0, **values: Any) -> SyncRun:
    """A run of a store that took eight seconds, or is under way."""
    started = datetime.now(UTC) - timedelta(minutes=5)
    defaults: dict[str, Any] = {
        "mode": "full",
        "state": "completed",
        "walk": 1,
        "stats": {
            "products_added": 7,
            "products_updated": 3,
            "products_unchanged": 1234,
            "products_removed": 2,
            "variants_updated": 40,
        },
        "started_at": started,
        "finished_at": started + timedelta(seconds=8),
    }
    run = SyncRun(organization_id=store.organization_id, store_id=store.id, **{**defaults, **values})
    async with container.begin() as session:
        session.add(run)
        await session.flush()
        for number in range(issues):
            session.add(
                SyncIssue(
                    organization_id=store.organization_id,
                    run_id=run.id,
                    code="price_unreadable",
                    message="The price cannot be read",
                    external_id=str(100 + number),
                    facts={},
                )
            )
    return run
