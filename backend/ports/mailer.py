"""Outgoing mail."""

from typing import Protocol


class Mailer(Protocol):
    """Sends one plain-text mail."""

    async def send(self, *, to: str, subject: str, body: str) -> None:
        """Deliver, or raise OSError when the mail server cannot be reached (the job tries again)."""
        ...
