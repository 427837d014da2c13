"""Beginning to connect a Shopify store (contract rows S2S-12, S2S-13, S2S-16)."""

import re
import uuid

from backend.domain.access.rules import MANAGERS
from backend.domain.stores.service import StoreService
from backend.kit.errors import forbidden, invalid
from backend.ports.actor import Actor
from backend.settings import Shopify

_SUFFIX = ".myshopify.com"
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com")


def shop_domain(text: str) -> str:
    """Return a shop's permanent domain; a bare name (`mystore`) gets `.myshopify.com`.

    Raises:   invalid SHOP_DOMAIN_INVALID.
    """
    typed = text.strip().lower().removeprefix("https://").removesuffix("/")
    domain = typed if "." in typed else typed + _SUFFIX
    if not _SHOP.fullmatch(domain):
        raise invalid(
            "SHOP_DOMAIN_INVALID", "shopDomain: write the shop's name or mystore.myshopify.com", field="shopDomain"
        )
    return domain


class ShopifyOAuth:
    """What the panel asks before it sends a merchant to Shopify."""

    def __init__(self, stores: StoreService, settings: Shopify) -> None:
        self._stores = stores
        self._settings = settings

    def is_configured(self) -> bool:
        """Tell whether this server has credentials of a Shopify app."""
        return self._settings.configured

    async def begin(self, actor: Actor, shop: str, store_id: uuid.UUID | None) -> str:
        """Return the address of the shop's consent page.

        Args:     store_id: the store to link, None for a new one.
        Raises:   invalid SHOP_DOMAIN_INVALID; forbidden INSUFFICIENT_ROLE; not_found for a store of nobody or of
                  somebody else; invalid SHOPIFY_NOT_CONFIGURED without credentials.
        """
        if actor.role not in MANAGERS:
            raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may connect stores")
        shop_domain(shop)
        if store_id is not None:
            await self._stores.store(actor, store_id)
        if not self._settings.configured:
            raise invalid(
                "SHOPIFY_NOT_CONFIGURED",
                "This server has no Shopify app: its operator must set SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET",
            )
        raise invalid("SHOPIFY_NOT_AVAILABLE", "This version cannot connect Shopify stores yet")
