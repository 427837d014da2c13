"""Plausible catalogs of any size, the same for the same arguments; a longer one begins with the shorter one."""

import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import product as combinations

import msgspec

from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant

MAX_VARIANTS = 200
"""Most variants of one product."""

_BARCODE_PREFIX = "599"
_BRANDS = ("Northwind", "Alder & Rye", "Kestrel", "Lumen", "Marrow", "Ostra", "Pinehall", "Quill", "Sable", "Tidewater")
_ADJECTIVES = ("Classic", "Everyday", "Light", "Warm", "Compact", "Handmade", "Modern", "Rugged", "Soft", "Travel")
_MATERIALS = (
    "cotton",
    "linen",
    "merino wool",
    "oak",
    "steel",
    "recycled polyester",
    "ceramic",
    "leather",
    "bamboo",
    "glass",
)
_COLORS = ("Black", "White", "Navy", "Olive", "Sand", "Rust", "Grey", "Teal", "Plum", "Red", "Sky", "Mint")
_SIZES = ("XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL")


class _Kind(msgspec.Struct, frozen=True):
    noun: str
    code: str
    category: str
    cents: tuple[int, int]
    grams: tuple[int, int]


_KINDS = (
    _Kind("Shirt", "SHI", "Clothing > Shirts", (1900, 7900), (180, 320)),
    _Kind("Jacket", "JAC", "Clothing > Outerwear > Jackets", (5900, 24900), (600, 1400)),
    _Kind("Socks", "SOC", "Clothing > Socks", (600, 1900), (40, 90)),
    _Kind("Mug", "MUG", "Home > Kitchen > Mugs", (900, 2900), (280, 420)),
    _Kind("Desk lamp", "LAM", "Home > Lighting > Desk lamps", (2900, 14900), (900, 2600)),
    _Kind("Cutting board", "BOA", "Home > Kitchen > Boards", (1900, 6900), (700, 1900)),
    _Kind("Backpack", "BAC", "Bags > Backpacks", (3900, 15900), (500, 1300)),
    _Kind("Notebook", "NOT", "Office > Paper > Notebooks", (500, 2400), (150, 450)),
    _Kind("Water bottle", "BOT", "Outdoor > Bottles", (1200, 4500), (200, 500)),
    _Kind("Garden trowel", "TRO", "Garden > Hand tools", (900, 3400), (200, 600)),
)


def generate_products(count: int, variants_per_product: int = 1, seed: int = 1) -> Iterator[PlatformProduct]:
    """Yield *count* products.

    Args:     variants_per_product: 1..MAX_VARIANTS; with 1 a product has one variant and no options.
              seed: another seed gives other products; SKUs and barcodes are unique within one catalog.
    Raises:   ValueError for a negative count or too many variants.
    """
    if count < 0 or not 1 <= variants_per_product <= MAX_VARIANTS:
        raise ValueError(f"products must be 0 or more, variants per product 1 to {MAX_VARIANTS}")
    names, choices = _options(variants_per_product)
    chance = random.Random()  # noqa: S311 - a catalog, not a secret
    for index in range(count):
        chance.seed(seed * 1_000_003 + index)
        yield _product(index, chance, names, choices)


def gtin13(number: int) -> str:
    """Return a barcode with a right check digit for a number of up to nine digits."""
    digits = f"{_BARCODE_PREFIX}{number % 1_000_000_000:09d}"
    total = sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))
    return f"{digits}{-total % 10}"


def _amount(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _options(count: int) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    if count == 1:
        return (), [()]
    if count <= len(_SIZES):
        return ("Size",), [(size,) for size in _SIZES[:count]]
    if count <= len(_SIZES) * len(_COLORS):
        return ("Color", "Size"), [tuple(chosen) for chosen in combinations(_COLORS, _SIZES)][:count]
    styles = ("Plain", "Striped", "Dotted")
    return ("Style", "Color", "Size"), [tuple(chosen) for chosen in combinations(styles, _COLORS, _SIZES)][:count]


def _product(
    index: int, chance: random.Random, names: tuple[str, ...], choices: list[tuple[str, ...]]
) -> PlatformProduct:
    kind = _KINDS[chance.randrange(len(_KINDS))]
    brand, material = chance.choice(_BRANDS), chance.choice(_MATERIALS)
    title = f"{brand} {chance.choice(_ADJECTIVES)} {kind.noun} {index + 1}"
    handle = f"{title}".lower().replace(" & ", "-").replace(" ", "-")
    pictures = tuple(
        PlatformImage(url=f"https://images.example.com/{handle}-{number}.jpg", alt=title)
        for number in range(1, chance.randint(1, 3) + 1)
    )
    url = f"https://shop.example.com/product/{handle}"
    tags = tuple(dict.fromkeys((material, chance.choice(("new", "gift", "sale", "bestseller")))))
    return PlatformProduct(
        external_id=str(index + 1),
        title=title,
        description=f"<p>A {kind.noun.lower()} made of <strong>{material}</strong> by {brand}.</p>"
        f"<ul><li>Made to last</li><li>Ships within two days</li></ul>",
        handle=handle,
        brand=brand,
        categories=(kind.category,),
        tags=tags,
        images=pictures,
        option_names=names,
        url=url,
        variants=tuple(_variants(index, chance, kind, material, url, names, choices)),
    )


def _variants(
    index: int,
    chance: random.Random,
    kind: _Kind,
    material: str,
    url: str,
    names: tuple[str, ...],
    choices: list[tuple[str, ...]],
) -> Iterator[PlatformVariant]:
    cents = chance.randint(*kind.cents) // 10 * 10 + 5
    grams = chance.randint(*kind.grams)
    on_sale = chance.random() < 0.15
    for number, chosen in enumerate(choices):
        price_cents = cents + 50 * (number % 8)
        suffix = f"-{number + 1:02d}" if names else ""
        yield PlatformVariant(
            external_id=f"{index + 1}{suffix}",
            external_product_id=str(index + 1),
            title=" / ".join(chosen),
            sku=f"{kind.code}-{index + 1:06d}{suffix}",
            barcode=gtin13(index * MAX_VARIANTS + number),
            price=_amount(price_cents),
            sale_price=_amount(price_cents * 8 // 10) if on_sale else None,
            cost=_amount(price_cents * 55 // 100),
            stock=chance.randint(0, 60),
            options=dict(zip(names, chosen, strict=True)),
            url=url,
            weight_g=grams,
            attributes={"material": material},
        )
