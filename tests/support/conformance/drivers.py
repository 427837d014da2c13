"""One driver per platform: a further one is a file beside this and a line here."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import msgspec

from plugin_bridge.shopify.connector import ShopifyConnector
from plugin_bridge.woocommerce.connector import WooConnector
from tests.support.conformance.driver import Simulated
from tests.support.conformance.shopify import simulated_shopify
from tests.support.conformance.woocommerce import simulated_woo


class Driver(msgspec.Struct, frozen=True):
    """How a platform is put to the test."""

    serve: Callable[..., AbstractContextManager[Simulated]]
    """Serves a store that sells the given products."""
    writes: frozenset[str]
    """Fields that its connector writes: known before any store is served."""


DRIVERS: Mapping[str, Driver] = {
    "shopify": Driver(simulated_shopify, ShopifyConnector.writes),
    "woocommerce": Driver(simulated_woo, WooConnector.writes),
}
