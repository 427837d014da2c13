"""Pages for people: the shop front, and what a store shows when it shows no JSON."""

from html import escape

from plugin_bridge.sandbox.asgi import Reply, Request
from plugin_bridge.sandbox.woocommerce.shop import Shop


def html_reply(text: str, status: int = 200) -> Reply:
    """Return a small page with one sentence."""
    shown = escape(text)
    body = f"<!DOCTYPE html>\n<html><head><title>{shown}</title></head><body><h1>{shown}</h1></body></html>\n"
    return Reply(status=status, body=body.encode(), headers={"content-type": "text/html; charset=UTF-8"})


def challenge_page() -> Reply:
    """Return what a firewall answers in the store's place, with status 200."""
    return html_reply("Checking your browser before you go on")


def shop_page(shop: Shop, request: Request) -> Reply:
    """Return the front page; everything else is a page that is not found."""
    if request.path in ("", "/"):
        return html_reply(shop.options.name)
    return html_reply("Page not found", 404)
