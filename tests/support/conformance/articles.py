"""What simulated stores sell in the conformance suite: some products sold as they are, some in sizes."""

from decimal import Decimal
from typing import Any

from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant
from backend.ports.store_writes import ProductCreation

PIECES = 5
"""Of everything."""


def articles(simple: int = 0, sized: int = 0, each: int = 3, *, uncounted: int = 0) -> list[PlatformProduct]:
    """Return products sold as they are (skus `CUP-n`), in sizes (`SHIRT-n-m`), and such as nobody counts (`ODD-n`)."""
    cups = [_simple(f"CUP-{n}", f"Cup {n}", stock=PIECES) for n in range(simple)]
    odd = [_simple(f"ODD-{n}", f"Odd {n}", stock=None) for n in range(uncounted)]
    return cups + [_sized(n, each) for n in range(sized)] + odd


def _simple(sku: str, title: str, **more: Any) -> PlatformProduct:
    one = PlatformVariant(external_id=sku, external_product_id=sku, sku=sku, price=Decimal("6.50"), **more)
    return PlatformProduct(
        external_id=sku,
        title=title,
        description="<p>Holds tea</p>",
        brand="Acme",
        tags=("kitchen",),
        images=(PlatformImage(url=f"https://pictures.test/{sku.lower()}.jpg", alt="From the front"),),
        variants=(one,),
    )


def _sized(number: int, each: int) -> PlatformProduct:
    own = f"SHIRT-{number}"
    variants = tuple(
        PlatformVariant(
            external_id=f"{own}-{size}",
            external_product_id=own,
            sku=f"{own}-{size}",
            price=Decimal(20 + size),
            stock=PIECES,
            options={"Size": f"S{size}"},
        )
        for size in range(each)
    )
    return PlatformProduct(external_id=own, title=f"Shirt {number}", option_names=("Size",), variants=variants)


def lamp(own_id: str = "0190-lamp", **more: Any) -> PlatformProduct:
    """Return a product of two colours that no store has yet."""
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
        )
        for colour in ("red", "blue")
    )
    given = {"title": "Reading Lamp", "description": "<p>Bright</p>", "brand": "Lumen", "tags": ("desk", "light")}
    return PlatformProduct(
        **{"external_id": own_id, "option_names": ("Colour",), "variants": variants, **given, **more}
    )


def bowl(own_id: str = "0190-bowl", **more: Any) -> PlatformProduct:
    """Return a product sold as it is that no store has yet."""
    values = {"sku": own_id.upper(), "price": Decimal("12.50"), "stock": 4, **more}
    one = PlatformVariant(external_id=f"{own_id}-only", external_product_id=own_id, **values)
    return PlatformProduct(external_id=own_id, title="Soup Bowl", variants=(one,))


def creation(key: str = "made", product: PlatformProduct | None = None) -> ProductCreation:
    """Put a product up for sale."""
    return ProductCreation(key=key, product=product or lamp())
