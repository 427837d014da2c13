"""Prints items as JSON and remembers the bytes until the item changes."""

from typing import Any
from urllib.parse import quote

import msgspec

from plugin_bridge.sandbox.woocommerce.catalog import PRODUCTS, Catalog
from plugin_bridge.sandbox.woocommerce.dates import gmt_text, local_text
from plugin_bridge.sandbox.woocommerce.fields import Fields, select
from plugin_bridge.sandbox.woocommerce.item import Item, Picture
from plugin_bridge.sandbox.woocommerce.options import StoreOptions
from plugin_bridge.sandbox.woocommerce.price_html import price_html
from plugin_bridge.sandbox.woocommerce.slugs import slug_of
from plugin_bridge.sandbox.woocommerce.terms import BRANDS, CATEGORIES, TAGS, Terms
from plugin_bridge.sandbox.woocommerce.views import ProductView, VariationView

VIEW = "view"
EDIT = "edit"
NESTED = "nested"
"""A variation below its product: `/products/<id>/variations`."""
FLAT = "flat"
"""A variation in the list of all: `/variations`."""

REMEMBERED = 60_000
"""So many printed items are kept, about 2.5 KB each."""

_ALL_VERBS = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
_encode = msgspec.json.Encoder().encode


class Renderer:
    """Prints items of one store in the shapes VIEW, EDIT, NESTED and FLAT."""

    def __init__(self, options: StoreOptions, terms: Terms) -> None:
        self._options = options
        self._terms = terms
        self._printed: dict[int, dict[tuple[str, Fields], bytes]] = {}
        self._count = 0
        self.catalog: Catalog

    def forget(self, item_id: int) -> None:
        """Drop what was printed of an item, of its parent and of its variations."""
        self._printed.pop(item_id, None)
        item = self.catalog.items.get(item_id)
        if item is None:
            return
        for other in (item.parent_id, *item.children):
            self._printed.pop(other, None)

    def forget_all(self) -> None:
        """Drop everything that was printed."""
        self._printed.clear()
        self._count = 0

    def json(self, item: Item, shape: str, fields: Fields = ()) -> bytes:
        """Return the item as JSON; *fields* as `fields.read_fields` gives them, empty means all."""
        known = self._printed.get(item.id)
        if known is not None:
            done = known.get((shape, fields))
            if done is not None:
                return done
        body = _encode(select(self.view(item, shape), fields))
        if self._count >= REMEMBERED:
            self.forget_all()
        self._count += 1
        self._printed.setdefault(item.id, {})[shape, fields] = body
        return body

    def value(self, item: Item, shape: str) -> Any:
        """Return the item as plain dictionaries and lists."""
        return msgspec.to_builtins(self.view(item, shape))

    def view(self, item: Item, shape: str) -> ProductView | VariationView:
        """Return the item as one of the two wire structs."""
        return self._variation(item, shape) if shape in (NESTED, FLAT) else self._product(item, shape)

    def permalink(self, item: Item) -> str:
        """Return the page of an item in the shop."""
        if item.status == "trash":
            return f"{self._options.address}/?post_type=product&p={item.id}"
        parent = self.catalog.items.get(item.parent_id)
        if item.is_variation and parent is not None:
            choices = "&".join(f"attribute_{slug_of(name)}={quote(value)}" for name, value in item.choices)
            return f"{self._options.address}/product/{parent.slug}/?{choices}"
        return f"{self._options.address}/product/{item.slug}/"

    def name(self, item: Item) -> str:
        """Return the name of a product, or the choices that make a variation."""
        return ", ".join(value for _, value in item.choices) if item.is_variation else item.name

    def _product(self, item: Item, shape: str) -> ProductView:
        zone = self._options.timezone
        children = self.catalog.live_children(item) if item.children else []
        prices = [child.own_price for child in children if child.own_price]
        cheapest = min(prices, key=float) if prices else ""
        price = cheapest if item.kind == "variable" else item.own_price
        edit = shape == EDIT
        view = ProductView(
            id=item.id,
            name=self._full_name(item),
            slug=item.slug,
            permalink=self.permalink(item),
            date_created=local_text(item.created_at, zone),
            date_created_gmt=gmt_text(item.created_at),
            date_modified=local_text(item.modified_at, zone),
            date_modified_gmt=gmt_text(item.modified_at),
            type=item.kind,
            status=item.status,
            catalog_visibility=item.catalog_visibility,
            description=item.description if edit else paragraphs(item.description),
            short_description=item.short_description if edit else paragraphs(item.short_description),
            sku=item.sku,
            price=price,
            regular_price="" if item.kind == "variable" else item.regular_price,
            sale_price="" if item.kind == "variable" else item.sale_price,
            on_sale=bool(item.sale_price) or any(child.sale_price for child in children),
            purchasable=bool(price),
            total_sales=item.total_sales,
            manage_stock=item.manage_stock,
            stock_quantity=item.stock if item.manage_stock else None,
            backorders=item.backorders,
            backorders_allowed=item.backorders != "no",
            backordered=backordered(item),
            weight=item.weight,
            average_rating="0" if edit else "0.00",
            parent_id=item.parent_id,
            categories=self._terms.short(CATEGORIES, item.categories),
            brands=self._terms.short(BRANDS, item.brands),
            tags=self._terms.short(TAGS, item.tags),
            images=[self._picture(item, picture) for picture in item.pictures],
            attributes=_choices(item) if item.is_variation else _attributes(item),
            variations=tuple(child.id for child in children),
            menu_order=item.menu_order,
            price_html=price_html(item, prices, self._options.currency),
            related_ids=[other for other in self.catalog.shelf(PRODUCTS).ids[:6] if other != item.id][:5],
            meta_data=_meta(item),
            stock_status=_family_stock(item, children),
            has_options=item.kind == "variable",
            global_unique_id=item.gtin,
            links=self._product_links(item),
        )
        if edit:
            view.permalink_template = f"{self._options.address}/product/%pagename%/"
            view.generated_slug = item.slug.removesuffix("__trashed")
        return view

    def _variation(self, item: Item, shape: str) -> VariationView:
        zone = self._options.timezone
        return VariationView(
            id=item.id,
            date_created=local_text(item.created_at, zone),
            date_created_gmt=gmt_text(item.created_at),
            date_modified=local_text(item.modified_at, zone),
            date_modified_gmt=gmt_text(item.modified_at),
            description=paragraphs(item.description),
            permalink=self.permalink(item),
            sku=item.sku,
            global_unique_id=item.gtin,
            price=item.own_price,
            regular_price=item.regular_price,
            sale_price=item.sale_price,
            on_sale=bool(item.sale_price),
            status=item.status,
            purchasable=bool(item.own_price),
            manage_stock=item.manage_stock,
            stock_quantity=item.stock if item.manage_stock else None,
            stock_status=item.stock_status,
            backorders=item.backorders,
            backorders_allowed=item.backorders != "no",
            backordered=backordered(item),
            weight=item.weight,
            image=self._picture(item, item.pictures[0]) if item.pictures else None,
            attributes=_choices(item),
            menu_order=item.menu_order,
            meta_data=_meta(item),
            name=self.name(item),
            parent_id=item.parent_id,
            links=self._variation_links(item, shape),
        )

    def _full_name(self, item: Item) -> str:
        parent = self.catalog.items.get(item.parent_id)
        return f"{parent.name} - {self.name(item)}" if item.is_variation and parent is not None else self.name(item)

    def _picture(self, item: Item, picture: Picture) -> dict[str, Any]:
        created, created_gmt = local_text(item.created_at, self._options.timezone), gmt_text(item.created_at)
        return {
            "id": picture.id,
            "date_created": created,
            "date_created_gmt": created_gmt,
            "date_modified": created,
            "date_modified_gmt": created_gmt,
            "src": picture.src,
            "name": picture.src.rsplit("/", 1)[-1].rsplit(".", 1)[0],
            "alt": picture.alt,
        }

    def _product_links(self, item: Item) -> dict[str, Any]:
        root = f"{self._options.address}/wp-json/wc/v3/products"
        links: dict[str, Any] = {
            "self": [{"href": f"{root}/{item.id}", "targetHints": _ALL_VERBS}],
            "collection": [{"href": root}],
        }
        if item.parent_id:
            links["up"] = [{"href": f"{root}/{item.parent_id}"}]
        return links

    def _variation_links(self, item: Item, shape: str) -> dict[str, Any]:
        root = f"{self._options.address}/wp-json/wc/v3"
        if shape == FLAT:
            return {
                "self": [{"href": f"{root}/variations/{item.id}"}],
                "collection": [{"href": f"{root}/variations"}],
                "up": [{"href": f"{root}/products/0"}],
            }
        parent = f"{root}/products/{item.parent_id}"
        return {
            "self": [{"href": f"{parent}/variations/{item.id}", "targetHints": _ALL_VERBS}],
            "collection": [{"href": f"{parent}/variations"}],
            "up": [{"href": parent}],
        }


