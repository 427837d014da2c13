"""What our adapter reads of a simulated store, put together from its pages."""

from collections.abc import Sequence
from typing import Any

import msgspec

from backend.domain.catalog.fields import PRODUCT_FIELDS, VARIANT_FIELDS
from backend.ports.store_platform import (
    CatalogPage,
    IdPage,
    PlatformProduct,
    PlatformVariant,
    PullRequest,
    StorePlatform,
)
from tests.support.conformance.driver import Simulated


class Shown(msgspec.Struct):
    """What some pages show; lists keep what came twice."""

    products: list[PlatformProduct]
    inside: list[PlatformVariant]
    apart: list[PlatformVariant]

    @property
    def variants(self) -> list[PlatformVariant]:
        """All that is sold."""
        return [*self.inside, *self.apart]

    @property
    def ids(self) -> tuple[list[str], list[str]]:
        """Ids of products and of all that is sold, sorted, repeated where they came twice."""
        return sorted(one.external_id for one in self.products), sorted(one.external_id for one in self.variants)

    def variant(self, sku: str) -> PlatformVariant:
        """The one with a sku."""
        (found,) = [one for one in self.variants if one.sku == sku]
        return found

    def product(self, sku: str) -> PlatformProduct:
        """The product of the variant with a sku."""
        parent = self.variant(sku).external_product_id
        (found,) = [one for one in self.products if one.external_id == parent]
        return found

    def held(self, sku: str) -> dict[str, Any]:
        """All synced fields of the variant with a sku and of its product."""
        product, variant = self.product(sku), self.variant(sku)
        return {
            **{name: _plain(getattr(product, name)) for name in PRODUCT_FIELDS},
            **{name: _plain(getattr(variant, name)) for name in VARIANT_FIELDS},
            "stock": variant.stock,
        }


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) and all(isinstance(one, str) for one in value) else value


def shown(pages: Sequence[CatalogPage]) -> Shown:
    """Put pages together."""
    products = [product for page in pages for product in page.products]
    inside = [variant for product in products for variant in product.variants]
    return Shown(products, inside, [variant for page in pages for variant in page.variants])


async def pages_of(store: StorePlatform, **request: Any) -> list[CatalogPage]:
    """Read to the end of a walk."""
    return [page async for page in store.read_catalog(PullRequest(**request))]


async def pages(simulated: Simulated, **request: Any) -> list[CatalogPage]:
    """Open the store and read to the end of a walk."""
    async with simulated.opened() as store:
        return await pages_of(store, **request)


async def read(simulated: Simulated, **request: Any) -> Shown:
    """Open the store and read everything, or what changed `since`."""
    return shown(await pages(simulated, **request))


async def id_pages(simulated: Simulated, cursor: str | None = None) -> list[IdPage]:
    """Open the store and walk its ids."""
    async with simulated.opened() as store:
        return [page async for page in store.list_ids(cursor)]


def ids(found: Sequence[IdPage]) -> tuple[list[str], list[str]]:
    """Ids of products and of variants, sorted, repeated where they came twice."""
    return sorted(one for page in found for one in page.products), sorted(
        one for page in found for one in page.variants
    )
