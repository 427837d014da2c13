"""Brands and categories: listed, shown, renamed (contract row PRI-18). Products bring them in."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Schema

from backend.api.price_v2.auth import WITH_TOKEN
from backend.api.price_v2.errors import refusals
from backend.api.price_v2.fields import FormOperation, GivenId, MadeOut, NamedOut, form_of, number
from backend.api.price_v2.paging import OF_A_LIST, NextUrl, StartFrom, next_url, skipped
from backend.api.shared.forms import read_form
from backend.domain.pricing.names import CatalogNames
from backend.ports.actor import Actor
from backend.settings import Settings


class NamePageOut(msgspec.Struct):
    """A page of brands or of categories."""

    results: list[NamedOut]
    next_url: NextUrl | None = msgspec.field(name="nextURL")


@dataclass
class NameForm(FormOperation):
    """An operation whose body is a new name."""

    @staticmethod
    def form() -> Schema:
        """Return the schema of the form."""
        return form_of({"name": "The new name."}, "name")


def _lists(kind: str, many: str) -> tuple[HTTPRouteHandler, ...]:
    """Return the routes that list brands or categories."""
    told: dict[str, Any] = {"security": WITH_TOKEN, "tags": [many.title()], "responses": OF_A_LIST}

    async def page(request: Request[Any, Any, Any], settings: Settings, start: int, rows: Any) -> NamePageOut:
        results = [NamedOut(str(row.id), row.name) for row in rows.items]
        return NamePageOut(results, next_url(request, settings, kind, start, more=rows.more))

    @get(
        f"/list/{kind}/startFrom/{{start_from:str}}", operation_id=f"price.list_{many}", summary=f"List {many}", **told
    )
    async def list_names(
        request: Request[Any, Any, Any],
        start_from: StartFrom,
        actor: NamedDependency[Actor],
        settings: NamedDependency[Settings],
        catalog_names: NamedDependency[CatalogNames],
    ) -> NamePageOut:
        """List them, a hundred at a time, oldest first."""
        start = skipped(start_from)
        return await page(request, settings, start, await catalog_names.page(actor, kind, start))

    @get(f"/list/{kind}", operation_id=f"price.list_first_{many}", summary=f"List the first {many}", **told)
    async def list_first(
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        settings: NamedDependency[Settings],
        catalog_names: NamedDependency[CatalogNames],
    ) -> NamePageOut:
        """List the first hundred."""
        return await page(request, settings, 0, await catalog_names.page(actor, kind, 0))

    return list_names, list_first


def _single(kind: str, many: str) -> tuple[HTTPRouteHandler, ...]:
    """Return the routes of one brand or category."""
    told: dict[str, Any] = {"security": WITH_TOKEN, "tags": [many.title()]}

    @get(
        f"/get/{kind}/id/{{name_id:str}}",
        operation_id=f"price.get_{kind}",
        summary=f"Get a {kind}",
        responses=refusals(404),
        **told,
    )
    async def get_name(
        name_id: GivenId, actor: NamedDependency[Actor], catalog_names: NamedDependency[CatalogNames]
    ) -> NamedOut:
        """Show one."""
        row = await catalog_names.get(actor, kind, number(name_id))
        return NamedOut(str(row.id), row.name)

    @post(
        f"/edit/{kind}/id/{{name_id:str}}",
        status_code=200,
        operation_id=f"price.edit_{kind}",
        operation_class=NameForm,
        summary=f"Rename a {kind}",
        responses=refusals(400, 404, 422, s422=f"Another {kind} has this name."),
        **told,
    )
    async def rename(
        request: Request[Any, Any, Any],
        name_id: GivenId,
        actor: NamedDependency[Actor],
        catalog_names: NamedDependency[CatalogNames],
    ) -> MadeOut:
        """Give it another name, on all its products."""
        form = await read_form(request)
        await catalog_names.rename(actor, kind, number(name_id), form.get("name", ""))
        return MadeOut(str(number(name_id)))

    return get_name, rename


NAME_ROUTES = (
    *_lists("brand", "brands"),
    *_single("brand", "brands"),
    *_lists("category", "categories"),
    *_single("category", "categories"),
)
