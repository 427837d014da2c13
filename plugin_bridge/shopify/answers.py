"""Answers of the documents, and what stands around them. Field names are Shopify's."""

from datetime import datetime
from typing import Any

import msgspec

from plugin_bridge.shopify.wire import PageInfo, Parent, Pictures, ProductLine, Reference, VariantLine


class UserError(msgspec.Struct, gc=False):
    """What a mutation refuses, and why."""

    message: str = ""
    code: str | None = None
    field: list[str] | None = None


class Count(msgspec.Struct, gc=False):
    """How many."""

    count: int = 0


class Products(msgspec.Struct, rename="camel", gc=False):
    """A page of products."""

    nodes: list[ProductLine] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class ProductsAnswer(msgspec.Struct, gc=False):
    """Answer of `products`."""

    products: Products


class Variants(msgspec.Struct, rename="camel", gc=False):
    """A page of variants."""

    nodes: list[VariantLine] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class VariantsAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `variants`."""

    product_variants: Variants


class ParentsAnswer(msgspec.Struct, gc=False):
    """Answer of `parents`; None for a product that is gone."""

    nodes: list[Parent | None] = []


class Pictured(msgspec.Struct, gc=False):
    """A product's pictures."""

    media: Pictures = msgspec.field(default_factory=Pictures)


class PicturesAnswer(msgspec.Struct, gc=False):
    """Answer of `pictures`; None for a product that is gone."""

    product: Pictured | None = None


class ChangesAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `changes`."""

    products_count: Count | None = None
    product_variants_count: Count | None = None


class ListedAnswer(msgspec.Struct, gc=False):
    """Answer of `listed`: None where there is nothing by that id any more."""

    nodes: list[Reference | None] = []


class Place(msgspec.Struct, rename="camel", gc=False):
    """A location."""

    id: str
    name: str = ""
    is_active: bool = True


class Places(msgspec.Struct, rename="camel", gc=False):
    """A page of locations."""

    nodes: list[Place] = []
    page_info: PageInfo = msgspec.field(default_factory=PageInfo)


class LocationsAnswer(msgspec.Struct, gc=False):
    """Answer of `locations`."""

    locations: Places


class Plan(msgspec.Struct, rename="camel", gc=False):
    """What the shop pays for."""

    public_display_name: str = ""
    partner_development: bool = False


class Domain(msgspec.Struct, gc=False):
    """An address of the shop."""

    host: str = ""


class Shop(msgspec.Struct, rename="camel", gc=False):
    """Who the shop is."""

    id: str
    name: str
    myshopify_domain: str
    currency_code: str
    iana_timezone: str = "UTC"
    plan: Plan | None = None
    primary_domain: Domain | None = None


class Scope(msgspec.Struct, gc=False):
    """Something the shop lets the app do."""

    handle: str


class Installation(msgspec.Struct, rename="camel", gc=False):
    """The app in this shop."""

    access_scopes: list[Scope] = []


class IdentityAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `identity`."""

    shop: Shop
    current_app_installation: Installation = msgspec.field(default_factory=Installation)


class Operation(msgspec.Struct, rename="camel", gc=False):
    """A bulk operation."""

    id: str
    status: str = "CREATED"
    """CREATED RUNNING COMPLETED FAILED CANCELING CANCELED EXPIRED."""
    error_code: str | None = None
    """ACCESS_DENIED INTERNAL_SERVER_ERROR TIMEOUT."""
    created_at: datetime | None = None
    completed_at: datetime | None = None
    object_count: int | None = None
    root_object_count: int | None = None
    file_size: int | None = None
    url: str | None = None
    partial_data_url: str | None = None
    query: str = ""
    type: str = ""


class Started(msgspec.Struct, rename="camel", gc=False):
    """What came of asking for a bulk operation."""

    bulk_operation: Operation | None = None
    user_errors: list[UserError] = []


class BulkStartAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `bulk_start`."""

    bulk_operation_run_query: Started | None = None


class BulkStateAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `bulk_state`; None for an id that Shopify does not know (any more)."""

    bulk_operation: Operation | None = None


class Operations(msgspec.Struct, gc=False):
    """A page of bulk operations."""

    nodes: list[Operation] = []


class BulkRunningAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `bulk_running`."""

    bulk_operations: Operations


class BulkCancelAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `bulk_cancel`."""

    bulk_operation_cancel: Started | None = None


class ThrottleStatus(msgspec.Struct, rename="camel", gc=False):
    """The points of this app in this shop."""

    maximum_available: float = 0.0
    currently_available: float = 0.0
    restore_rate: float = 0.0


class Cost(msgspec.Struct, rename="camel", gc=False):
    """What a request cost."""

    requested_query_cost: float | None = None
    actual_query_cost: float | None = None
    throttle_status: ThrottleStatus | None = None


class Extensions(msgspec.Struct, gc=False):
    """What stands beside the data."""

    cost: Cost | None = None


class ErrorExtensions(msgspec.Struct, gc=False):
    """More on an error."""

    code: str = ""
    cost: float | None = None
    max_cost: float | None = msgspec.field(default=None, name="maxCost")


class GraphQLError(msgspec.Struct, gc=False):
    """One entry of `errors`."""

    message: str = ""
    path: list[Any] | None = None
    extensions: ErrorExtensions = msgspec.field(default_factory=ErrorExtensions)


class Envelope(msgspec.Struct, gc=False):
    """A whole answer; `data` is read by its document."""

    data: msgspec.Raw = msgspec.Raw()
    errors: list[GraphQLError] = []
    extensions: Extensions | None = None
