"""The fault of pages that shift: while somebody walks the list, its first product vanishes, or comes back."""

from plugin_bridge.sandbox.woocommerce.catalog import PRODUCTS, TRASH
from plugin_bridge.sandbox.woocommerce.shop import Shop


def shift_pages(shop: Shop) -> None:
    """Trash the first product, or bring back the one that was trashed for this; really, dates and webhooks too."""
    if shop.faults.strikes("shifting_pages") is None:
        return
    hidden = shop.catalog.items.get(shop.hidden_id)
    if hidden is not None and hidden.status == TRASH:
        shop.hidden_id = 0
        shop.restore(hidden)
        return
    ids = shop.catalog.shelf(PRODUCTS).ids
    if ids:
        shop.hidden_id = ids[0]
        shop.trash(shop.catalog.items[ids[0]])
