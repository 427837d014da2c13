"""Reading bodies that want to do harm."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, InternalServerException


class PatientRequest(Request[Any, Any, Any]):
    """A request whose body may hold whatever anybody likes: what cannot be read is a 400, not our failure."""

    async def json(self) -> Any:
        """Return the decoded body; raise ClientException when it is nested too deeply or not in UTF-8."""
        try:
            return await super().json()
        except RecursionError:
            raise ClientException("JSON is nested too deeply") from None
        except UnicodeDecodeError:
            raise ClientException("JSON is not in UTF-8") from None

    async def form(self) -> FormMultiDict:
        """Return the fields of a form; raise ClientException when a part is not in the charset it names, or UTF-8."""
        try:
            return await super().form()
        except (UnicodeDecodeError, LookupError):
            raise ClientException("A part of the form is not in its charset") from None

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes; raise ClientException when the caller leaves, or garbles it, before its end."""
        try:
            async for chunk in super().stream():
                yield chunk
        except InternalServerException:
            if not self.is_connected:
                raise  # read twice: that is our mistake
            raise ClientException("The body ended early") from None
