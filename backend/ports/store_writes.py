"""What is written to a store, and what became of it: neutral shapes, no platform's words in here."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from backend.ports.store_platform import PlatformImage, PlatformProduct

FieldValue = str | int | Decimal | tuple[str, ...] | tuple[PlatformImage, ...] | None
"""A value of a synced field (`domain/catalog/fields.py`): text, grams, an amount in store currency, tags, images."""

WRITTEN, UNCHANGED, STALE, REFUSED, FAILED = "written", "unchanged", "stale", "refused", "failed"


class ProductWrite(msgspec.Struct, frozen=True, kw_only=True, tag="product"):
    """Change fields of a product: `title description tags brand images status`, only those named."""

    key: str
    """Names this write, the same whenever it is repeated: a UUID."""
    external_product_id: str
    fields: Mapping[str, FieldValue]


class VariantWrite(msgspec.Struct, frozen=True, kw_only=True, tag="variant"):
    """Change fields of a variant: `sku barcode price sale_price weight_g`, only those named."""

    key: str
    external_product_id: str
    external_id: str
    fields: Mapping[str, FieldValue]
    """`price` is the regular price (None: not for sale), `sale_price` the lower one in force (None: no sale)."""


class StockWrite(msgspec.Struct, frozen=True, kw_only=True, tag="stock"):
    """Set the pieces of a variant, if the store still shows what we believe."""

    key: str
    external_product_id: str
    external_id: str
    inventory_id: str = ""
    """`PlatformVariant.inventory_id`."""
    believed: int
    """Pieces in all places together that the store showed last; when it shows others, nothing is written (`stale`)."""
    target: int
    """Pieces in all places together afterwards."""


class ProductCreation(msgspec.Struct, frozen=True, kw_only=True, tag="creation"):
    """Put a product up for sale with all its variants."""

    key: str
    product: PlatformProduct
    """With variants inside; its external ids, and theirs, are our own ids and mean nothing to the store."""


class ProductRemoval(msgspec.Struct, frozen=True, kw_only=True, tag="removal"):
    """Take a product off sale: it is archived or made a draft, never deleted; `delete` is for one we created."""

    key: str
    external_product_id: str
    delete: bool = False


StoreWrite = ProductWrite | VariantWrite | StockWrite | ProductCreation | ProductRemoval


class CreatedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """Under which ids a store keeps a variant of a created product."""

    own_id: str
    """`PlatformVariant.external_id` of the creation."""
    external_id: str
    inventory_id: str = ""


class CreatedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """Under which ids a store keeps a created product, or one that was there already and was adopted."""

    external_product_id: str
    variants: tuple[CreatedVariant, ...]
    url: str = ""
    adopted: bool = False


class WriteResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one write."""

    key: str
    outcome: str
    """`written`; `unchanged` (the store showed it already, nothing was sent); `stale` (a stock write whose belief was
    wrong, nothing was written); `refused` (the store will not take it, trying again will not help); `failed` (this item
    did not go through this time)."""
    code: str = ""
    """Of what was refused or failed: `gone`, `sku_taken`, `price_invalid`, `image_refused`, `not_counted`,
    `echo_differs`, `rejected` and more."""
    message: str = ""
    """One sentence for people, without secrets."""
    shown: Mapping[str, FieldValue] = {}
    """What the store shows now of the fields that were sent, read from its answer."""
    pieces: int | None = None
    """Of a stock write: what the store shows now in all places together."""
    arrived: bool | None = None
    """Of a stock write that may have been sent before: whether the store carried it out then; None: it cannot tell."""
    created: CreatedProduct | None = None
