"""Products written as the two export formats, independently of the code that reads them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from backend.ports.store_platform import PlatformProduct, PlatformVariant

SHOPIFY = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Status"),
    *("Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value"),
    *("Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy"),
    *("Variant Price", "Variant Compare At Price", "Variant Barcode", "Image Src", "Image Position", "Image Alt Text"),
    *("Google Shopping / MPN", "Google Shopping / Custom Label 0", "Variant Image", "Cost per item"),
]
WOOCOMMERCE = [
    "ID",
    "Type",
    "SKU",
    "GTIN, UPC, EAN, or ISBN",
    "Name",
    "Published",
    "Description",
    "In stock?",
    "Stock",
    "Backorders allowed?",
    "Weight (g)",
    "Sale price",
    "Regular price",
    "Cost of goods",
    "Categories",
    "Tags",
    "Images",
    "Parent",
    "Brands",
    "External URL",
    "Attribute 1 name",
    "Attribute 1 value(s)",
    "Attribute 2 name",
    "Attribute 2 value(s)",
    "Meta: _wc_gla_mpn",
]


def csv_bytes(header: Sequence[str], rows: Iterable[Mapping[str, object]], delimiter: str = ",") -> bytes:
    """Write rows as a spreadsheet would."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def shopify_file(products: Iterable[PlatformProduct]) -> bytes:
    """Write products as Shopify exports them: a row per variant, pictures on rows of their own."""
    return csv_bytes(SHOPIFY, [row for product in products for row in _shopify_rows(product)])


def _shopify_rows(product: PlatformProduct) -> Iterable[dict[str, object]]:
    first = {
        "Title": product.title,
        "Body (HTML)": product.description,
        "Vendor": product.brand,
        "Type": product.categories[-1] if product.categories else "",
        "Tags": ", ".join(product.tags),
        "Published": "true",
        "Status": product.status,
        **{f"Option{n} Name": name for n, name in enumerate(product.option_names or ("Title",), 1)},
    }
    for variant in product.variants:
        yield {"Handle": product.handle, **first, **_shopify_variant(variant)}
        first = {}
    for position, image in enumerate(product.images, 1):
        yield {
            "Handle": product.handle,
            "Image Src": image.url,
            "Image Position": position,
            "Image Alt Text": image.alt,
        }


def _shopify_variant(variant: PlatformVariant) -> dict[str, object]:
    on_sale = variant.sale_price is not None
    return {
        **{f"Option{n} Value": value for n, value in enumerate(variant.options.values() or ("Default Title",), 1)},
        "Variant SKU": variant.sku,
        "Variant Grams": variant.weight_g or 0,
        "Variant Inventory Tracker": "" if variant.stock is None else "shopify",
        "Variant Inventory Qty": "" if variant.stock is None else variant.stock,
        "Variant Inventory Policy": "continue" if variant.backorder else "deny",
        "Variant Price": variant.sale_price if on_sale else variant.price,
        "Variant Compare At Price": variant.price if on_sale else "",
        "Variant Barcode": variant.barcode,
        "Variant Image": variant.image_url,
        "Cost per item": variant.cost,
        "Google Shopping / MPN": variant.attributes.get("mpn", ""),
        "Google Shopping / Custom Label 0": variant.attributes.get("custom_label_0", ""),
    }


def woocommerce_file(products: Sequence[PlatformProduct]) -> bytes:
    """Write products as WooCommerce exports them: parents first, variations after all of them."""
    parents = [_woocommerce_product(product) for product in products]
    variations = [
        {**_woocommerce_variant(product, variant), "ID": variant.external_id, "Type": "variation"}
        | {"Parent": f"id:{product.external_id}", "Images": variant.image_url}
        for product in products
        if product.option_names
        for variant in product.variants
    ]
    return csv_bytes(WOOCOMMERCE, [*parents, *variations])


def _woocommerce_product(product: PlatformProduct) -> dict[str, object]:
    own = {} if product.option_names else _woocommerce_variant(product, product.variants[0])
    attributes: dict[str, object] = {}
    for n, name in enumerate(product.option_names, 1):
        values = dict.fromkeys(v.options[name] for v in product.variants)
        attributes |= {f"Attribute {n} name": guarded(name), f"Attribute {n} value(s)": guarded(joined(values))}
    return {
        **own,
        **attributes,
        "ID": product.external_id,
        "Type": "variable" if product.option_names else "simple",
        "Name": guarded(product.title),
        "Published": 1 if product.status == "active" else -1,
        "Description": guarded(product.description.replace("\\n", "\\\\n").replace("\n", "\\n")),
        "Categories": guarded(joined(product.categories)),
        "Tags": guarded(joined(product.tags)),
        "Images": joined([image.url for image in product.images]),
        "Brands": guarded(joined([product.brand]) if product.brand else ""),
        "External URL": product.url,
    }


def _woocommerce_variant(product: PlatformProduct, variant: PlatformVariant) -> dict[str, object]:
    attributes: dict[str, object] = {}
    for n, (name, value) in enumerate(variant.options.items(), 1):
        attributes |= {f"Attribute {n} name": guarded(name), f"Attribute {n} value(s)": guarded(joined([value]))}
    return {
        **attributes,
        "SKU": guarded(variant.sku),
        "GTIN, UPC, EAN, or ISBN": variant.barcode,
        "Published": 1 if product.status == "active" else -1,
        "In stock?": 1 if variant.in_stock else 0,
        "Stock": "" if variant.stock is None else variant.stock,
        "Backorders allowed?": "notify" if variant.backorder else 0,
        "Weight (g)": variant.weight_g or "",
        "Sale price": variant.sale_price,
        "Regular price": variant.price,
        "Cost of goods": variant.cost,
        "Meta: _wc_gla_mpn": guarded(variant.attributes.get("mpn", "")),
    }


def joined(values: Iterable[str]) -> str:
    """Join values as WooCommerce does, a comma inside a value escaped."""
    return ", ".join(value.replace(",", "\\,") for value in values)


def guarded(text: str) -> str:
    """Put the apostrophe that WooCommerce's exporter puts before what a spreadsheet would run."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
