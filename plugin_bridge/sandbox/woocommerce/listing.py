"""Lists: which items, in which order, which page; the cost is that of the page wherever the store allows it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from plugin_bridge.sandbox.asgi import Reply, Request
from plugin_bridge.sandbox.woocommerce.catalog import ANY, TRASH, VARIATIONS, Catalog
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.options import StoreOptions
from plugin_bridge.sandbox.woocommerce.params import Parameters, Params


class Window(msgspec.Struct, frozen=True):
    """One page of ids and how many there are in all."""

    ids: Sequence[int]
    total: int


def pick(catalog: Catalog, params: Params, family: str, parent: Item | None = None, shuffle: Any = None) -> Window:
    """Return the page of ids that a list request asks for.

    Args:     family: PRODUCTS or VARIATIONS. parent: only its variations.
              shuffle: a function that mixes a list in place: then equal dates have no order (WooCommerce < 10.4).
    """
    ids = _candidates(catalog, params, family, parent)
    total = len(ids)
    start = (params.page - 1) * params.per_page
    if params.orderby in ("id", "date") and shuffle is None:
        # Ids are given out in order of creation, so both orders are the index itself.
        stop = min(start + params.per_page, total)
        if params.ascending:
            return Window(ids[start:stop], total)
        return Window(ids[max(total - stop, 0) : max(total - start, 0)][::-1], total)
    ordered = _ordered(catalog, params, list(ids), shuffle)
    return Window(ordered[start : start + params.per_page], total)


def _candidates(catalog: Catalog, params: Params, family: str, parent: Item | None) -> Sequence[int]:
    """Return the matching ids in ascending order, from the narrowest index there is."""
    shelf = catalog.shelf(family, params.status)
    ids: Sequence[int]
    narrow = True
    if params.skus is not None:
        ids = sorted(catalog.by_sku[sku] for sku in set(params.skus) if sku in catalog.by_sku)
    elif params.include:
        ids = sorted(set(params.include))
    elif parent is not None:
        ids = sorted(parent.children)
    elif params.modified_after is not None or params.modified_before is not None:
        ids, narrow = sorted(shelf.changed(params.modified_after, params.modified_before)), False
    else:
        ids, narrow = shelf.ids, False
    if narrow or params.has_rare_filters:
        return [item_id for item_id in ids if _matches(catalog.items.get(item_id), params, family)]
    return ids


def _matches(item: Item | None, params: Params, family: str) -> bool:
    if item is None or item.id in params.exclude or not _status_fits(item.status, params.status):
        return False
    # A look-up by SKU in the list of products finds variations too.
    if item.is_variation != (family == VARIATIONS) and params.skus is None:
        return False
    return _in_range(item, params) and _kind_fits(item, params)


def _status_fits(status: str, wanted: str) -> bool:
    return status == wanted or (wanted == ANY and status != TRASH)


def _kind_fits(item: Item, params: Params) -> bool:
    return (
        (not params.kind or item.kind == params.kind)
        and (not params.stock_status or item.stock_status == params.stock_status)
        and (params.category is None or params.category in item.categories)
    )


def _in_range(item: Item, params: Params) -> bool:
    return (
        (params.modified_after is None or item.modified_at > params.modified_after)
        and (params.modified_before is None or item.modified_at < params.modified_before)
        and (params.created_after is None or item.created_at > params.created_after)
        and (params.created_before is None or item.created_at < params.created_before)
    )


def _number(text: str) -> float:
    return float(text) if text else 0.0


_KEYS: dict[str, Callable[[Item], Any]] = {
    "date": lambda item: item.created_at,
    "modified": lambda item: item.modified_at,
    "title": lambda item: item.name.lower(),
    "slug": lambda item: item.slug,
    "price": lambda item: _number(item.own_price),
    "menu_order": lambda item: (item.menu_order, item.name.lower()),
    "popularity": lambda item: item.total_sales,
    "sales": lambda item: item.total_sales,
}


def _ordered(catalog: Catalog, params: Params, ids: list[int], shuffle: Any) -> list[int]:
    if params.orderby in ("include", "post__in"):
        rank = {item_id: at for at, item_id in enumerate(params.include)}
        return sorted(ids, key=lambda item_id: rank.get(item_id, 0))
    key = _KEYS.get(params.orderby)
    if key is None:
        return ids if params.ascending else ids[::-1]
    if shuffle is not None and params.orderby in ("date", "modified"):
        shuffle(ids)
        return sorted(ids, key=lambda item_id: key(catalog.items[item_id]), reverse=not params.ascending)
    return sorted(ids, key=lambda item_id: (key(catalog.items[item_id]), item_id), reverse=not params.ascending)


def page_headers(request: Request, options: StoreOptions, params: Parameters, total: int) -> dict[str, str]:
    """Return the totals and, where there are more pages, the links to them.

    The links repeat every query parameter, credentials included: that is how the real thing leaks them.
    """
    pages = -(-total // params.per_page)
    headers = {"x-wp-total": str(total), "x-wp-totalpages": str(pages)}
    links = []
    if params.page > 1:
        links.append((min(params.page - 1, pages) if pages else 1, "prev"))
    if params.page < pages:
        links.append((params.page + 1, "next"))
    if links:
        headers["link"] = ", ".join(f'<{_page_url(request, options, page)}>; rel="{rel}"' for page, rel in links)
    return headers


def _page_url(request: Request, options: StoreOptions, page: int) -> str:
    query: Mapping[str, str] = {**request.query, "page": str(page)}
    return f"{options.address}{request.path}?{urlencode(query)}"


def page_reply(parts: list[bytes], headers: dict[str, str]) -> Reply:
    """Return a list answer from printed elements."""
    body = b"[" + b",".join(parts) + b"]"
    return Reply(body=body, headers={"content-type": "application/json; charset=UTF-8", **headers})
