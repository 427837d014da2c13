"""What the simulated store keeps: one struct for products and variations, and the terms that they refer to."""

from typing import Any

import msgspec


class Picture(msgspec.Struct, frozen=True, gc=False):
    """One image in the media library."""

    id: int
    src: str
    alt: str = ""


class Attribute(msgspec.Struct, frozen=True, gc=False):
    """A named list of values on a product; `variation` marks the ones that its variations differ in."""

    name: str
    options: tuple[str, ...]
    variation: bool = False
    visible: bool = True


class Meta(msgspec.Struct, frozen=True, gc=False):
    """One row of meta data."""

    id: int
    key: str
    value: Any


class Item(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A product or a variation; prices are the texts that WooCommerce stores, times are Unix seconds."""

    id: int
    kind: str = "simple"
    """`simple`, `variable`, `variation` or any other type as a plain string."""
    parent_id: int = 0
    name: str = ""
    slug: str = ""
    description: str = ""
    short_description: str = ""
    sku: str = ""
    regular_price: str = ""
    sale_price: str = ""
    manage_stock: bool = False
    stock: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    status: str = "publish"
    gtin: str = ""
    weight: str = ""
    categories: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    brands: tuple[int, ...] = ()
    pictures: tuple[Picture, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    """Of a variation: attribute name and chosen value."""
    meta: tuple[Meta, ...] = ()
    children: tuple[int, ...] = ()
    created_at: int = 0
    modified_at: int = 0
    menu_order: int = 0
    total_sales: int = 0
    catalog_visibility: str = "visible"
    before_trash: str = ""
    """Status it had before it was trashed."""

    @property
    def is_variation(self) -> bool:
        """True for a variation, which is listed apart from products."""
        return self.kind == "variation"

    @property
    def own_price(self) -> str:
        """What a customer pays for this item itself; "" when it has no price."""
        return self.sale_price or self.regular_price


class Term(msgspec.Struct, frozen=True):
    """A category, tag or brand."""

    id: int
    name: str
    slug: str
    parent: int = 0
