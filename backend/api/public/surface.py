"""Public feeds as a surface."""

from backend.api.public.errors import not_ready, render_error
from backend.api.public.feeds import get_feed, head_feed
from backend.api.shared.surface import Surface
from backend.domain.feeds.errors import FeedNotReady
from backend.ports.rate_limiter import Window
from backend.settings import Web


def public_windows(web: Web, address: str) -> tuple[Window, ...]:
    """Return the limit of one address, apart from that of other public endpoints; every request counts (S2S-21)."""
    return (Window(key=f"feeds:{address}", limit=web.feeds_per_minute, period_s=60),)


PUBLIC = Surface(
    name="public",
    prefix="/api/public",
    title="Public feeds",
    handlers=(get_feed, head_feed),
    render_error=render_error,
    public_windows=public_windows,
    router_options={"exception_handlers": {FeedNotReady: not_ready}},
)
