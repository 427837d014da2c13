"""Files as Shopify's bulk operations write them: products with pictures, variants with stock by place."""

from pathlib import Path

import msgspec

_encode = msgspec.json.Encoder().encode
_DESCRIPTION = (
    "<p>Warm, light and made to last.</p>" + "<p>Wash at thirty degrees, dry flat, keep out of the sun.</p>" * 8
)
PLACES = ("41", "42")
SIZES = ("S", "M", "L", "XL")


def write(folder: Path, products: int, each: int) -> tuple[Path, Path]:
    """Write both files; returns (products, variants)."""
    first, second = folder / "products.jsonl", folder / "variants.jsonl"
    with first.open("wb") as file:
        for n in range(1, products + 1):
            file.writelines(_lines(product(n)))
    with second.open("wb") as file:
        for n in range(1, products * each + 1):
            file.writelines(_lines(variant(n, (n - 1) // each + 1, (n - 1) % each)))
    return first, second


def _lines(rows: list[dict[str, object]]) -> list[bytes]:
    return [_encode(row) + b"\n" for row in rows]


def product(n: int) -> list[dict[str, object]]:
    """Return a product's line and those of its two pictures."""
    identifier = f"gid://shopify/Product/{8_000_000_000 + n}"
    row: dict[str, object] = {
        "id": identifier,
        "title": f"Cardigan number {n}",
        "descriptionHtml": _DESCRIPTION,
        "handle": f"cardigan-number-{n}",
        "vendor": f"Maker {n % 200}",
        "productType": "Cardigans",
        "tags": ["wool", f"season-{n % 4}"],
        "status": "ACTIVE",
        "updatedAt": "2026-11-20T10:00:00Z",
        "onlineStoreUrl": f"https://bench.example.com/products/cardigan-number-{n}",
        "hasOnlyDefaultVariant": False,
        "category": {"fullName": "Apparel & Accessories > Clothing > Clothing Tops > Cardigans"},
        "options": [{"name": "Size"}, {"name": "Colour"}],
    }
    pictures: list[dict[str, object]] = [
        {
            "alt": f"Cardigan {n}",
            "image": {"url": f"https://cdn.shopify.com/s/files/1/0533/2089/files/cardigan-{n}-{at}.jpg?v=1732100000"},
            "__parentId": identifier,
        }
        for at in (1, 2)
    ]
    return [row, *pictures]


def variant(n: int, parent: int, at: int) -> list[dict[str, object]]:
    """Return a variant's line and those of its stock at two places."""
    identifier = f"gid://shopify/ProductVariant/{44_000_000_000 + n}"
    row: dict[str, object] = {
        "id": identifier,
        "title": f"{SIZES[at % 4]} / Red",
        "sku": f"CARD-{parent}-{at}",
        "barcode": f"4{n:012d}",
        "price": f"{39 + at}.90",
        "compareAtPrice": "59.90" if parent % 3 == 0 else None,
        "availableForSale": True,
        "inventoryPolicy": "DENY",
        "inventoryQuantity": n % 50,
        "updatedAt": "2026-11-20T10:00:00Z",
        "selectedOptions": [{"name": "Size", "value": SIZES[at % 4]}, {"name": "Colour", "value": "Red"}],
        "mpn": None,
        "condition": None,
        "color": None,
        "product": {
            "id": f"gid://shopify/Product/{8_000_000_000 + parent}",
            "status": "ACTIVE",
            "onlineStoreUrl": f"https://bench.example.com/products/cardigan-number-{parent}",
            "googleProductCategory": {"value": "1604"},
            "mpn": None,
            "condition": {"value": "new"},
            "gender": {"value": "unisex"},
            "ageGroup": {"value": "adult"},
            "color": None,
            "material": None,
            "pattern": None,
        },
        "inventoryItem": {
            "id": f"gid://shopify/InventoryItem/{46_000_000_000 + n}",
            "tracked": True,
            "unitCost": {"amount": "17.5"},
            "measurement": {"weight": {"unit": "KILOGRAMS", "value": 0.4}},
        },
    }
    levels: list[dict[str, object]] = [
        {
            "location": {"id": f"gid://shopify/Location/{place}"},
            "quantities": [{"quantity": n % 25}],
            "__parentId": identifier,
        }
        for place in PLACES
    ]
    return [row, *levels]
