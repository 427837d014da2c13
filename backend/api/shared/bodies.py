"""Reading JSON bodies that want to do harm."""

from typing import Any

from litestar import Request
from litestar.exceptions import ClientException


class PatientRequest(Request[Any, Any, Any]):
    """A request whose JSON may hold whatever anybody likes: what cannot be read is a 400, not our failure."""

    async def json(self) -> Any:
        """Return the decoded body; raise ClientException when it is nested too deeply or not in UTF-8."""
        try:
            return await super().json()
        except RecursionError:
            raise ClientException("JSON is nested too deeply") from None
        except UnicodeDecodeError:
            raise ClientException("JSON is not in UTF-8") from None
