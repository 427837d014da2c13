"""The price monitoring API as a surface: the list of what it answers."""

from backend.api.price_v2.account import show_account
from backend.api.price_v2.auth import authenticate, caller_windows
from backend.api.price_v2.batches import add_batch, show_progress
from backend.api.price_v2.errors import render_error
from backend.api.price_v2.lists import (
    list_first_products,
    list_first_smart_prices,
    list_first_summaries,
    list_products,
    list_smart_prices,
    list_summaries,
)
from backend.api.price_v2.names import NAME_ROUTES
from backend.api.price_v2.paging import PREFIX
from backend.api.price_v2.products import add_product, delete_product, edit_product, get_product
from backend.api.price_v2.urls import add_url, delete_url, get_url
from backend.api.shared.surface import Surface

PRICE = Surface(
    name="price",
    prefix=PREFIX,
    title="Price monitoring API",
    handlers=(
        list_products,
        list_first_products,
        list_summaries,
        list_first_summaries,
        list_smart_prices,
        list_first_smart_prices,
        get_product,
        add_product,
        edit_product,
        delete_product,
        add_batch,
        show_progress,
        get_url,
        add_url,
        delete_url,
        *NAME_ROUTES,
        show_account,
    ),
    render_error=render_error,
    authenticate=authenticate,
    caller_windows=caller_windows,
    rate_headers=True,
)
