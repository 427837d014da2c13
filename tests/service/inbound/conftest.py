"""Stores that receive webhooks, without any surface."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.domain.stores.credentials import CredentialsVault
from backend.kit.clock import utc_now
from backend.models.stores import Store
from tests.support.product import Workbench
from tests.support.received import Received


@pytest.fixture
async def received(bench: Workbench) -> Received:
    """Webhooks that were kept and are worked off here; what other tests of the module left is nobody's."""
    async with bench.container.begin() as session:
        await session.execute(text("DELETE FROM jobs"))
    return Received(bench)


NewShop = Callable[..., Awaitable[Store]]


@pytest.fixture
def new_shop(bench: Workbench) -> NewShop:
    """Factory: a connected Shopify store of a new organization; its token is worth nothing."""

    async def make(**values: Any) -> Store:
        organization_id = values.pop("organization_id", None) or (await bench.organization()).tenant
        name = f"shop-{uuid.uuid4().hex[:10]}"
        connected_at: datetime = utc_now() - timedelta(hours=1)
        defaults: dict[str, Any] = {
            "state": "active",
            "connected_at": connected_at,
            "currency": "EUR",
            "facts": {},
            "url": f"https://{name}.myshopify.com",
        }
        store = Store(
            id=uuid.uuid4(),
            organization_id=organization_id,
            platform="shopify",
            name=name,
            **{**defaults, **values},
        )
        async with bench.container.begin() as session:
            session.add(store)
            await session.flush()
            await CredentialsVault(session, bench.container.sealer).put(store, {"access_token": "shpat_dead"})
        return store

    return make
