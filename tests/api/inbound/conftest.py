"""The webhook surface of a server that has a Shopify app."""

import pytest
from msgspec.structs import replace

from backend.settings import Settings, Shopify
from tests.support.webhooks import SECRET, SECRET_OLD


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A client secret and the one before it."""
    return replace(
        settings, shopify=Shopify(client_id="test-client", client_secret=SECRET, client_secret_old=SECRET_OLD)
    )