def paragraphs(text: str) -> str:
    """Return a stored text as a page shows it: wrapped in a paragraph unless it is markup already."""
    if not text:
        return ""
    return f"{text}\n" if text.startswith("<") else f"<p>{text}</p>\n"


def backordered(item: Item) -> bool:
    """Tell whether customers are waiting for this item."""
    return item.manage_stock and item.backorders != "no" and (item.stock or 0) < 0


def _family_stock(item: Item, children: list[Item]) -> str:
    if item.kind != "variable" or not children:
        return item.stock_status
    said = {child.stock_status for child in children}
    return next((status for status in ("instock", "onbackorder") if status in said), "outofstock")


def _attributes(item: Item) -> list[dict[str, Any]]:
    return [
        {
            "id": 0,
            "name": attribute.name,
            "slug": attribute.name,
            "position": position,
            "visible": attribute.visible,
            "variation": attribute.variation,
            "options": attribute.options,
        }
        for position, attribute in enumerate(item.attributes)
    ]


def _choices(item: Item) -> list[dict[str, Any]]:
    return [{"id": 0, "name": name, "slug": slug_of(name), "option": value} for name, value in item.choices]


def _meta(item: Item) -> list[dict[str, Any]]:
    return [{"id": meta.id, "key": meta.key, "value": meta.value} for meta in item.meta]
