"""Publications, and on which of them products lie."""

from collections.abc import Mapping
from typing import Any

from plugin_bridge.sandbox.shopify.channels import ONLINE_STORE, AppCatalog, Publication
from plugin_bridge.sandbox.shopify.context import Context, Resolver, Table
from plugin_bridge.sandbox.shopify.gids import gid, number_of
from plugin_bridge.sandbox.shopify.paging import Source
from plugin_bridge.sandbox.shopify.problems import UserProblem
from plugin_bridge.sandbox.shopify.records import Product
from plugin_bridge.sandbox.shopify.values import listed


def lies_online(product: Product) -> bool:
    """Tell whether customers of the Online Store see a product."""
    return product.status == "ACTIVE" and ONLINE_STORE in product.channels


def note_shown(product: Product, now: float) -> None:
    """Note when customers of the Online Store first saw a product."""
    if lies_online(product) and product.published_at is None:
        product.published_at = int(now)


def publications(context: Context, _: Any, args: Mapping[str, Any]) -> Source:
    """Answer `publications`: a shop has those of its channels."""
    found = list(context.shop.publications.values()) if args.get("catalogType") in (None, "APP") else []
    return listed(found, reverse=bool(args.get("reverse")))


def published_on(context: Context, product: Product, args: Mapping[str, Any]) -> bool:
    """Answer `publishedOnPublication`: false where there is no such publication."""
    found = _publication(context, args["publicationId"])
    return found is not None and found.handle in product.channels


def _publication(context: Context, text: str) -> Publication | None:
    return context.shop.publications.get(number_of(text, "Publication") or 0)


def _publish(context: Context, _: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    shop = context.shop
    product = shop.catalog.products.get(number_of(args["id"], "Product") or 0)
    if product is None:
        raise UserProblem(["id"], "Resource does not exist")
    wanted: list[str] = []
    for place, one in enumerate(args["input"]):
        found = _publication(context, one.get("publicationId") or "")
        if found is None or shop.faults.strikes("publish_refused"):
            at = ["input", str(place), "publicationId"]
            raise UserProblem(at, "Publication does not exist or is not publishable")
        wanted.append(found.handle)
    new = [one for one in dict.fromkeys(wanted) if one not in product.channels]
    if new:
        product.channels = (*product.channels, *new)
        note_shown(product, shop.now())
        shop.product_saved(product)
    return {"publishable": product, "shop": shop, "userErrors": []}


MUTATIONS: Mapping[str, Resolver] = {"publishablePublish": _publish}

PUBLICATION: Table = {
    "id": lambda _, one, __: gid("Publication", one.id),
    "autoPublish": lambda _, __, ___: False,
    "supportsFuturePublishing": lambda _, one, __: one.handle == ONLINE_STORE,
    "catalog": lambda _, one, __: AppCatalog(one),
}

APP_CATALOG: Table = {
    "id": lambda _, one, __: gid("AppCatalog", one.publication.id),
    "title": lambda _, one, __: one.publication.title,
    "status": lambda _, __, ___: "ACTIVE",
    "apps": lambda _, one, args: listed([_app(one.publication)], reverse=bool(args.get("reverse"))),
}


def _app(publication: Publication) -> dict[str, Any]:
    return {
        "id": gid("App", publication.id),
        "title": publication.title,
        "handle": publication.handle,
        "apiKey": publication.handle,
        "embedded": True,
    }
