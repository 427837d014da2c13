"""What the document says of every operation of this surface."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Operation, Schema

_HEADERS = {
    "X-RateLimit-Limit": Schema(type=OpenAPIType.INTEGER, description="Requests that are counted together."),
    "X-RateLimit-Remaining": Schema(type=OpenAPIType.INTEGER, description="How many of them are left."),
    "X-RateLimit-Reset": Schema(type=OpenAPIType.STRING, description="When counting starts anew, ISO 8601, UTC."),
}


@dataclass
class KeyedOperation(Operation):
    """Documents that every answer says how many requests are left (contract row SHS-16)."""

    def __post_init__(self) -> None:
        for response in (self.responses or {}).values():
            if isinstance(response, OpenAPIResponse):
                response.headers = {name: OpenAPIHeader(schema=schema) for name, schema in _HEADERS.items()}
