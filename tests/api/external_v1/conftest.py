"""Shops and their integrators, as the external API sees them."""

from collections.abc import Callable

import httpx
import pytest

from backend.wiring import Container
from tests.support.external_api import NewShop, Shop
from tests.support.plugin_api import new_mark


@pytest.fixture
def new_shop(container: Container, visitor: Callable[..., httpx.AsyncClient]) -> NewShop:
    """Factory of organizations, each with a client of its own."""

    async def make(plan: str = "enterprise") -> Shop:
        async with container.transaction() as services:
            made = await services.accounts.create_organization("Shop", f"owner-{new_mark()}@example.com", plan)
        return Shop(container, visitor(), made.organization.id)

    return make


@pytest.fixture
async def shop(new_shop: NewShop) -> Shop:
    """An enterprise organization without products."""
    return await new_shop()
