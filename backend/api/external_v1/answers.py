"""Successful answers: `{success,data}`, written as JSON in one step (contract row SHS-12)."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar.openapi.spec import OpenAPIType
from litestar.types import Receive, Scope, Send
from msgspec import Meta

_NUMBER = {"one_of": None, "type": [OpenAPIType.NUMBER, OpenAPIType.NULL]}
Amount = Annotated[Decimal | None, Meta(extra_json_schema={"extra": _NUMBER})]
"""Documented as what it is on the wire: a number, or null where there is none."""

encode = msgspec.json.Encoder(decimal_format="number").encode
"""Amounts become numbers with all their digits and no others."""
_HEADERS = [(b"content-type", b"application/json")]


class Answer:
    """200 with a body; Litestar's own response costs as much as reading a page from the database."""

    __slots__ = ("_body",)

    def __init__(self, body: msgspec.Struct) -> None:
        self._body = encode(body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        headers: Any = [*_HEADERS, (b"content-length", b"%d" % len(self._body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})
