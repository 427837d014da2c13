"""Mutations of webhook subscriptions that an app makes by API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plugin_bridge.sandbox.shopify.context import Context, Resolver
from plugin_bridge.sandbox.shopify.gids import gid, number_of
from plugin_bridge.sandbox.shopify.problems import UserProblem
from plugin_bridge.sandbox.shopify.records import Hook


def _uri(given: Mapping[str, Any]) -> str:
    uri = str(given.get("uri") or "")
    parts = urlsplit(uri)
    # Real shops want https; the simulated one lives on loopback and takes loopback addresses too.
    fine = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
    if not fine or not parts.netloc:
        raise UserProblem(["webhookSubscription", "uri"], "Address protocol http:// is not supported")
    return uri


def _create(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    shop, given = context.shop, args["webhookSubscription"]
    uri, topic = _uri(given), args["topic"]
    if any(hook.topic == topic and hook.uri == uri and hook.name == given.get("name") for hook in shop.hooks.values()):
        raise UserProblem(["webhookSubscription", "callbackUrl"], "Address for this topic has already been taken")
    now = int(shop.now())
    hook = Hook(
        id=shop.ids.take(),
        topic=topic,
        uri=uri,
        filter=given.get("filter"),
        include_fields=tuple(given.get("includeFields") or ()),
        namespaces=tuple(given.get("metafieldNamespaces") or ()),
        name=given.get("name"),
        created_at=now,
        updated_at=now,
    )
    shop.hooks[hook.id] = hook
    return {"webhookSubscription": hook, "userErrors": []}


def _find(context: Context, text: str) -> Hook:
    hook = context.shop.hooks.get(number_of(text, "WebhookSubscription") or 0)
    if hook is None:
        raise UserProblem(["id"], "Webhook subscription does not exist")
    return hook


def _update(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    hook, given = _find(context, args["id"]), args["webhookSubscription"]
    if given.get("uri"):
        hook.uri = _uri(given)
    hook.filter = given.get("filter", hook.filter)
    if given.get("includeFields") is not None:
        hook.include_fields = tuple(given["includeFields"])
    hook.updated_at, hook.failures = int(context.shop.now()), 0
    return {"webhookSubscription": hook, "userErrors": []}


def _delete(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    hook = _find(context, args["id"])
    del context.shop.hooks[hook.id]
    return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", hook.id), "userErrors": []}


MUTATIONS: Mapping[str, Resolver] = {
    "webhookSubscriptionCreate": _create,
    "webhookSubscriptionUpdate": _update,
    "webhookSubscriptionDelete": _delete,
}
