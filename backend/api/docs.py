"""`/docs` lists the surfaces; `/docs/<surface>/openapi.json` is each one's OpenAPI document, cut from the app's."""

import html
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from litestar import Request, Response, Router, get
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath

from backend.api.shared.dispatcher import surface_of
from backend.api.shared.surface import Surface

Document = dict[str, Any]

BEARER = "bearer"
"""Name of the security scheme for tokens and keys in the Authorization header."""
HEADERS = ("apikey", "apitoken")
"""Names of the security schemes of headers; both are sent together."""
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def openapi_config() -> OpenAPIConfig:
    """Return how the document of the whole app is made; `/docs/all/openapi.json` serves it."""
    return OpenAPIConfig(
        title="Storeloom",
        version=version("storeloom"),
        path="/docs/all",
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                BEARER: SecurityScheme(type="http", scheme="bearer"),
                **{name: SecurityScheme(type="apiKey", name=name, security_scheme_in="header") for name in HEADERS},
            }
        ),
    )


def documentation(surfaces: Sequence[Surface]) -> Router:
    """Return the router of `/docs`."""
    by_name = {surface.name: surface for surface in surfaces}
    made: dict[str, Document] = {}

    @get("/", media_type=MediaType.HTML, response_headers=_PAGE_HEADERS, sync_to_thread=False)
    def list_documents() -> str:
        return _page(surfaces)

    @get("/{name:str}/openapi.json", sync_to_thread=False)
    def show_document(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Document]:
        surface = by_name.get(name)
        if surface is None:
            raise NotFoundException
        if name not in made:
            made[name] = document_of(surface, surfaces, request.app.openapi_schema.to_schema())
        return Response(made[name])

    return Router(path="/docs", route_handlers=[list_documents, show_document], include_in_schema=False)


def document_of(surface: Surface, surfaces: Sequence[Surface], whole: Mapping[str, Any]) -> Document:
    """Return the part of the app's document that belongs to one surface, with the components it refers to."""
    paths = {path: item for path, item in whole["paths"].items() if surface_of(path, surfaces) is surface}
    components = whole.get("components", {})
    schemas: Mapping[str, Any] = components.get("schemas", {})
    used = _reachable(paths, schemas)
    return {
        "openapi": whole["openapi"],
        "info": {"title": f"Storeloom: {surface.title}", "version": whole["info"]["version"]},
        "servers": whole.get("servers", []),
        "paths": paths,
        "components": {**components, "schemas": {name: schemas[name] for name in sorted(used)}},
    }


def _reachable(root: Any, schemas: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [root]
    while waiting:
        for name in _references(waiting.pop()):
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _references(inner)


def _page(surfaces: Sequence[Surface]) -> str:
    rows = "".join(
        f'<li><a href="/docs/{html.escape(one.name)}/openapi.json">{html.escape(one.title)}</a>'
        f" under <code>{html.escape(one.prefix)}</code></li>"
        for one in surfaces
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Storeloom: API documents</title></head>'
        f"<body><h1>API documents</h1><p>OpenAPI 3.1, one document for each surface.</p><ul>{rows}</ul></body></html>"
    )
