"""Prices as a shop page shows them; nobody should parse this, which is why it is here."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

from plugin_bridge.sandbox.woocommerce.currencies import symbol_of
from plugin_bridge.sandbox.woocommerce.item import Item


def price_html(item: Item, child_prices: list[str], currency: str) -> str:
    """Return the markup of an item's price, or of the range of its variations."""
    if item.kind != "variable":
        return _markup(item.own_price, currency, hidden=False) if item.own_price else ""
    if not child_prices:
        return ""
    low, high = min(child_prices, key=float), max(child_prices, key=float)
    if float(low) == float(high):
        return _markup(low, currency, hidden=False)
    symbol = symbol_of(currency)
    spoken = f"Price range: {symbol}{_amount(low)} through {symbol}{_amount(high)}"
    parts = _markup(low, currency, hidden=True), _markup(high, currency, hidden=True)
    return (
        f'{parts[0]} <span aria-hidden="true">&ndash;</span> {parts[1]}<span class="screen-reader-text">{spoken}</span>'
    )


@lru_cache(maxsize=4096)
def _markup(price: str, currency: str, *, hidden: bool) -> str:
    aria = ' aria-hidden="true"' if hidden else ""
    symbol = f'<span class="woocommerce-Price-currencySymbol" translate="no">{symbol_of(currency)}</span>'
    return f'<span class="woocommerce-Price-amount amount"{aria}><bdi>{symbol}{_amount(price)}</bdi></span>'


def _amount(price: str) -> str:
    try:
        return f"{Decimal(price):,.2f}"
    except InvalidOperation:
        return "0.00"
