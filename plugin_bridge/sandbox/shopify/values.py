"""How values look in the API."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from plugin_bridge.sandbox.shopify.context import Context
from plugin_bridge.sandbox.shopify.paging import Page, Source


@lru_cache(maxsize=50_000)
def time_text(at: float | None) -> str | None:
    """Print a Unix second as Shopify does."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=50_000)
def money_text(amount: str) -> str:
    """Print an amount as MoneyV2 and Decimal do: without trailing zeros, but with one place."""
    text = f"{Decimal(amount).normalize():f}"
    return text if "." in text else f"{text}.0"


def money(context: Context, amount: str | None) -> dict[str, Any] | None:
    """Return a MoneyV2 in the shop's currency."""
    if amount is None:
        return None
    return {"amount": money_text(amount), "currencyCode": context.shop.options.currency}


def money_bag(context: Context, amount: str) -> dict[str, Any]:
    """Return a MoneyBag: shop and buyer use the same currency here."""
    both = money(context, amount)
    return {"shopMoney": both, "presentmentMoney": both}


def counted(number: int, limit: int | None = 10_000) -> dict[str, Any]:
    """Return a Count: exact up to the limit, `AT_LEAST` behind it."""
    if limit is not None and number > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": number, "precision": "EXACT"}


def listed(things: Sequence[Any], *, reverse: bool = False) -> Source:
    """Return a source over a short list in its own order."""
    return Source(range(len(things)), things.__getitem__, reverse=reverse)


def page_info(page: Page) -> dict[str, Any]:
    """Return the PageInfo of a page."""
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursors[0] if page.cursors else None,
        "endCursor": page.cursors[-1] if page.cursors else None,
    }
