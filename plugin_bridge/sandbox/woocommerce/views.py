"""Products and variations as the REST API shows them: every key, in the order of the real thing."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Size(msgspec.Struct, frozen=True):
    """Measures; nobody of ours reads them, so they stay empty."""

    length: str = ""
    width: str = ""
    height: str = ""


class ProductView(msgspec.Struct, kw_only=True):
    """One element of `/products`; a variation looked up by SKU or id comes in this shape too."""

    id: int
    name: str
    slug: str
    permalink: str
    date_created: str
    date_created_gmt: str
    date_modified: str
    date_modified_gmt: str
    type: str
    status: str
    featured: bool = False
    catalog_visibility: str = "visible"
    description: str = ""
    short_description: str = ""
    sku: str
    price: str
    regular_price: str
    sale_price: str
    date_on_sale_from: None = None
    date_on_sale_from_gmt: None = None
    date_on_sale_to: None = None
    date_on_sale_to_gmt: None = None
    on_sale: bool
    purchasable: bool
    total_sales: int = 0
    virtual: bool = False
    downloadable: bool = False
    downloads: list[Any] = []
    download_limit: int = -1
    download_expiry: int = -1
    external_url: str = ""
    button_text: str = ""
    tax_status: str = "taxable"
    tax_class: str = ""
    manage_stock: bool
    stock_quantity: int | None
    backorders: str
    backorders_allowed: bool
    backordered: bool
    low_stock_amount: None = None
    sold_individually: bool = False
    weight: str
    dimensions: Size = Size()
    shipping_required: bool = True
    shipping_taxable: bool = True
    shipping_class: str = ""
    shipping_class_id: int = 0
    reviews_allowed: bool = True
    average_rating: str = "0.00"
    rating_count: int = 0
    upsell_ids: list[int] = []
    cross_sell_ids: list[int] = []
    parent_id: int = 0
    purchase_note: str = ""
    categories: list[dict[str, Any]]
    brands: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    images: list[dict[str, Any]]
    attributes: list[dict[str, Any]]
    default_attributes: list[Any] = []
    variations: tuple[int, ...] = ()
    grouped_products: list[int] = []
    menu_order: int = 0
    price_html: str
    related_ids: list[int]
    meta_data: list[dict[str, Any]]
    stock_status: str
    has_options: bool
    post_password: str = ""
    global_unique_id: str
    permalink_template: str | UnsetType = UNSET
    generated_slug: str | UnsetType = UNSET
    links: dict[str, Any] = msgspec.field(name="_links")


class VariationView(msgspec.Struct, kw_only=True):
    """One element of `/variations` and of `/products/<id>/variations`."""

    id: int
    type: str = "variation"
    date_created: str
    date_created_gmt: str
    date_modified: str
    date_modified_gmt: str
    description: str
    permalink: str
    sku: str
    global_unique_id: str
    price: str
    regular_price: str
    sale_price: str
    date_on_sale_from: None = None
    date_on_sale_from_gmt: None = None
    date_on_sale_to: None = None
    date_on_sale_to_gmt: None = None
    on_sale: bool
    status: str
    purchasable: bool
    virtual: bool = False
    downloadable: bool = False
    downloads: list[Any] = []
    download_limit: int = -1
    download_expiry: int = -1
    tax_status: str = "taxable"
    tax_class: str = ""
    manage_stock: bool
    stock_quantity: int | None
    stock_status: str
    backorders: str
    backorders_allowed: bool
    backordered: bool
    low_stock_amount: None = None
    weight: str
    dimensions: Size = Size()
    shipping_class: str = ""
    shipping_class_id: int = 0
    image: dict[str, Any] | None
    gallery_image_ids: list[int] = []
    attributes: list[dict[str, Any]]
    menu_order: int = 0
    meta_data: list[dict[str, Any]]
    name: str
    parent_id: int
    links: dict[str, Any] = msgspec.field(name="_links")
