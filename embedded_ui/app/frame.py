"""What each page of this surface shows around its content, and what comes with every answer."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.response import Template

from backend.domain.stores.embedded_entry import EmbeddedVisit
from backend.settings import Settings
from embedded_ui.app.entry import visit_of
from embedded_ui.app.framing import headers, simulated_admin
from embedded_ui.app.query import carried, pairs
from embedded_ui.templating import ENVIRONMENT

T = TypeVar("T")


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page for a verified visit."""

    shop: str
    simulated: str
    """Where the admin of simulated shops lives; "" with real ones."""
    client_id: str
    query: str
    """What its links carry."""
    panel_url: str

    def link(self, path: str) -> str:
        """Return the address of another page of this surface."""
        return f"{path}?{self.query}"

    def page(self, template: str, **context: Any) -> Template:
        """Render a template of `app/` inside the frame."""
        return Template(
            f"app/{template}.html",
            media_type=MediaType.HTML,
            headers=headers(self.shop, self.simulated),
            context={"frame": self, "client_id": self.client_id, **context},
        )

    def told(self, value: T, status: int = 200) -> Response[T]:
        """Answer a script."""
        return Response(
            value, status_code=status, media_type=MediaType.JSON, headers=headers(self.shop, self.simulated)
        )


def provide_visit(request: Request[Any, Any, Any]) -> EmbeddedVisit:
    """Hand a page the visit that the gate let in."""
    visit = visit_of(request)
    assert visit is not None, "every page with a visit is behind the gate"
    return visit


def provide_frame(
    request: Request[Any, Any, Any], visit: NamedDependency[EmbeddedVisit], settings: NamedDependency[Settings]
) -> Frame:
    """Hand a page its frame."""
    shop = visit.store.url.removeprefix("https://")
    return Frame(
        shop=shop,
        simulated=simulated_admin(settings.shopify.shop_url),
        client_id=settings.shopify.client_id,
        query=carried(shop, pairs(request.scope["query_string"])),
        panel_url=f"{settings.web.public_url.rstrip('/')}/panel",
    )


def bare_page(template: str, sent: Mapping[str, str], status: int, **context: Any) -> Response[str]:
    """Render a template of `app/` that shows nothing of anybody and needs no database; *sent* are its headers."""
    body = ENVIRONMENT.get_template(f"app/{template}.html").render(**context)
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=dict(sent))
