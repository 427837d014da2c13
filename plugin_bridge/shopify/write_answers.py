"""Answers of the documents that write, and of those that read before a write. Field names are Shopify's."""

import msgspec

from plugin_bridge.shopify.answers import GraphQLError, Started, UserError
from plugin_bridge.shopify.wire import PageInfo, ProductLine, Quantity, Reference, VariantLine


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


class ProductChanged(msgspec.Struct, rename="camel", gc=False):
    """A product as it is after a mutation."""

    product: ProductLine | None = None
    user_errors: list[UserError] = []


class ProductUpdateAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `product_update`."""

    product_update: ProductChanged | None = None


class GallerySetAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `gallery_set`."""

    product_set: ProductChanged | None = None


class GalleryAnswer(msgspec.Struct, gc=False):
    """Answer of `gallery`; None for a product that is gone."""

    product: ProductLine | None = None


class ProductsShownAnswer(msgspec.Struct, gc=False):
    """Answer of `products_shown`; None for a product that is gone."""

    nodes: list[ProductLine | None] = []


class ProductDeleteAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `product_delete`."""

    product_delete: Done | None = None


class VariantPage(msgspec.Struct, rename="camel", gc=False):
    """Variants of one product, in its order."""

    nodes: list[VariantLine] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class ProductMade(msgspec.Struct, rename="camel", gc=False):
    """A product that was made, or found."""

    id: str
    online_store_url: str | None = None
    variants: VariantPage = msgspec.field(default_factory=VariantPage)


class ProductMaking(msgspec.Struct, rename="camel", gc=False):
    """What became of making a product."""

    product: ProductMade | None = None
    user_errors: list[UserError] = []


class ProductCreateAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `product_create`."""

    product_set: ProductMaking | None = None


class ProductByHandleAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `product_by_handle`; None where no product has the handle."""

    product_by_identifier: ProductMade | None = None


class ProductVariantsAnswer(msgspec.Struct, gc=False):
    """Answer of `product_variants`; None for a product that is gone."""

    product: ProductMade | None = None


class VariantsBySkuAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `variants_by_sku`."""

    product_variants: VariantPage


class VariantsCreateAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `variants_create`."""

    product_variants_bulk_create: Done | None = None


class Parameter(msgspec.Struct, gc=False):
    """A field of an upload's form."""

    name: str = ""
    value: str = ""


class UploadTarget(msgspec.Struct, gc=False):
    """Where a file is put, and with which form."""

    url: str | None = None
    parameters: list[Parameter] = []


class Staged(msgspec.Struct, rename="camel", gc=False):
    """Places for files."""

    staged_targets: list[UploadTarget] | None = None
    user_errors: list[UserError] = []


class StagedUploadAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `staged_upload`."""

    staged_uploads_create: Staged | None = None


class BulkWriteAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `bulk_write`."""

    bulk_operation_run_mutation: Started | None = None


class ResultLine(msgspec.Struct, gc=False):
    """One line of a writing operation's file: the answer to one line of ours."""

    data: msgspec.Raw = msgspec.Raw()
    errors: list[GraphQLError] = []
    line: int = msgspec.field(default=-1, name="__lineNumber")
