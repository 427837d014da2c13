"""The body of a PUT on a product: any of its settings, amounts as JSON numbers (contract row SHS-07)."""

from dataclasses import dataclass
from decimal import Decimal

import msgspec
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIType, RequestBody, Schema

from backend.api.external_v1.json_body import decoded, refused
from backend.api.external_v1.operation import KeyedOperation
from backend.domain.pricing.settings_rules import SettingsWanted
from backend.kit.money import MAX_AMOUNT

_LONGEST = 60
"""Characters of a number; no amount needs as many."""
_NUMBER = frozenset(b"-0123456789")
"""How a JSON number begins."""


class SettingsIn(msgspec.Struct, rename="camel"):
    """What may be sent; other fields are no settings and count nothing, so that a whole product may be sent back."""

    min_price: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    max_price: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    cost_price: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    auto_reprice: bool | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


_DECODER = msgspec.json.Decoder(SettingsIn)


def settings_of(body: bytes) -> SettingsWanted:
    """Return the settings that a body names; raise invalid for what is none of them."""
    sent = decoded(_DECODER, body)
    return SettingsWanted(
        min_price=_amount("minPrice", sent.min_price),
        max_price=_amount("maxPrice", sent.max_price),
        cost=_amount("costPrice", sent.cost_price),
        auto_reprice=sent.auto_reprice,
        monitored=sent.active,
    )


def _amount(field: str, sent: msgspec.Raw | msgspec.UnsetType) -> Decimal | msgspec.UnsetType | None:
    """Read a number without a detour over floats, or null."""
    if isinstance(sent, msgspec.UnsetType):
        return msgspec.UNSET
    text = bytes(sent)
    if text == b"null":
        return None
    if text[0] not in _NUMBER or len(text) > _LONGEST:
        raise refused(f"{field}: a number or null is expected", field=field)
    try:
        return Decimal(text.decode())
    except ArithmeticError:
        raise refused(f"{field}: the number is out of range", field=field) from None


def _setting(kind: list[OpenAPIType] | OpenAPIType, description: str) -> Schema:
    if kind is OpenAPIType.BOOLEAN:
        return Schema(type=kind, description=description)
    return Schema(type=kind, minimum=0, maximum=float(MAX_AMOUNT), description=description)


_AMOUNT = [OpenAPIType.NUMBER, OpenAPIType.NULL]
_SCHEMA = Schema(
    title="SettingsIn",
    type=OpenAPIType.OBJECT,
    description="Only what is to change; other fields are kept. The minimum must not be above the maximum.",
    properties={
        "minPrice": _setting(_AMOUNT, "Repricing never goes below it; null: no limit."),
        "maxPrice": _setting(_AMOUNT, "Repricing never goes above it; null: no limit."),
        "costPrice": _setting(_AMOUNT, "What the product costs; null: unknown."),
        "autoReprice": _setting(OpenAPIType.BOOLEAN, "Whether repricing may change the price."),
        "active": _setting(OpenAPIType.BOOLEAN, "Whether competitors' prices are watched."),
    },
)


@dataclass
class UpdateOperation(KeyedOperation):
    """Documents the body, which the handler reads by itself."""

    def __post_init__(self) -> None:
        super().__post_init__()
        example = Example(value={"minPrice": 19.99, "autoReprice": True})
        media = OpenAPIMediaType(schema=_SCHEMA, examples={"limits": example})
        self.request_body = RequestBody(content={"application/json": media}, required=True)
