"""How values look on this surface: numbers as texts, barcodes as numbers when nothing is lost (decision G15)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Reference, RequestBody, Schema
from litestar.params import PathParameter
from msgspec import Meta

from backend.api.shared.forms import MULTIPART, URL_ENCODED
from backend.domain.catalog.fields import plain_amount

MOST_DIGITS = 15
"""Longer numbers are not exact everywhere: JavaScript counts to 2^53."""
FORM_KINDS = (URL_ENCODED, MULTIPART)

Id = Annotated[str, Meta(description="A number, as text.", pattern="^[0-9]+$", examples=["23623"])]
AmountText = Annotated[str, Meta(description="An amount, as text.", examples=["769.99"])]
GivenId = Annotated[str, PathParameter(description="A number.")]


class DoneOut(msgspec.Struct):
    """What was asked for is done."""

    result: bool = True


class MadeOut(msgspec.Struct):
    """What was asked for is done, and to what."""

    id: Id
    result: bool = True


class NamedOut(msgspec.Struct):
    """A brand or a category."""

    id: Id
    name: str


@dataclass
class FormOperation(Operation):
    """An operation whose body is a form of texts in either encoding; subclasses say of which."""

    @staticmethod
    def form() -> Schema:
        """Return the schema of the form."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        """Describe the body."""
        media = {kind: OpenAPIMediaType(schema=self.form()) for kind in FORM_KINDS}
        self.request_body = RequestBody(content=media, required=True)


def form_of(fields: dict[str, str], *required: str, **more: Any) -> Schema:
    """Return the schema of a form: its fields with what they mean, all texts."""
    shapes: dict[str, Reference | Schema] = {
        name: Schema(type=OpenAPIType.STRING, description=told) for name, told in fields.items()
    }
    return Schema(type=OpenAPIType.OBJECT, properties=shapes, required=list(required) or None, **more)


def number(text: str) -> int:
    """Return the id that a path or a form names; 0, which nothing has, when it names none."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 20 else 0


def amount_text(amount: Decimal | None) -> str | None:
    """Print an amount."""
    return None if amount is None else plain_amount(amount)


def barcode_out(barcode: str) -> int | str:
    """Print a barcode: as a bare number when that shows every digit."""
    plain = barcode.isascii() and barcode.isdigit() and len(barcode) <= MOST_DIGITS
    return int(barcode) if plain and str(int(barcode)) == barcode else barcode


def moment_text(moment: datetime | None) -> str | None:
    """Print a moment as `2017-10-21 11:22:21`, UTC."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def day_text(moment: datetime | None) -> str | None:
    """Print the day of a moment as `21/10/2017`, UTC."""
    return None if moment is None else moment.astimezone(UTC).strftime("%d/%m/%Y")
