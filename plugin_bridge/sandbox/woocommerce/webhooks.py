"""Handlers of webhook subscriptions; the secret goes in and never comes out."""

import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec

from plugin_bridge.sandbox.asgi import Reply, json_reply
from plugin_bridge.sandbox.woocommerce.bodies import Body, read_body
from plugin_bridge.sandbox.woocommerce.dates import gmt_text, local_text
from plugin_bridge.sandbox.woocommerce.fields import read_fields, select
from plugin_bridge.sandbox.woocommerce.hooks import ACTIONS, Hook, known_topic
from plugin_bridge.sandbox.woocommerce.listing import page_headers, page_reply
from plugin_bridge.sandbox.woocommerce.params import is_on, read_page
from plugin_bridge.sandbox.woocommerce.rest import RestError, invalid_params, not_one_of
from plugin_bridge.sandbox.woocommerce.routes import Call
from plugin_bridge.sandbox.woocommerce.shop import Shop

STATES = ("active", "paused", "disabled")
_ALL_VERBS = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}


def list_hooks(call: Call) -> Reply:
    """Answer `GET /webhooks`, newest first."""
    params = read_page(call.request.query)
    wanted = call.request.query.get("status", "all")
    hooks = [hook for hook in call.shop.hooks.by_id.values() if wanted in ("all", hook.status)]
    hooks.sort(key=lambda hook: hook.id, reverse=call.request.query.get("order", "desc") != "asc")
    start = (params.page - 1) * params.per_page
    fields = read_fields(call.request.query)
    shown = hooks[start : start + params.per_page]
    parts = [msgspec.json.encode(select(value_of(call.shop, hook), fields)) for hook in shown]
    return page_reply(parts, page_headers(call.request, call.shop.options, params, len(hooks)))


def create_hook(call: Call) -> Reply:
    """Answer `POST /webhooks`: 201 whatever the ping finds."""
    shop, body = call.shop, read_body(call.request)
    hook = Hook(
        id=shop.hooks.next_id,
        name=str(body.get("name") or "Webhook"),
        topic=_topic(body),
        delivery_url=_delivery_url(body),
        secret=str(body.get("secret") or secrets.token_urlsafe(36)),
        status=_status(body, "active"),
        created_at=int(shop.now()),
    )
    shop.hooks.add(hook)
    shop.deliveries.ping(hook)
    location = f"{shop.options.address}/wp-json/wc/v3/webhooks/{hook.id}"
    return json_reply(value_of(shop, hook), 201, {"location": location})


def get_hook(call: Call) -> Reply:
    """Answer `GET /webhooks/<id>`."""
    return json_reply(select(value_of(call.shop, _find(call)), read_fields(call.request.query)))


def update_hook(call: Call) -> Reply:
    """Answer PUT, PATCH and POST on `/webhooks/<id>`; making it active again starts its failure count anew."""
    hook, body = _find(call), read_body(call.request)
    if body.get("topic"):
        hook.topic = _topic(body)
    if body.get("delivery_url"):
        hook.delivery_url = _delivery_url(body)
    hook.name = str(body.get("name") or hook.name)
    hook.secret = str(body.get("secret") or hook.secret)
    status = _status(body, hook.status)
    if status == "active" != hook.status:
        hook.failures = 0
    hook.status = status
    hook.modified_at = int(call.shop.now())
    return json_reply(value_of(call.shop, hook))


def delete_hook(call: Call) -> Reply:
    """Answer `DELETE /webhooks/<id>?force=true`; there is no trash for webhooks."""
    hook = _find(call)
    if not is_on(call.request.query, "force"):
        text = "Webhooks do not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", text, 501)
    del call.shop.hooks.by_id[hook.id]
    return json_reply(value_of(call.shop, hook))


def value_of(shop: Shop, hook: Hook) -> dict[str, Any]:
    """Return a subscription as the REST API shows it."""
    zone = shop.options.timezone
    resource, _, event = hook.topic.partition(".")
    root = f"{shop.options.address}/wp-json/wc/v3/webhooks"
    return {
        "id": hook.id,
        "name": hook.name,
        "status": hook.status,
        "topic": hook.topic,
        "resource": resource,
        "event": event,
        "hooks": ACTIONS.get(hook.topic, [event] if resource == "action" else []),
        "delivery_url": hook.delivery_url,
        "date_created": local_text(hook.created_at, zone),
        "date_created_gmt": gmt_text(hook.created_at),
        "date_modified": None if hook.modified_at is None else local_text(hook.modified_at, zone),
        "date_modified_gmt": None if hook.modified_at is None else gmt_text(hook.modified_at),
        "_links": {
            "self": [{"href": f"{root}/{hook.id}", "targetHints": _ALL_VERBS}],
            "collection": [{"href": root}],
        },
    }


def _find(call: Call) -> Hook:
    hook = call.shop.hooks.by_id.get(call.ids[0])
    if hook is None:
        raise RestError("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", 404)
    return hook


def _topic(body: Body) -> str:
    topic = str(body.get("topic") or "").lower()
    if not known_topic(topic):
        text = "Webhook topic is required and must be valid."
        raise RestError("woocommerce_rest_shop_webhook_invalid_topic", text, 400)
    return topic


def _delivery_url(body: Body) -> str:
    url = str(body.get("delivery_url") or "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        text = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", text, 400)
    return url


def _status(body: Body, default: str) -> str:
    status = str(body.get("status") or default)
    if status not in STATES:
        raise invalid_params({"status": not_one_of("status", STATES)})
    return status
