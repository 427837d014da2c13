"""Writing to a simulated shop through our adapter: what is asked, what came of it, what the shop noted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from backend.ports.platform_errors import PlatformError
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from backend.ports.store_writes import ProductCreation, StockWrite, StoreWrite, VariantWrite, WriteResult
from tests.support.shopify import shopify_shop
from tests.support.shopify_adapter import PLENTY, Adapter, quick


class Writer:
    """Our adapter, pointed at a simulated shop, and what the shop holds."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.shop = adapter.shop
        self.rows = self.shop.catalog

    async def write(self, *writes: StoreWrite, repeated: bool = False) -> dict[str, WriteResult]:
        """Carry writes out; return the results by key, each key once."""
        found: list[WriteResult] = []
        error = await self.collect(writes, found, repeated=repeated)
        if error is not None:
            raise error
        assert Counter(one.key for one in found) == Counter(one.key for one in writes)
        return {one.key: one for one in found}

    async def collect(
        self, writes: Sequence[StoreWrite], found: list[WriteResult], *, repeated: bool = False
    ) -> PlatformError | None:
        """Carry writes out into *found*; return the error that ended it."""
        store = self.adapter.open()
        try:
            async for results in store.write(writes, repeated=repeated):
                found += results
        except PlatformError as error:
            return error
        finally:
            await store.aclose()
        return None

    def row(self, place: int) -> dict[str, Any]:
        """Return what the shop holds now in a place of its list."""
        return self.shop.catalog[place]

    def price(self, key: str, place: int, **fields: Any) -> VariantWrite:
        """Write fields of the variant in a place of the list."""
        row = self.rows[place]
        return VariantWrite(
            key=key, external_product_id=str(row["product_id"]), external_id=str(row["id"]), fields=fields
        )

    def stock(self, key: str, place: int, target: int, believed: int | None = None) -> StockWrite:
        """Set the pieces of the variant in a place of the list."""
        row = self.rows[place]
        return StockWrite(
            key=key,
            external_product_id=str(row["product_id"]),
            external_id=str(row["id"]),
            inventory_id=str(row["inventory_item_id"]),
            believed=row["stock"] if believed is None else believed,
            target=target,
        )

    def done(self, mutation: str) -> list[dict[str, Any]]:
        """Return the arguments of every mutation of a name that the shop carried out."""
        return [one["body"]["arguments"] for one in self.shop.writes if one["body"]["mutation"] == mutation]

    @property
    def asked(self) -> int:
        """How many GraphQL requests there were."""
        return sum("graphql" in str(one) for one in self.shop.requests)


@contextmanager
def writing(products: int | Iterable[PlatformProduct] = 3, **more: Any) -> Iterator[Writer]:
    """A shop with points enough that does not let tests wait."""
    options = {**PLENTY, "restore_rate": 1_000_000.0, "bucket_size": 1_000_000.0, **more.pop("options", {})}
    with shopify_shop(products, **more, **quick(**options)) as shop:
        yield Writer(Adapter(shop))


def lamp(own_id: str = "018f-lamp", **more: Any) -> PlatformProduct:
    """A product with two variants that no shop has yet."""
    variants = tuple(
        PlatformVariant(
            external_id=f"{own_id}-{colour}",
            external_product_id=own_id,
            sku=f"{own_id}-{colour}".upper(),
            price=Decimal("40.00"),
            sale_price=Decimal("29.90") if colour == "red" else None,
            stock=7 if colour == "red" else 3,
            options={"Colour": colour},
            weight_g=1200,
            barcode=f"400{colour}",
        )
        for colour in ("red", "blue")
    )
    given = {"title": "Reading Lamp", "description": "<p>Bright</p>", "brand": "Lumen", "tags": ("desk", "light")}
    return PlatformProduct(**{"external_id": own_id, "variants": variants, **given, **more})


def creation(key: str = "c", product: PlatformProduct | None = None) -> ProductCreation:
    """Put a product up for sale."""
    return ProductCreation(key=key, product=product or lamp())
