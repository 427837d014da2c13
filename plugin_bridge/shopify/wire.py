"""Products and variants as Shopify writes them, on pages and as lines of a file. Field names are Shopify's."""

from datetime import datetime

import msgspec


class PageInfo(msgspec.Struct, rename="camel", gc=False):
    """Where a connection goes on."""

    has_next_page: bool = False
    end_cursor: str | None = None


class Value(msgspec.Struct, gc=False):
    """A metafield's text."""

    value: str = ""


class Amount(msgspec.Struct, gc=False):
    """An amount in the shop's currency."""

    amount: str = ""


class Weight(msgspec.Struct, gc=False):
    """A weight in one of Shopify's four units."""

    unit: str = ""
    value: float = 0.0


class Measurement(msgspec.Struct, gc=False):
    """How heavy something is."""

    weight: Weight | None = None


class Image(msgspec.Struct, gc=False):
    """Where a picture lies."""

    url: str = ""


class Picture(msgspec.Struct, gc=False):
    """One medium; other media than pictures have no image."""

    image: Image | None = None
    alt: str | None = None
    id: str = ""
    """Only told where pictures are written."""


class Pictures(msgspec.Struct, rename="camel", gc=False):
    """Media of a product or a variant, on a page."""

    nodes: list[Picture] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class Reference(msgspec.Struct, gc=False):
    """Something named by its global id."""

    id: str = ""


class Quantity(msgspec.Struct, gc=False):
    """How many pieces there are in one state."""

    quantity: int = 0


class Level(msgspec.Struct, gc=False):
    """Stock of one item at one place."""

    location: Reference | None = None
    quantities: list[Quantity] = []


class Levels(msgspec.Struct, gc=False):
    """Stock of one item, on a page."""

    nodes: list[Level] = []


class Category(msgspec.Struct, rename="camel", gc=False):
    """A node of Shopify's taxonomy, "Apparel & Accessories > Clothing"."""

    full_name: str = ""


class Named(msgspec.Struct, gc=False):
    """An option of a product."""

    name: str = ""


class Chosen(msgspec.Struct, gc=False):
    """What a variant is in one option of its product."""

    name: str = ""
    value: str = ""


class Line(msgspec.Struct, kw_only=True, gc=False):
    """What lines of both files have: a global id when they are roots, else the id of the root they belong to."""

    id: str = ""
    parent: str | None = msgspec.field(default=None, name="__parentId")
    image: Image | None = None


class ProductLine(Line, kw_only=True, rename="camel", gc=False):
    """A product, or one of its pictures."""

    parent: str | None = msgspec.field(default=None, name="__parentId")
    alt: str | None = None
    title: str | None = None
    description_html: str | None = None
    handle: str | None = None
    vendor: str | None = None
    product_type: str | None = None
    tags: list[str] = []
    status: str = ""
    updated_at: datetime | None = None
    online_store_url: str | None = None
    has_only_default_variant: bool = False
    category: Category | None = None
    options: list[Named] = []
    media: Pictures | None = None
    """On pages; in a file they are lines of their own."""


class Parent(msgspec.Struct, rename="camel", gc=False):
    """What a variant's line says of its product."""

    id: str = ""
    status: str = ""
    online_store_url: str | None = None
    google_product_category: Value | None = None
    mpn: Value | None = None
    condition: Value | None = None
    gender: Value | None = None
    age_group: Value | None = None
    color: Value | None = None
    material: Value | None = None
    pattern: Value | None = None


class Item(msgspec.Struct, rename="camel", gc=False):
    """What Shopify counts when it counts a variant."""

    id: str = ""
    tracked: bool = False
    unit_cost: Amount | None = None
    measurement: Measurement | None = None
    inventory_levels: Levels | None = None
    """On pages; in a file they are lines of their own."""


class VariantLine(Line, kw_only=True, rename="camel", gc=False):
    """A variant, its stock at one place, or one of its pictures."""

    parent: str | None = msgspec.field(default=None, name="__parentId")
    location: Reference | None = None
    quantities: list[Quantity] = []
    title: str | None = None
    sku: str | None = None
    barcode: str | None = None
    price: str | None = None
    compare_at_price: str | None = None
    available_for_sale: bool = True
    inventory_policy: str = ""
    inventory_quantity: int | None = None
    updated_at: datetime | None = None
    selected_options: list[Chosen] = []
    mpn: Value | None = None
    condition: Value | None = None
    color: Value | None = None
    product: Parent | None = None
    inventory_item: Item | None = None
    media: Pictures | None = None
    """On pages; in a file they are lines of their own."""
