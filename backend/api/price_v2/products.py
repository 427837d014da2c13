"""One product: shown, added, edited, removed (contract rows PRI-06 to 08, 13 and 14)."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Schema
from msgspec import Meta

from backend.api.price_v2.auth import WITH_TOKEN
from backend.api.price_v2.errors import refusals
from backend.api.price_v2.fields import (
    AmountText,
    DoneOut,
    FormOperation,
    GivenId,
    Id,
    MadeOut,
    NamedOut,
    amount_text,
    barcode_out,
    form_of,
    number,
)
from backend.api.shared.forms import read_form
from backend.domain.pricing.monitored import MonitoredProduct, MonitoredProducts
from backend.domain.pricing.monitored_repository import MonitoredRow
from backend.ports.actor import Actor

TAGS = ["Products"]
PRODUCT_FIELDS = {
    "name": "What it is called.",
    "brand": "Name of its brand; a new one is made.",
    "category": "Name of its category; a new one is made.",
    "product_code": "Your own code, such as a SKU.",
    "barcode": "GTIN, EAN, UPC…; leading zeros are kept.",
    "cost": "What you pay for it, such as 12.50.",
    "additional_cost": "What comes on top: shipping, fees.",
    "tags": "With commas between them.",
    "external_ref": "What your own system calls it.",
}
REQUIRED = ("name", "brand", "category")


class ProductOut(msgspec.Struct):
    """A product in a list."""

    id: Id
    name: str
    category: NamedOut | None
    brand: NamedOut | None
    product_code: str
    barcode: Annotated[int | str, Meta(description="A number when that shows every digit, else a text.")]
    cost: AmountText | None
    additional_cost: AmountText | None
    tags: Annotated[str, Meta(examples=["Tag1, tag2"])]
    external_ref: str


class FullProductOut(ProductOut):
    """A product with everything about it."""

    smart_price: Annotated[str | None, Meta(description="Null until a pricing rule has worked one out.")]
    my_position: Annotated[
        str | None, Meta(description="cheapest, cheaper, average, higher or highest; null when nothing compares.")
    ]
    urls: Annotated[list[Id], Meta(description="Ids of its URLs.")]


def product_values(row: MonitoredRow) -> dict[str, Any]:
    """Return the values of a product in a list."""
    return {
        "id": str(row.id),
        "name": row.name,
        "category": _named(row.category_id, row.category),
        "brand": _named(row.brand_id, row.brand),
        "product_code": row.product_code,
        "barcode": barcode_out(row.barcode),
        "cost": amount_text(row.cost),
        "additional_cost": amount_text(row.additional_cost),
        "tags": ", ".join(row.tags),
        "external_ref": row.external_ref,
    }


def product_out(product: MonitoredProduct) -> FullProductOut:
    """Present one product."""
    return FullProductOut(
        **product_values(product.row),
        smart_price=None,
        my_position=product.market.my_position,
        urls=[str(url_id) for url_id in product.url_ids],
    )


def _named(name_id: int | None, name: str | None) -> NamedOut | None:
    return None if name_id is None or name is None else NamedOut(str(name_id), name)


@dataclass
class NewProductForm(FormOperation):
    """An operation whose body is a new product."""

    @staticmethod
    def form() -> Schema:
        """Return the schema of the form."""
        return form_of(PRODUCT_FIELDS, *REQUIRED)


@dataclass
class ChangedProductForm(FormOperation):
    """An operation whose body are some fields of a product."""

    @staticmethod
    def form() -> Schema:
        """Return the schema of the form."""
        return form_of(PRODUCT_FIELDS)


@get(
    "/get/product/id/{product_id:str}",
    security=WITH_TOKEN,
    operation_id="price.get_product",
    summary="Get a product",
    tags=TAGS,
    responses=refusals(404),
)
async def get_product(
    product_id: GivenId, actor: NamedDependency[Actor], monitored_products: NamedDependency[MonitoredProducts]
) -> FullProductOut:
    """Show a product with the ids of its URLs."""
    return product_out(await monitored_products.product(actor, number(product_id)))


@post(
    "/add/product",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="price.add_product",
    operation_class=NewProductForm,
    summary="Add a product",
    tags=TAGS,
    responses=refusals(400, 422, s422="It exists already (`PRODUCT_EXISTS`), or the plan is full."),
)
async def add_product(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    monitored_products: NamedDependency[MonitoredProducts],
) -> MadeOut:
    """Add a product; a brand or category of a new name is made with it."""
    return MadeOut(str(await monitored_products.add(actor, await read_form(request))))


@post(
    "/edit/product/id/{product_id:str}",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="price.edit_product",
    operation_class=ChangedProductForm,
    summary="Edit a product",
    tags=TAGS,
    responses=refusals(400, 404, 422),
)
async def edit_product(
    request: Request[Any, Any, Any],
    product_id: GivenId,
    actor: NamedDependency[Actor],
    monitored_products: NamedDependency[MonitoredProducts],
) -> MadeOut:
    """Overwrite the fields that are sent; empty ones are cleared, tags are replaced, all others stay."""
    await monitored_products.edit(actor, number(product_id), await read_form(request))
    return MadeOut(str(number(product_id)))


@post(
    "/delete/product/id/{product_id:str}",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="price.delete_product",
    summary="Delete a product",
    tags=TAGS,
    responses=refusals(404),
)
async def delete_product(
    product_id: GivenId, actor: NamedDependency[Actor], monitored_products: NamedDependency[MonitoredProducts]
) -> DoneOut:
    """Remove a product and all its URLs. What a store sells stays in the store, and is watched no more."""
    await monitored_products.remove(actor, number(product_id))
    return DoneOut()
