"""Answers of the documents that write, and of those that read before a write. Field names are Shopify's."""

import msgspec

from plugin_bridge.shopify.answers import UserError
from plugin_bridge.shopify.wire import PageInfo, Quantity, Reference, VariantLine


class VariantsUpdated(msgspec.Struct, rename="camel", gc=False):
    """What became of a product's variants; only those that were changed are told."""

    product_variants: list[VariantLine] | None = None
    user_errors: list[UserError] = []


class VariantsUpdateAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `variants_update`."""

    product_variants_bulk_update: VariantsUpdated | None = None


class VariantsShownAnswer(msgspec.Struct, gc=False):
    """Answer of `variants_shown`; None for a variant that is gone."""

    nodes: list[VariantLine | None] = []


class HeldAt(msgspec.Struct, rename="camel", gc=False):
    """A place that holds an item."""

    id: str = ""
    is_active: bool = True


class Held(msgspec.Struct, gc=False):
    """Pieces of an item in one place."""

    location: HeldAt | None = None
    quantities: list[Quantity] = []


class HeldPage(msgspec.Struct, rename="camel", gc=False):
    """Places that hold an item."""

    nodes: list[Held] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class CountedItem(msgspec.Struct, rename="camel", gc=False):
    """What Shopify counts when it counts a variant."""

    id: str = ""
    tracked: bool = False
    inventory_levels: HeldPage = msgspec.field(default_factory=HeldPage)


class CountedVariant(msgspec.Struct, rename="camel", gc=False):
    """A variant with its pieces."""

    id: str = ""
    inventory_item: CountedItem = msgspec.field(default_factory=CountedItem)


class LevelsAnswer(msgspec.Struct, gc=False):
    """Answer of `levels`; None for a variant that is gone."""

    nodes: list[CountedVariant | None] = []


class Done(msgspec.Struct, rename="camel", gc=False):
    """What became of a mutation of which only the errors matter."""

    user_errors: list[UserError] = []


class StockSetAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `stock_set`."""

    inventory_set_quantities: Done | None = None


class StockBeginAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `stock_begin`."""

    inventory_activate: Done | None = None


class Sized(msgspec.Struct, gc=False):
    """How many there are; `AT_LEAST` so many when Shopify stopped counting."""

    count: int = 0
    precision: str = "EXACT"


class CatalogSizeAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `catalog_size`."""

    products_count: Sized | None = None
    product_variants_count: Sized | None = None


class Ids(msgspec.Struct, rename="camel", gc=False):
    """A page of ids."""

    nodes: list[Reference] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class ProductIdsAnswer(msgspec.Struct, gc=False):
    """Answer of `product_ids`."""

    products: Ids


class VariantIdsAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `variant_ids`."""

    product_variants: Ids
