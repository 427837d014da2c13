"""What faults do to an answer: put another in its place, or spoil it."""

from typing import TYPE_CHECKING

from plugin_bridge.sandbox.asgi import NoAnswer, Reply, json_reply
from plugin_bridge.sandbox.shopify.pages import challenge_page

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

INVALID_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
_SILENCE_S = 90.0


def answer_instead(shop: "Shop") -> Reply | None:
    """Return the answer that a fault gives before the API is even asked, or None."""
    faults = shop.faults
    if not faults.active:
        return None
    if fault := faults.strikes("redirect"):
        return Reply(status=301, headers={"location": fault.location, "content-type": "text/html; charset=utf-8"})
    if faults.strikes("token_revoked"):
        shop.installation.revoke()
        shop.revision += 1
    if faults.strikes("unauthorized"):
        return json_reply({"errors": INVALID_TOKEN}, 401)
    return _overloaded(shop)


def _overloaded(shop: "Shop") -> Reply | None:
    faults = shop.faults
    if fault := faults.strikes("rate_limited"):
        seconds = 1 if fault.retry_after is None else fault.retry_after
        return json_reply({"errors": "Too Many Requests"}, 429, {"retry-after": f"{seconds}.0"})
    if faults.strikes("rate_limited_without_retry_after"):
        return json_reply({"errors": "Too Many Requests"}, 429)
    if fault := faults.strikes("server_error"):
        return json_reply({"errors": "Internal Server Error"}, fault.status or 500)
    if faults.strikes("html"):
        return challenge_page()
    return None


def lose_answer(shop: "Shop", kind: str) -> None:
    """Raise NoAnswer when the fault strikes: what was done stays done."""
    if fault := shop.faults.strikes(kind):
        raise NoAnswer(_SILENCE_S if fault.seconds is None else fault.seconds)


def cut(shop: "Shop", reply: Reply) -> Reply:
    """Return an answer, cut in half when the fault strikes."""
    if "json" in reply.headers.get("content-type", "") and shop.faults.strikes("truncated_json"):
        return Reply(status=reply.status, headers=reply.headers, body=reply.body[: len(reply.body) // 2])
    return reply
