"""What jobs may call: the flows that wiring builds, named once."""

from typing import Protocol

from backend.domain.access.passwords import PasswordLinkMailing
from backend.domain.feeds.generate import FeedGenerator
from backend.domain.inbound.processing import WebhookProcessing
from backend.domain.pricing.batches import BatchImport
from backend.domain.pricing.observations import ForgetObservations
from backend.domain.privacy.carry_out import PrivacyWork
from backend.domain.privacy.mailing import ExportMailing
from backend.domain.stores.attachment import AttachLinkMailing
from backend.domain.stores.subscriptions import StoreSubscriptions
from backend.domain.sync.follow_up import FollowUps
from backend.domain.sync.pull import StorePull
from backend.domain.sync.push_soon import DuePushes
from backend.domain.sync.pushing import StorePush
from backend.domain.sync.removed import RemovedProducts
from backend.domain.sync.trouble import RunTrouble


class Flows(Protocol):
    """Everything a job function reaches; `backend.wiring.Container` is one."""

    @property
    def store_pull(self) -> StorePull:
        """Work pulls off."""
        ...

    @property
    def store_push(self) -> StorePush:
        """Work writing runs off."""
        ...

    @property
    def due_pushes(self) -> DuePushes:
        """Ask for pushes of stores in which something is due."""
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

    @property
    def follow_ups(self) -> FollowUps:
        """Start the run behind a run."""
        ...

    @property
    def removed_products(self) -> RemovedProducts:
        """Ask stores for products they are said to have removed."""
        ...

    @property
    def store_subscriptions(self) -> StoreSubscriptions:
        """Set up the webhooks of stores."""
        ...

    @property
    def webhook_processing(self) -> WebhookProcessing:
        """Work received webhooks off."""
        ...

    @property
    def batch_import(self) -> BatchImport:
        """Import lists of products."""
        ...

    @property
    def forget_observations(self) -> ForgetObservations:
        """Delete what was read on pages that are tracked no more."""
        ...

    @property
    def privacy_work(self) -> PrivacyWork:
        """Carry requests about personal data out."""
        ...

    @property
    def export_mailing(self) -> ExportMailing:
        """Mail that an export waits."""
        ...
