"""What faults do to an answer: put another in its place, or spoil it."""

from plugin_bridge.sandbox.asgi import WRITES, NoAnswer, Reply, Request, json_reply
from plugin_bridge.sandbox.woocommerce.pages import challenge_page, html_reply
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.routes import CANNOT_LIST
from plugin_bridge.sandbox.woocommerce.shop import Shop


def answer_instead(shop: Shop, request: Request) -> Reply | None:
    """Return the answer that a fault gives before the store is even asked, or None."""
    faults = shop.faults
    if not faults.active:
        return None
    if fault := faults.strikes("redirect"):
        return Reply(status=301, headers={"location": fault.location, "content-type": "text/html; charset=UTF-8"})
    if faults.strikes("plain_permalinks") and request.path.startswith("/wp-json"):
        return html_reply("Page not found", 404)
    if faults.strikes("rest_blocked"):
        code, text = "rest_login_required", "REST API restricted to authenticated users."
        return RestError(code, text, 401).reply({})
    if faults.strikes("unauthorized"):
        return _unauthorized(shop, request)
    return _overloaded(shop)


def _unauthorized(shop: Shop, request: Request) -> Reply | None:
    # The index stays open: it needs no key.
    return RestError(*CANNOT_LIST, 401).reply({}) if "/wc/v3" in request.path else None


def _overloaded(shop: Shop) -> Reply | None:
    faults = shop.faults
    if fault := faults.strikes("rate_limited"):
        seconds = 1 if fault.retry_after is None else fault.retry_after
        return json_reply({"code": "too_many_requests", "message": "Slow down."}, 429, {"retry-after": str(seconds)})
    if faults.strikes("rate_limited_without_retry_after"):
        return json_reply({"code": "too_many_requests", "message": "Slow down."}, 429)
    if fault := faults.strikes("server_error"):
        status = fault.status or 500
        text = "There has been a critical error on this website."
        return json_reply({"code": "internal_server_error", "message": text, "data": {"status": status}}, status)
    if faults.strikes("html"):
        return challenge_page()
    return None


def spoil(shop: Shop, request: Request, reply: Reply) -> Reply:
    """Return the answer as the faults leave it.

    Raises:   NoAnswer when a write is done and its answer gets lost.
    """
    if not shop.faults.active:
        return reply
    if request.method in WRITES and reply.status < 300 and (fault := shop.faults.strikes("timeout_after_write")):
        raise NoAnswer(90.0 if fault.seconds is None else fault.seconds)
    if "json" in reply.headers.get("content-type", "") and shop.faults.strikes("truncated_json"):
        return Reply(status=reply.status, headers=reply.headers, body=reply.body[: len(reply.body) // 2])
    return reply
