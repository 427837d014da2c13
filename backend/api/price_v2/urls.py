"""URLs: pages on which a product's price is read (contract rows PRI-15 to 17)."""

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
    amount_text,
    day_text,
    form_of,
    moment_text,
    number,
)
from backend.api.shared.forms import read_form
from backend.domain.pricing.observation_rules import change_of_day
from backend.domain.pricing.observations import newest_of
from backend.domain.pricing.urls import TrackedUrls
from backend.kit.clock import utc_now
from backend.kit.errors import invalid
from backend.models.pricing import TrackedUrl
from backend.ports.actor import Actor

TAGS = ["URLs"]


class UrlOut(msgspec.Struct):
    """A page with its newest reading; null where nothing was read."""

    id: Id
    url: str
    price: AmountText | None
    in_stock: Annotated[str | None, Meta(description='"1" or "0".')]
    last_check: Annotated[str | None, Meta(description="UTC.", examples=["2017-10-21 11:22:21"])]
    change_day: Annotated[str | None, Meta(description="By which share the price moved today.", examples=["0.02"])]
    currency: str | None
    last_changed: Annotated[str | None, Meta(description="Day of the newest change.", examples=["21/10/2017"])]
    old_price: AmountText | None


def url_out(url: TrackedUrl) -> UrlOut:
    """Present a page."""
    moved = change_of_day(newest_of(url), utc_now())
    return UrlOut(
        id=str(url.id),
        url=url.url,
        price=amount_text(url.price),
        in_stock=None if url.in_stock is None else str(int(url.in_stock)),
        last_check=moment_text(url.checked_at),
        change_day=None if moved is None else str(moved),
        currency=url.currency,
        last_changed=day_text(url.changed_at),
        old_price=amount_text(url.old_price),
    )


@dataclass
class NewUrlForm(FormOperation):
    """An operation whose body is a page for a product."""

    @staticmethod
    def form() -> Schema:
        """Return the schema of the form."""
        told = {"product_id": "Of the product whose price it shows.", "url": "http or https; ours or a competitor's."}
        return form_of(told, "product_id", "url")


@get(
    "/get/url/id/{url_id:str}",
    security=WITH_TOKEN,
    operation_id="price.get_url",
    summary="Get a URL",
    tags=TAGS,
    responses=refusals(404),
)
async def get_url(url_id: GivenId, actor: NamedDependency[Actor], tracked_urls: NamedDependency[TrackedUrls]) -> UrlOut:
    """Show a URL with its newest reading."""
    return url_out(await tracked_urls.get(actor, number(url_id)))


@post(
    "/add/url",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="price.add_url",
    operation_class=NewUrlForm,
    summary="Add a URL to a product",
    tags=TAGS,
    responses=refusals(400, 404, 422, s422="The product has this URL already."),
)
async def add_url(
    request: Request[Any, Any, Any], actor: NamedDependency[Actor], tracked_urls: NamedDependency[TrackedUrls]
) -> MadeOut:
    """Track a page. Category pages and bare domains are taken, too, but never read."""
    form = await read_form(request)
    for field in ("product_id", "url"):
        if not form.get(field, "").strip():
            raise invalid("PARAMETER_MISSING", f"{field}: is required", field=field)
    if not form["product_id"].strip().isdigit():
        raise invalid("PARAMETER_INVALID", "product_id: a number", field="product_id")
    return MadeOut(str(await tracked_urls.add(actor, number(form["product_id"]), form["url"])))


@post(
    "/delete/url/id/{url_id:str}",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="price.delete_url",
    summary="Delete a URL",
    tags=TAGS,
    responses=refusals(404),
)
async def delete_url(
    url_id: GivenId, actor: NamedDependency[Actor], tracked_urls: NamedDependency[TrackedUrls]
) -> DoneOut:
    """Track a page no more; what was read there is forgotten."""
    await tracked_urls.remove(actor, number(url_id))
    return DoneOut()
