"""The wiring of service tests on accounts, access and stores."""

from tests.support.wired import container, internet, outbox, settings

__all__ = ["container", "internet", "outbox", "settings"]
