"""Who a simulated WooCommerce store is and how it behaves; fixed for its life except where a test says otherwise."""

import msgspec

NAMESPACES = (
    "oembed/1.0",
    "wc/v3",
    "wc/v1",
    "wc/pos/v1/catalog",
    "wc-admin",
    "wc-analytics",
    "wc/store",
    "wc/store/v1",
    "wc/private",
    "wc/v2",
    "wp/v2",
    "wp-site-health/v1",
    "wp-block-editor/v1",
)


class ApiKey(msgspec.Struct, kw_only=True):
    """One REST API key; the secret is kept plain, as WooCommerce does."""

    consumer_key: str
    consumer_secret: str
    permissions: str = "read_write"
    """`read`, `write` or `read_write`."""
    demoted: bool = False
    """The user it belongs to lost the right to manage the shop."""


class StoreOptions(msgspec.Struct, kw_only=True):
    """Settings of one simulated store."""

    address: str
    """Home URL without a trailing slash; may hold a path: `http://127.0.0.1:9000/shop-1`."""
    keys: list[ApiKey] = []
    name: str = "Simulated shop"
    timezone: str = "UTC"
    """IANA name."""
    currency: str = "USD"
    variations_endpoint: bool = True
    """False: as WooCommerce before 10.3, `/variations` is no route."""
    version: str = "11.0.1"
    wp_version: str = "7.1"
    latency_s: float = 0.0
    """Added to every platform answer, seconds."""
    webhook_delay_s: float = 0.05
    """Time from a change to its delivery; changes to one product meanwhile are sent once, seconds."""
    webhook_timeout_s: float = 5.0
    """How long the receiver of a webhook may take, seconds."""
    clock_skew_s: float = 0.0
    """How far the store's clock is ahead, seconds; moves the OAuth window and every date."""
