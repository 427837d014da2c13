"""The platforms that can be simulated: what a definition becomes, and what is told of the store."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.definitions import Definition, DefinitionRefused, NewStore, SimulatedStore, Simulation
from plugin_bridge.sandbox.shopify import AppOptions, ShopOptions, SimulatedShopify
from plugin_bridge.sandbox.woocommerce import ApiKey, SimulatedWooCommerce, StoreOptions


class WooCommerce:
    """Stores with API keys of their own."""

    def check(self, wanted: NewStore) -> None:
        """Refuse options: these stores have none beside the common ones."""
        if wanted.options:
            raise DefinitionRefused(f"WooCommerce stores have no option {min(wanted.options)!r}")

    def secrets(self, _: NewStore) -> dict[str, str]:
        """Return a new API key."""
        return {"consumer_key": f"ck_{secrets.token_hex(20)}", "consumer_secret": f"cs_{secrets.token_hex(20)}"}

    def open(
        self, definition: Definition, base_url: str, products: Iterable[PlatformProduct], _: Path
    ) -> SimulatedStore:
        """Build a store."""
        key = ApiKey(
            consumer_key=definition.consumer_key,
            consumer_secret=definition.consumer_secret,
            permissions="read" if definition.read_only_key else "read_write",
        )
        options = StoreOptions(
            address=f"{base_url}/{definition.key}",
            keys=[key],
            name=definition.name,
            timezone=definition.timezone,
            currency=definition.currency,
            variations_endpoint=definition.variations_endpoint,
            latency_s=definition.latency_s,
        )
        return SimulatedWooCommerce(options, products, seeded_at=definition.seeded_at)

    def shown(self, definition: Definition) -> dict[str, str]:
        """Return the API key."""
        return {"consumer_key": definition.consumer_key, "consumer_secret": definition.consumer_secret}


class Shopify:
    """Shops that install one app.

    Args:     app: None: shops know no app.
    """

    def __init__(self, app: AppOptions | None) -> None:
        self._app = app

    def check(self, wanted: NewStore) -> None:
        """Refuse options that a shop does not have, or not like this."""
        if wanted.read_only_key:
            raise DefinitionRefused("Shopify has no keys: what an app may do depends on the scopes it asks for")
        unknown = wanted.options.keys() - _SHOP_OPTIONS
        if unknown:
            raise DefinitionRefused(f"Shopify shops have no option {min(unknown)!r}")
        try:
            _shop_options("", "", wanted.options)
        except msgspec.ValidationError as error:
            raise DefinitionRefused(str(error)) from None

    def secrets(self, _: NewStore) -> dict[str, str]:
        """Return nothing: apps get their tokens by OAuth."""
        return {}

    def open(
        self, definition: Definition, base_url: str, products: Iterable[PlatformProduct], files: Path
    ) -> SimulatedStore:
        """Build a shop."""
        options = _shop_options(definition.key, f"{base_url}/{definition.key}", definition.options)
        options.name = definition.name
        options.timezone = definition.timezone
        options.currency = definition.currency
        options.latency_s = definition.latency_s
        return SimulatedShopify(options, self._app, products, seeded_at=definition.seeded_at, files=files)

    def shown(self, definition: Definition) -> dict[str, str]:
        """Return the shop's domain."""
        return {"shop_domain": f"{definition.key}.myshopify.com"}


_COMMON = frozenset({"key", "address", "name", "timezone", "currency", "latency_s"})
_SHOP_OPTIONS = frozenset(ShopOptions.__struct_fields__) - _COMMON


def _shop_options(key: str, address: str, more: Mapping[str, Any]) -> ShopOptions:
    return msgspec.convert({**more, "key": key, "address": address}, ShopOptions)


def simulations(shopify_app: AppOptions | None) -> dict[str, Simulation]:
    """Return every platform by name."""
    return {"shopify": Shopify(shopify_app), "woocommerce": WooCommerce()}
