"""`POST /admin/api/<version>/graphql.json`: who asks, what it costs, the answer with its cost."""

from typing import TYPE_CHECKING, Any

import msgspec
from graphql import ExecutionResult

from plugin_bridge.sandbox.asgi import Reply, Request, json_body, json_reply
from plugin_bridge.sandbox.shopify.context import Context
from plugin_bridge.sandbox.shopify.cost import MAX_SINGLE
from plugin_bridge.sandbox.shopify.engine import Plan, error_value, execute, plan
from plugin_bridge.sandbox.shopify.failing import INVALID_TOKEN, lose_answer
from plugin_bridge.sandbox.shopify.options import SUPPORTED_VERSIONS

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

NON_EXPIRING = (
    "Non-expiring access tokens are no longer accepted for the Admin API. "
    "Request an expiring offline access token instead."
)


class Asked(msgspec.Struct):
    """A GraphQL request."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name


def answer(shop: "Shop", request: Request, wanted: str) -> Reply:
    """Return the answer to one GraphQL request to the version *wanted*.

    Raises:   asgi.NoAnswer when a fault loses the answer to a mutation.
    """
    refusal = _refusal(shop, request.headers.get("x-shopify-access-token", ""))
    if refusal is not None:
        return refusal
    version = _served(shop, wanted)
    if version is None:
        return json_reply({"errors": "Not Found"}, 404)
    try:
        asked = msgspec.convert(json_body(request), Asked)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return json_reply({"errors": {"query": "Required parameter missing or invalid"}}, 400)
    headers = {"x-shopify-api-version": version, "x-request-id": f"{shop.ids.take():x}"}
    ready = plan(asked.query, asked.variables or {}, asked.operationName)
    if isinstance(ready, list):
        return json_reply({"errors": [error_value(error) for error in ready]}, headers=headers)
    return json_reply(_run(shop, ready, Context(shop, version, shop.installation.granted)), headers=headers)


def _refusal(shop: "Shop", token: str) -> Reply | None:
    held = shop.installation.find(token, shop.now()) if token else None
    if held is None:
        return json_reply({"errors": INVALID_TOKEN}, 401)
    if held.expires_at is None:
        return json_reply({"errors": NON_EXPIRING}, 403)
    return None


def _served(shop: "Shop", wanted: str) -> str | None:
    """Return the version that answers: an old one falls forward to the oldest that is left."""
    if wanted == "unstable":
        return wanted
    if len(wanted) != 7 or wanted[4] != "-" or not wanted.replace("-", "").isdigit() or wanted > SUPPORTED_VERSIONS[-1]:
        return None
    if shop.faults.strikes("fell_forward"):
        return SUPPORTED_VERSIONS[-1] if wanted != SUPPORTED_VERSIONS[-1] else "2027-01"
    return wanted if wanted in SUPPORTED_VERSIONS else SUPPORTED_VERSIONS[0]


def _run(shop: "Shop", ready: Plan, context: Context) -> dict[str, Any]:
    now = shop.now()
    if ready.requested > MAX_SINGLE:
        text = (
            f"Query cost is {int(ready.requested)}, which exceeds the single query max cost limit {int(MAX_SINGLE)}. "
            "See https://shopify.dev/concepts/about-apis/rate-limits for how the cost of a query is calculated."
        )
        details = {"code": "MAX_COST_EXCEEDED", "cost": int(ready.requested), "maxCost": int(MAX_SINGLE)}
        return {"errors": [{"message": text, "extensions": details}]}
    if shop.faults.strikes("throttle"):
        shop.bucket.drain(now)
    if not shop.bucket.take(ready.requested, now):
        return _throttled(shop, ready)
    if shop.faults.strikes("internal_error"):
        text = "Internal error. Looks like something went wrong on our end."
        return {"errors": [{"message": text, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    result = execute(ready, context)
    if ready.operation.operation.value == "mutation" and not result.errors:
        lose_answer(shop, "timeout_after_write")
    return _answered(shop, ready, context, result)


def _throttled(shop: "Shop", ready: Plan) -> dict[str, Any]:
    problem = {
        "message": "Throttled",
        "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
    }
    return {"data": None, "errors": [problem], "extensions": _cost(shop, ready.requested, None)}


def _answered(shop: "Shop", ready: Plan, context: Context, result: ExecutionResult) -> dict[str, Any]:
    unused = min(context.unused, ready.requested - 1.0)
    shop.bucket.give_back(max(unused, 0.0))
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error_value(error) for error in result.errors]
    extensions = _cost(shop, ready.requested, ready.requested - max(unused, 0.0))
    if context.searches:
        extensions["search"] = context.searches
    if extensions:
        answer["extensions"] = extensions
    return answer


def _cost(shop: "Shop", requested: float, actual: float | None) -> dict[str, Any]:
    if shop.faults.strikes("no_cost"):
        return {}
    return {
        "cost": {
            "requestedQueryCost": int(requested),
            "actualQueryCost": None if actual is None else int(actual),
            "throttleStatus": shop.bucket.status(shop.now()),
        }
    }
