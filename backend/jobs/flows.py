"""What jobs may call: the flows that wiring builds, named once."""

from typing import Protocol

from backend.domain.access.passwords import PasswordLinkMailing
from backend.domain.feeds.generate import FeedGenerator
from backend.domain.stores.attachment import AttachLinkMailing
from backend.domain.sync.pull import StorePull
from backend.domain.sync.trouble import RunTrouble


class Flows(Protocol):
    """Everything a job function reaches; `backend.wiring.Container` is one."""

    @property
    def store_pull(self) -> StorePull:
        """Work pulls off."""
        ...

    @property
    def run_trouble(self) -> RunTrouble:
        """Note and end runs that a store fails."""
        ...

    @property
    def password_link_mailing(self) -> PasswordLinkMailing:
        """Mail links that set passwords."""
        ...

    @property
    def attach_link_mailing(self) -> AttachLinkMailing:
        """Mail links that attach stores."""
        ...

    @property
    def feed_generator(self) -> FeedGenerator:
        """Generate feeds."""
        ...
