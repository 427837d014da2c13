"""The catalog: a list to search, and one product with its variants."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.catalog.service import MOST_VARIANTS, CatalogService
from backend.domain.feeds.plain_text import plain_text
from backend.domain.stores.service import StoreService
from backend.kit.text import clipped, storable
from backend.ports.actor import Actor
from embedded_ui.panel.change_pages import key_of
from embedded_ui.shell import Shell

PER_PAGE = 50
_MOST_SEARCH = 200


@get("/products")
async def show_products(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    catalog: NamedDependency[CatalogService],
    q: FromQuery[str] = "",
    below: FromQuery[str] = "",
    above: FromQuery[str] = "",
) -> Response[Any]:
    """Show one page of products, newest first."""
    search = clipped(storable(q).strip(), _MOST_SEARCH)
    page = await catalog.page(actor, search=search, below=key_of(below), above=key_of(above), limit=PER_PAGE)
    return shell.page(
        "products",
        rows=page.rows,
        search=search,
        older=_address(search, "below", page.older),
        newer=_address(search, "above", page.newer),
        on_first_page=not below and not above,
    )


@get("/products/{product_id:int}")
async def show_product(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    catalog: NamedDependency[CatalogService],
    stores: NamedDependency[StoreService],
    product_id: FromPath[int],
) -> Response[Any]:
    """Show one product, and where it is sold."""
    view = await catalog.product(actor, product_id)
    return shell.page(
        "product",
        view=view,
        description=plain_text(view.product.description),
        most=MOST_VARIANTS,
        stores=[store for store in await stores.stores(actor) if store.state == "active"],
        shown_in={place.store_id for place in view.places if place.gone_at is None},
    )


def _address(search: str, name: str, key: int | None) -> str:
    """Return the address of a neighbouring page; empty when there is none."""
    if key is None:
        return ""
    return "/panel/products?" + urlencode({**({"q": search} if search else {}), name: key})
