"""Which shop this is, the app that may be installed in it, and how both behave."""

import msgspec

from backend.kit.discreet import Discreet
from plugin_bridge.sandbox.shopify.channels import CHANNELS

DOMAIN_SUFFIX = ".myshopify.com"

SUPPORTED_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
"""Oldest first; a request for an older one falls forward to the first, `unstable` is the newest."""


class AppOptions(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The app as its developer set it up at Shopify."""

    client_id: str
    client_secret: str
    base_url: str
    """Where the app lives, without a trailing slash: webhooks go to `<base>/hooks/shopify`, the admin embeds
    `<base>/app`."""
    scopes: str = (
        "read_products,write_products,read_inventory,write_inventory,read_locations,read_orders,write_publications"
    )
    """What an installation out of the admin grants, comma separated."""
    title: str = "Storeloom"


class ShopOptions(msgspec.Struct, kw_only=True):
    """Settings of one simulated shop."""

    key: str
    """What stands before `.myshopify.com`."""
    address: str
    """URL of the shop without a trailing slash: `http://127.0.0.1:9000/shop-1`."""
    name: str = "Simulated shop"
    timezone: str = "UTC"
    """IANA name."""
    currency: str = "USD"
    latency_s: float = 0.0
    """Added to every platform answer, seconds."""
    restore_rate: float = 100.0
    """Points that come back each second."""
    bucket_size: float = 2000.0
    """Most points a client can save up."""
    bulk_delay_s: float = 0.2
    """How long a bulk operation is CREATED, and again RUNNING at least, seconds."""
    bulk_kept_s: float = 7 * 86_400.0
    """How long a bulk operation's files can be fetched."""
    webhook_delay_s: float = 0.05
    """Time from a change to its delivery, seconds."""
    webhook_timeout_s: float = 5.0
    webhook_retries_s: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6, 3.0, 5.0, 8.0, 13.0)
    """Pauses before the eight tries that follow a failed delivery, seconds; four hours in all at Shopify."""
    shop_redact_s: float | None = None
    """How long after an uninstall `shop/redact` is sent, seconds; 48 hours at Shopify, None: only when asked for."""
    protected_customer_data: bool = False
    """True: the app may read names and addresses of customers; else they are null."""
    all_orders: bool = False
    """True: `read_all_orders` was granted; else orders older than 60 days are not there."""
    locations: tuple[str, ...] = ("Shop location",)
    """Names of the places that hold stock; the first one gets a product's whole stock when it does not say."""
    channels: tuple[str, ...] = CHANNELS
    """Handles of the sales channels."""
    clock_skew_s: float = 0.0

    @property
    def domain(self) -> str:
        """Return the shop's domain."""
        return f"{self.key}{DOMAIN_SUFFIX}"
