"""Reading JSON bodies that want to do harm."""

from typing import Any

from litestar import Request
from litestar.exceptions import ClientException


class PatientRequest(Request[Any, Any, Any]):
    """A request whose JSON may be nested as deeply as anybody likes: too deep is a 400, not our failure."""

    async def json(self) -> Any:
        """Return the decoded body; raise ClientException when it is nested too deeply to be read."""
        try:
            return await super().json()
        except RecursionError:
            raise ClientException("JSON is nested too deeply") from None
