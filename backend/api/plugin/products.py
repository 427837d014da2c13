"""Product files come in (settled detail of the plugin API, contract row S2S-23)."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import QueryParameter
from msgspec import Meta

from backend.api.plugin.fields import WITH_TOKEN, refusals
from backend.domain.catalog.product_import import ImportResult, ProductImport
from backend.kit.errors import invalid
from backend.ports.actor import Actor

MOST_REJECTED = 1_000
"""Rejected rows that an answer names; all of them count."""
Count = Annotated[int, Meta(ge=0)]


class RejectedOut(msgspec.Struct):
    """A row of the file, or a value of it, that was not taken."""

    line: Annotated[int, Meta(ge=1, description="Where the row starts in the file; the header is line 1.")]
    reason: str


class ImportOut(msgspec.Struct, rename="camel"):
    """What came of a file, counted in products."""

    created: Count
    updated: Count
    unchanged: Count
    rejected: Annotated[list[RejectedOut], Meta(max_length=MOST_REJECTED)]
    rejected_count: Count


def import_out(result: ImportResult) -> ImportOut:
    """Present a result."""
    return ImportOut(
        created=result.created,
        updated=result.updated,
        unchanged=result.unchanged,
        rejected=[RejectedOut(row.line, row.reason) for row in result.rejected[:MOST_REJECTED]],
        rejected_count=len(result.rejected),
    )


async def read_file(request: Request[Any, Any, Any]) -> bytes:
    """Return the file of a request: the multipart field `file`, or the whole body of any other type.

    Raises:   invalid FILE_MISSING.
    """
    if request.content_type[0] != "multipart/form-data":
        return await request.body()
    found = (await request.form()).getall("file", [])
    if len(found) != 1:
        raise invalid("FILE_MISSING", "Send one file in the multipart field “file”, or the CSV itself as the body")
    one = found[0]
    return await one.read() if isinstance(one, UploadFile) else str(one).encode()


@dataclass
class FileOperation(Operation):
    """An operation whose body is a product file."""

    def __post_init__(self) -> None:
        """Say how the file may come."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": file}, required=["file"])
        self.request_body = RequestBody(
            description="A product CSV as Shopify or WooCommerce exports it, in UTF-8.",
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                "text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
            },
            required=True,
        )


@post(
    "/products/import",
    status_code=200,
    security=WITH_TOKEN,
    operation_id="plugin.import_products",
    operation_class=FileOperation,
    summary="Import products",
    tags=["Products"],
    responses=refusals(
        400,
        401,
        403,
        s400="The file cannot be read as a product CSV; the message says why.",
        s403="The plan has no room for the new products (`PIM_PRODUCT_LIMIT`), or this needs a panel login.",
    ),
)
async def import_products(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    product_import: NamedDependency[ProductImport],
    dry_run: Annotated[
        bool, QueryParameter(name="dryRun", description="Say what would happen and change nothing.")
    ] = False,
) -> ImportOut:
    """Bring a product file into the catalog; sending it again changes nothing."""
    return import_out(await product_import.run(actor, await read_file(request), dry_run=dry_run))
