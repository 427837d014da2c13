"""An echo, to see whether an integration works (contract row SHS-11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Request
from litestar.openapi.spec import Example, OpenAPIMediaType, RequestBody, Schema
from litestar.types import ASGIApp

from backend.api.external_v1.answers import Answer
from backend.api.external_v1.auth import WITH_KEY, WRITE
from backend.api.external_v1.errors import answers
from backend.api.external_v1.json_body import decoded
from backend.api.external_v1.operation import KeyedOperation
from backend.api.shared.hot_routes import HotRoute
from backend.kit.clock import utc_now

_ANYTHING = msgspec.json.Decoder(Any)


class EchoOut(msgspec.Struct, frozen=True, rename="camel"):
    """What came in."""

    received: Any
    """The body, unchanged."""
    timestamp: datetime


class EchoAnswerOut(msgspec.Struct, frozen=True, rename="camel"):
    """What came in, and when."""

    success: Literal[True]
    data: EchoOut


@dataclass
class EchoOperation(KeyedOperation):
    """Documents the body, which the handler reads by itself."""

    def __post_init__(self) -> None:
        super().__post_init__()
        media = OpenAPIMediaType(
            schema=Schema(description="Any JSON."), examples={"event": Example(value={"event": "price.changed"})}
        )
        self.request_body = RequestBody(content={"application/json": media}, required=True)


@HotRoute(
    "/webhooks/test",
    http_method="POST",
    status_code=200,
    opt=WRITE,
    security=WITH_KEY,
    operation_id="external.test_webhook",
    operation_class=EchoOperation,
    summary="Test a webhook",
    tags=["Webhooks"],
    responses=answers(EchoAnswerOut, 413),
)
async def test_webhook(request: Request[Any, Any, Any]) -> ASGIApp:
    """Return the body as it came, with the time."""
    body = await request.body()
    decoded(_ANYTHING, body)
    # As it came: a detour over Python's numbers would change what it cannot hold.
    return Answer(EchoAnswerOut(True, EchoOut(msgspec.Raw(body), utc_now().replace(microsecond=0))))
