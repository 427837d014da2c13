"""Many products at once, and how far they are (contract rows PRI-09 to 12, decision G14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from msgspec import Meta

from backend.api.price_v2.auth import WITH_TOKEN
from backend.api.price_v2.errors import refusals
from backend.api.price_v2.fields import FormOperation, form_of
from backend.api.price_v2.products import PRODUCT_FIELDS, TAGS
from backend.api.shared.forms import read_form
from backend.domain.pricing.batches import MOST_LINES, ProductBatches, Progress
from backend.kit.errors import invalid
from backend.ports.actor import Actor

MOST_BYTES = 64_000_000
MOST_FIELDS = MOST_LINES * len(PRODUCT_FIELDS)
WHOLE = "cancelOnPackageLimitExceeding"
_PRODUCT = re.compile(r"(product\d{1,12})\[(\w{1,40})\]", re.ASCII)
_MESSAGES: Mapping[str, str] = {
    "idle": "Nothing was sent yet.",
    "queued": "Waiting in the queue.",
    "running": "Being imported.",
    "finished": "Completed.",
    "failed": "The import was given up; what is there stays.",
}
_STATUSES = {"running": "processing"}


class LineErrorOut(msgspec.Struct):
    """A product that was not taken."""

    product: Annotated[str, Meta(description="As the list calls it.", examples=["product7"])]
    error: str


class ProgressOut(msgspec.Struct):
    """How far the newest list is."""

    message: str
    status: Annotated[str, Meta(description="idle, queued, processing, finished or failed.")]
    total: Annotated[str, Meta(description="Products of the list.", examples=["100"])]
    processed: Annotated[str, Meta(description="Products looked at so far.", examples=["100"])]
    errors: Annotated[list[LineErrorOut], Meta(description="Of the first thousand products that were not taken.")]


def progress_out(progress: Progress) -> ProgressOut:
    """Present how far a list is."""
    return ProgressOut(
        message=_MESSAGES[progress.state],
        status=_STATUSES.get(progress.state, progress.state),
        total=str(progress.total),
        processed=str(progress.processed),
        errors=[LineErrorOut(**error) for error in progress.errors],
    )


def products_of(form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the products of a form by their names, in its order: `product0[name]`, numbered in any way."""
    products: dict[str, dict[str, str]] = {}
    for key, value in form.items():
        found = _PRODUCT.fullmatch(key)
        if found:
            products.setdefault(found[1], {})[found[2]] = value
    return products


def whole_of(form: Mapping[str, str]) -> bool:
    """Tell whether a list is to be refused that the plan has no room for; raise invalid PARAMETER_INVALID."""
    told = form.get(WHOLE, "true").strip().lower()
    if told not in ("true", "false"):
        raise invalid("PARAMETER_INVALID", f"{WHOLE}: true or false", field=WHOLE)
    return told == "true"


@dataclass
class BatchForm(FormOperation):
    """An operation whose body is a list of products."""

    @staticmethod
    def form() -> Schema:
        """Return the schema of the form."""
        first = {f"product0[{field}]": told for field, told in PRODUCT_FIELDS.items()}
        flag = {WHOLE: '"true" (the default): a list beyond the plan is refused; "false": the first of it are taken.'}
        shown = form_of({**first, **flag}, "product0[name]", "product0[brand]", "product0[category]")
        shown.description = "Further products as product1[name], product2[name] and so on; gaps do not matter."
        shown.additional_properties = Schema(type=OpenAPIType.STRING)
        return shown


@post(
    "/add/batch",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="price.add_batch",
    operation_class=BatchForm,
    request_max_body_size=MOST_BYTES,
    summary="Add many products",
    tags=TAGS,
    responses=refusals(400, 422, s422="The list is in the queue already, or beyond the limit of the plan."),
)
async def add_batch(
    request: Request[Any, Any, Any], actor: NamedDependency[Actor], product_batches: NamedDependency[ProductBatches]
) -> ProgressOut:
    """Take a list of products in and answer at once; it is imported in the background."""
    form = await read_form(request, most_fields=MOST_FIELDS)
    return progress_out(await product_batches.start(actor, products_of(form), whole=whole_of(form)))


@get(
    "/progress/batchImport",
    security=WITH_TOKEN,
    operation_id="price.show_batch_progress",
    summary="See how far the newest list is",
    tags=TAGS,
    responses=refusals(),
)
async def show_progress(actor: NamedDependency[Actor], product_batches: NamedDependency[ProductBatches]) -> ProgressOut:
    """Tell how far the newest list of products is."""
    return progress_out(await product_batches.progress(actor))
