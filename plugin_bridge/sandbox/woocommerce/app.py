"""The store as an ASGI app: faults first, then who asks, then the handler, then the log."""

import asyncio
from functools import partial

import msgspec

from plugin_bridge.sandbox.asgi import (
    WRITES,
    BodyTooLarge,
    NoAnswer,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    json_body,
    json_reply,
    read_request,
    send_reply,
    wait_for_hang_up,
)
from plugin_bridge.sandbox.woocommerce import batch, orders, reading, system, webhooks, writing
from plugin_bridge.sandbox.woocommerce.auth import Caller, check_permission, identify
from plugin_bridge.sandbox.woocommerce.failing import answer_instead, spoil
from plugin_bridge.sandbox.woocommerce.pages import shop_page
from plugin_bridge.sandbox.woocommerce.rest import RestError, no_route, not_json
from plugin_bridge.sandbox.woocommerce.routes import CANNOT_VIEW, Call, Route, match
from plugin_bridge.sandbox.woocommerce.shop import Shop
from plugin_bridge.sandbox.woocommerce.terms import BRANDS, CATEGORIES, TAGS

ROUTES: tuple[Route, ...] = (
    Route(pattern=("products",), handlers={"GET": reading.list_products, "POST": writing.create_product}),
    Route(pattern=("products", "batch"), handlers={"EDIT": batch.batch_products}),
    *(
        Route(pattern=("products", kind), handlers={"GET": partial(reading.list_terms, kind)})
        for kind in (CATEGORIES, TAGS, BRANDS)
    ),
    *(
        Route(pattern=("products", kind, "batch"), handlers={"EDIT": partial(batch.batch_terms, kind)})
        for kind in (CATEGORIES, TAGS, BRANDS)
    ),
    Route(
        pattern=("products", "#"),
        handlers={"GET": reading.get_product, "EDIT": writing.update_product, "DELETE": writing.delete_product},
        view_denied=CANNOT_VIEW,
    ),
    Route(
        pattern=("products", "#", "variations"),
        handlers={"GET": reading.list_variations, "POST": writing.create_variation},
    ),
    Route(pattern=("products", "#", "variations", "batch"), handlers={"EDIT": batch.batch_variations}),
    Route(
        pattern=("products", "#", "variations", "#"),
        handlers={"GET": reading.get_variation, "EDIT": writing.update_variation, "DELETE": writing.delete_variation},
        view_denied=CANNOT_VIEW,
    ),
    Route(pattern=("variations",), handlers={"GET": reading.list_all_variations}),
    Route(pattern=("webhooks",), handlers={"GET": webhooks.list_hooks, "POST": webhooks.create_hook}),
    Route(
        pattern=("webhooks", "#"),
        handlers={"GET": webhooks.get_hook, "EDIT": webhooks.update_hook, "DELETE": webhooks.delete_hook},
        view_denied=CANNOT_VIEW,
    ),
    Route(pattern=("orders",), handlers={"GET": orders.list_orders, "POST": orders.create_order}),
    Route(
        pattern=("orders", "#"),
        handlers={"GET": orders.get_order, "EDIT": orders.update_order},
        view_denied=CANNOT_VIEW,
    ),
    Route(pattern=("settings", "*", "*"), handlers={"GET": system.get_setting, "EDIT": system.update_setting}),
    Route(pattern=("system_status",), handlers={"GET": system.system_status}),
    Route(pattern=("data", "currencies", "current"), handlers={"GET": system.current_currency}),
)


class Platform:
    """The platform side of one store.

    Args:     base_path: what the store's address has behind its host, "" or "/shop-1"; cut off every request.
    """

    def __init__(self, shop: Shop, base_path: str = "") -> None:
        self.shop = shop
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive, self._base_path)
        except BodyTooLarge:
            await send_reply(send, Reply(status=413))
            return
        try:
            reply = await self.answer(request)
        except NoAnswer as silence:
            self._log(request, 0)
            await wait_for_hang_up(receive, silence.seconds)
            return
        self._log(request, reply.status)
        await send_reply(send, reply, head=request.method == "HEAD")

    async def answer(self, request: Request) -> Reply:
        """Return the answer to a request, spoilt as the faults want it.

        Raises:   NoAnswer.
        """
        shop = self.shop
        slow = shop.faults.strikes("slow")
        pause = shop.options.latency_s + ((slow.seconds if slow.seconds is not None else 1.0) if slow else 0.0)
        if pause:
            await asyncio.sleep(pause)
        instead = answer_instead(shop, request)
        if instead is not None:
            return instead
        if shop.faults.strikes("strip_authorization"):
            request.headers.pop("authorization", None)
        reply = self._rest(request)
        if request.method in WRITES and reply.status < 300:
            self._note_write(request)
        return spoil(shop, request, reply)

    def _rest(self, request: Request) -> Reply:
        link = {"link": f'<{self.shop.options.address}/wp-json/>; rel="https://api.w.org/"'}
        route_path = request.query.get("rest_route")
        is_rest = request.path == "/wp-json" or request.path.startswith("/wp-json/")
        if not is_rest and route_path is None:
            return shop_page(self.shop, request)
        # Keys are only looked for where the address itself holds wp-json/wc/.
        path = request.path.removeprefix("/wp-json") if is_rest else str(route_path)
        allow: dict[str, str] = {}
        try:
            reply = self._dispatch(request, path.strip("/"), knows_keys=is_rest, allow=allow)
        except RestError as error:
            return error.reply({**link, **allow})
        reply.headers = {**link, **allow, **reply.headers}
        return reply

    def _dispatch(self, request: Request, path: str, *, knows_keys: bool, allow: dict[str, str]) -> Reply:
        shop = self.shop
        if not path:
            return system.index(shop, request)
        if not path.startswith("wc/v3") or shop.faults.strikes("woocommerce_missing"):
            raise no_route()
        caller = identify(request, shop.options, shop.nonces, shop.now()) if knows_keys else Caller()
        found = match(ROUTES, path.removeprefix("wc/v3"))
        if found is None or (found[0].handler(request.method) is None and request.method != "OPTIONS"):
            raise no_route()
        route, ids, names = found
        if route.pattern == ("variations",) and not shop.options.variations_endpoint:
            raise no_route()
        denied = route.denied(request.method)
        check_permission(caller, request.method, denied=denied)
        if shop.faults.strikes("demoted_user"):
            raise RestError(*denied, 403)
        # A stranger is not told what the route allows, except by asking for it.
        allow["allow"] = route.allow
        handler = route.handler(request.method)
        if handler is None:
            return json_reply({"namespace": "wc/v3", "methods": route.allow.split(", ")})
        try:
            return handler(Call(shop, request, ids, names))
        except msgspec.DecodeError:
            raise not_json() from None

    def _note_write(self, request: Request) -> None:
        try:
            body = json_body(request)
        except msgspec.DecodeError:
            body = None
        self.shop.journal.wrote(self.shop.now(), request.method, request.path, body)
        self.shop.revision += 1

    def _log(self, request: Request, status: int) -> None:
        self.shop.journal.asked(self.shop.now(), request.method, request.path, status, request.pairs)
