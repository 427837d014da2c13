"""What a simulated shop keeps; money is the text Shopify shows, times are Unix seconds, ids are the numbers of gids."""

import msgspec

from plugin_bridge.sandbox.shopify.channels import CHANNELS


class Image(msgspec.Struct, frozen=True, gc=False):
    """One picture of a product, a MediaImage."""

    id: int
    url: str
    alt: str = ""


class OptionValue(msgspec.Struct, frozen=True, gc=False):
    """One choice of an option."""

    id: int
    name: str


class Option(msgspec.Struct, frozen=True):
    """One thing that the variants of a product differ in."""

    id: int
    name: str
    values: tuple[OptionValue, ...]


class Metafield(msgspec.Struct, frozen=True, gc=False):
    """A custom value on a product, variant or the shop."""

    id: int
    namespace: str
    key: str
    type: str
    value: str
    created_at: int
    updated_at: int


class Location(msgspec.Struct, kw_only=True):
    """A place that holds stock."""

    id: int
    name: str
    active: bool = True
    created_at: int = 0


class Collection(msgspec.Struct, kw_only=True):
    """A named set of products."""

    id: int
    title: str
    handle: str
    updated_at: int = 0


class Product(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A product; its variants are named by id."""

    id: int
    title: str
    handle: str
    body_html: str = ""
    vendor: str = ""
    product_type: str = ""
    category: str = ""
    """Full name in the standard taxonomy, "Apparel > Shirts"."""
    tags: tuple[str, ...] = ()
    status: str = "ACTIVE"
    options: tuple[Option, ...] = ()
    images: tuple[Image, ...] = ()
    variants: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()
    metafields: tuple[Metafield, ...] = ()
    seo_title: str = ""
    seo_description: str = ""
    template: str = ""
    created_at: int = 0
    updated_at: int = 0
    published_at: int | None = None
    channels: tuple[str, ...] = CHANNELS
    """Handles of the sales channels it lies on; what an app makes lies on none until it is published."""


class Variant(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A variant and its inventory item, which share their life."""

    id: int
    product_id: int
    inventory_id: int
    position: int = 1
    choices: tuple[str, ...] = ()
    """One for each option of the product, in the same order."""
    sku: str = ""
    barcode: str = ""
    price: str = "0.00"
    compare_at: str | None = None
    cost: str | None = None
    tracked: bool = True
    policy: str = "DENY"
    taxable: bool = True
    ships: bool = True
    weight: float = 0.0
    weight_unit: str = "GRAMS"
    levels: dict[int, int] = {}
    """Pieces available by location id; where it is missing the item is not stocked."""
    image_id: int = 0
    metafields: tuple[Metafield, ...] = ()
    created_at: int = 0
    updated_at: int = 0

    @property
    def title(self) -> str:
        """Return the choices as Shopify joins them."""
        return " / ".join(self.choices) or "Default Title"

    @property
    def available(self) -> int:
        """Return the pieces available everywhere."""
        return sum(self.levels.values())


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order, as it was when it was placed."""

    id: int
    variant_id: int
    product_id: int
    title: str
    variant_title: str
    sku: str
    vendor: str
    quantity: int
    price: str


class Order(msgspec.Struct, kw_only=True):
    """An order; who placed it is the same made-up person each time."""

    id: int
    number: int
    lines: tuple[Line, ...]
    currency: str
    location_id: int
    financial: str = "PAID"
    cancelled_at: int | None = None
    cancel_reason: str | None = None
    created_at: int = 0
    updated_at: int = 0
    customer_id: int = 0
    customer_email: str = ""


class Hook(msgspec.Struct, kw_only=True):
    """A webhook subscription that an app made by API."""

    id: int
    topic: str
    """As in the enum: `PRODUCTS_UPDATE`."""
    uri: str
    filter: str | None = None
    include_fields: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    name: str | None = None
    failures: int = 0
    created_at: int = 0
    updated_at: int = 0
