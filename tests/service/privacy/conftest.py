"""Shops with customers, as the tests of inbound webhooks make them."""

from tests.service.inbound.conftest import new_shop, received

__all__ = ["new_shop", "received"]
