"""The external API as a surface: the list of what it answers."""

from backend.api.external_v1.auth import authenticate, caller_windows, permit
from backend.api.external_v1.competitors import list_competitors
from backend.api.external_v1.errors import render_error
from backend.api.external_v1.price_history import list_price_changes
from backend.api.external_v1.products import get_product, list_products, update_product
from backend.api.external_v1.stats import show_stats
from backend.api.external_v1.webhooks import test_webhook
from backend.api.shared.surface import Surface

EXTERNAL = Surface(
    name="external",
    prefix="/api/external/v1",
    title="External API",
    handlers=(
        list_products,
        get_product,
        update_product,
        list_competitors,
        list_price_changes,
        show_stats,
        test_webhook,
    ),
    render_error=render_error,
    authenticate=authenticate,
    permit=permit,
    caller_windows=caller_windows,
    rate_headers=True,
)
