"""What the handler of a topic gets, and what it says became of the delivery."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.sync.start import SyncService
from backend.models.inbound import ReceivedWebhook
from backend.models.stores import Store


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery."""

    state: str = "done"
    """`done` or `ignored`."""
    note: str = ""
    keep_body: bool = False
    """Later work needs what it said; all other bodies are emptied at once."""


class Unreadable(Exception):
    """The body does not say what its topic promises."""


class Handling:
    """One delivery inside the transaction that works it off."""

    def __init__(self, session: AsyncSession, webhook: ReceivedWebhook, store: Store | None, jobs: JobRecorder) -> None:
        self.session = session
        self.webhook = webhook
        self._store = store
        self.jobs = jobs

    @property
    def store(self) -> Store:
        """The connected store it speaks of; only topics that say they need no store do without."""
        if self._store is None:
            raise RuntimeError("this topic is handled without a store")
        return self._store

    @property
    def sync(self) -> SyncService:
        """Ask for runs."""
        return SyncService(self.session, self.jobs)

    def document(self) -> dict[str, Any]:
        """Return the body's JSON object; raise Unreadable when it is none."""
        try:
            return msgspec.json.decode(self.webhook.body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise Unreadable("the body is no JSON object") from None


Handler = Callable[[Handling], Awaitable[Handled]]
T = TypeVar("T")
Read = Callable[[Mapping[str, Any]], T]
"""Takes from a platform's body what a handler wants to know; raises Unreadable when it is not there."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries of one topic are worked off."""

    handler: Handler
    needs_store: bool = True
    """False: carried out without a connected store too, and whatever installation it comes from."""
