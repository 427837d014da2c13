"""WooCommerce's product export: one record per product or variation; a variation names its parent by id or sku.

Variations may stand before their parent, so products are put together when the whole file is read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.domain.catalog.product_csv import cells, woocommerce_cells
from backend.domain.catalog.product_csv.report import Refused, Report, shown
from backend.domain.catalog.product_csv.table import Row, Table
from backend.domain.catalog.product_csv.woocommerce_cells import Attribute
from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant

EXPECTED = "ID, Type, SKU, Name, Published, Regular price, Categories, Images, Parent, Attribute 1 name"
_META = "meta: _wc_gla_"
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "mpn": (_META + "mpn",),
    "condition": (_META + "condition",),
    "gender": (_META + "gender",),
    "age_group": (_META + "agegroup",),
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "type": ("type",),
    "sku": ("sku",),
    "barcode": ("gtin, upc, ean, or isbn",),
    "name": ("name",),
    "published": ("published",),
    "short_description": ("short description",),
    "description": ("description",),
    "sale_from": ("date sale price starts",),
    "sale_to": ("date sale price ends",),
    "in_stock": ("in stock?",),
    "stock": ("stock",),
    "backorders": ("backorders allowed?",),
    "weight": tuple(f"weight ({unit})" for unit in ("kg", "g", "lbs", "lb", "oz")),
    "sale_price": ("sale price",),
    "price": ("regular price",),
    "cost": ("cost of goods",),
    "categories": ("categories",),
    "tags": ("tags",),
    "images": ("images",),
    "parent": ("parent",),
    "brands": ("brands",),
    "url": ("external url",),
    **ATTRIBUTES,
}
_TELLS: dict[str, tuple[str, ...]] = {
    "description": ("description", "short_description"),
    "brand": ("brands",),
    "categories": ("categories",),
    "tags": ("tags",),
    "images": ("images",),
    "status": ("published",),
}
_VARIANT_TELLS: dict[str, tuple[str, ...]] = {
    "sku": ("sku",),
    "barcode": ("barcode",),
    "price": ("price",),
    "cost": ("cost",),
    "stock": ("stock",),
    "in_stock": ("stock", "in_stock"),
    "backorder": ("backorders",),
    "weight_g": ("weight",),
    "active": ("published",),
    "attributes": ("attribute1", *ATTRIBUTES),
}
_ATTRIBUTE = re.compile(r"attribute (\d{1,3}) (name|value\(s\))", re.ASCII)
_ID = re.compile(r"\d{1,18}", re.ASCII)
_MOST_ATTRIBUTES = 200


def columns(header: list[str]) -> Mapping[str, int] | None:
    """Return where our columns are in a header in normal form, or None when it is not WooCommerce's."""
    at = {name: index for index, name in reversed(list(enumerate(header)))}
    found = {key: at[name] for key, names in COLUMNS.items() for name in reversed(names) if name in at}
    for name, index in at.items():
        if (match := _ATTRIBUTE.fullmatch(name)) and int(match[1]) <= _MOST_ATTRIBUTES:
            found[f"attribute{int(match[1])}" if match[2] == "name" else f"values{int(match[1])}"] = index
    if "name" not in found or not found.keys() & {"id", "sku"} or not found.keys() & {"type", "price", "published"}:
        return None
    return found


def tells(found: Mapping[str, int]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the product fields and the variant fields that a file with these columns says something about."""
    return (
        frozenset(field for field, names in _TELLS.items() if any(n in found for n in names)),
        frozenset(field for field, names in _VARIANT_TELLS.items() if any(n in found for n in names)),
    )


def read(
    table: Table, rows: Iterable[Row], report: Report, now: datetime
) -> list[tuple[PlatformProduct, tuple[int, ...]]]:
    """Return products, each with the lines it was made of; what could not be taken goes to *report*.

    Args:     now: decides whether a dated sale price is in force.
    """
    reader = _Reader(table, report, now)
    for row in rows:
        reader.take(row)
    return list(reader.products())


class _Parent:
    """A record that is a product of its own."""

    def __init__(self, line: int, external_id: str, kinds: frozenset[str]) -> None:
        self.line = line
        self.external_id = external_id
        self.variable = any(kind.startswith("variable") for kind in kinds)
        self.product: dict[str, Any] = {}
        self.variant: dict[str, Any] = {}
        self.attributes: tuple[Attribute, ...] = ()
        self.variations: list[_Variation] = []


class _Variation:
    """A record that belongs to a parent."""

    def __init__(self, line: int, external_id: str, parent: str, shares_stock: bool) -> None:
        self.line = line
        self.external_id = external_id
        self.parent = parent
        self.shares_stock = shares_stock
        self.published = 1
        self.fields: dict[str, Any] = {}
        self.attributes: tuple[Attribute, ...] = ()


class _Reader:
    def __init__(self, table: Table, report: Report, now: datetime) -> None:
        self._report = report
        self._now = now
        self._called = {key: table.named(key) for key in COLUMNS}
        self._numbers = sorted(int(key[9:]) for key in table.columns if key.startswith("attribute"))
        self._extra = [key for key in ATTRIBUTES if key in table.columns]
        self._unit = woocommerce_cells.weight_unit(self._called["weight"])
        self._known: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._skus: dict[str, int] = {}
        self._products: dict[str, _Parent] = {}
        self._references: dict[str, _Parent] = {}
        self._refused: dict[str, int] = {}
        self._variations: list[_Variation] = []

    def take(self, row: Row) -> None:
        """Read one record."""
        try:
            kinds = frozenset(kind.strip().lower() for kind in row["type"].split(",") if kind.strip())
            if any(kind.endswith("variation") for kind in kinds):
                self._variations.append(self._variation(row))
            else:
                self._parent(row, kinds)
        except Refused as refused:
            self._report.reject(row.line, str(refused))
            for reference in (f"id:{row['id']}", row["sku"]):
                self._refused.setdefault(reference, row.line)

    def products(self) -> Iterator[tuple[PlatformProduct, tuple[int, ...]]]:
        """Attach the variations and yield the products in the order of the file."""
        for variation in self._variations:
            self._attach(variation)
        for parent in self._products.values():
            product, lines = self._product(parent)
            if product is not None:
                yield product, tuple(sorted(lines))

    def _identity(self, row: Row) -> str:
        """Return the record's ID, or its SKU when it has none."""
        number, sku = row["id"], cells.text(self._plain(row, "sku"), self._called["sku"])
        if number and not _ID.fullmatch(number):
            raise Refused(f"ID {shown(number)} is not a number: leave it empty when the product is new")
        if not number and not sku:
            raise Refused("The row has neither an ID nor a SKU: give it one of them")
        for name, value, lines in (("ID", number, self._ids), ("SKU", sku, self._skus)):
            if value and value in lines:
                raise Refused(f"The {name} {shown(value)} is on line {lines[value]} already: every row needs its own")
        known_by = number or sku
        if known_by in self._known:
            line = self._known[known_by]
            raise Refused(f"{shown(known_by)} is what line {line} is known by already: give both rows an ID")
        return known_by

    def _claim(self, row: Row) -> None:
        """Note the identity last: a row refused for something else does not hold it."""
        number, sku = row["id"], self._plain(row, "sku")
        for value, lines in ((number, self._ids), (sku, self._skus), (number or sku, self._known)):
            if value:
                lines[value] = row.line

    def _parent(self, row: Row, kinds: frozenset[str]) -> None:
        if row["parent"]:
            raise Refused(f"The row has the parent {shown(row['parent'])} but is no variation: write it in the Type")
        parent = _Parent(row.line, self._identity(row), kinds)
        published = woocommerce_cells.published(row["published"], self._called["published"])
        parent.product = self._product_fields(row, published)
        parent.variant = self._variant_fields(row, may_share=False)
        parent.attributes = self._attributes(row)
        self._claim(row)
        self._products[parent.external_id] = parent
        self._references |= dict.fromkeys((f"id:{row['id']}", parent.variant["sku"]), parent)

    def _variation(self, row: Row) -> _Variation:
        reference = self._plain(row, "parent")
        if not reference:
            raise Refused("The variation names no parent: write the parent's SKU, or id: and its ID, as in id:10")
        shares = row["stock"].lower() == "parent"
        variation = _Variation(row.line, self._identity(row), reference, shares)
        variation.published = woocommerce_cells.published(row["published"], self._called["published"])
        variation.fields = self._variant_fields(row, may_share=True)
        variation.fields["image_url"] = next((image.url for image in self._images(row)), "")
        variation.attributes = self._attributes(row)
        self._claim(row)
        return variation

    def _product_fields(self, row: Row, published: int) -> dict[str, Any]:
        named = self._called
        title = cells.text(self._plain(row, "name"), named["name"], cells.MOST_TITLE)
        if not title:
            raise Refused("Name is empty: every product needs one")
        described = self._plain(row, "description") or self._plain(row, "short_description")
        description = woocommerce_cells.with_newlines(described)
        return {
            "title": title,
            "description": cells.text(description, named["description"], cells.MOST_DESCRIPTION),
            "brand": woocommerce_cells.brand(self._plain(row, "brands"), named["brands"]),
            "categories": woocommerce_cells.categories(self._plain(row, "categories"), named["categories"]),
            "tags": cells.words(woocommerce_cells.parts(self._plain(row, "tags")), named["tags"]),
            "images": tuple(self._images(row)),
            "status": "active" if published == 1 else "draft",
            "url": cells.address(row["url"], named["url"]),
        }

    def _variant_fields(self, row: Row, *, may_share: bool) -> dict[str, Any]:
        named = self._called
        price, sale = self._prices(row)
        extra = {key: cells.text(self._plain(row, key), named[key]) for key in self._extra if row[key]}
        shared = may_share and row["stock"].lower() == "parent"
        stock = None if shared else cells.whole(self._plain(row, "stock"), named["stock"])
        in_stock, backorder = woocommerce_cells.availability(row["in_stock"].lower(), stock, named["in_stock"])
        return {
            "sku": self._plain(row, "sku"),
            "barcode": cells.barcode(self._plain(row, "barcode"), named["barcode"]),
            "price": price,
            "sale_price": sale,
            "cost": cells.money(self._plain(row, "cost"), named["cost"]),
            "stock": stock,
            "in_stock": in_stock,
            "backorder": woocommerce_cells.backorders(row["backorders"].lower(), named["backorders"]) or backorder,
            "weight_g": cells.weight(row["weight"], named["weight"], self._unit),
            "attributes": extra,
        }

    def _prices(self, row: Row) -> tuple[Decimal | None, Decimal | None]:
        price = cells.money(self._plain(row, "price"), self._called["price"])
        sale = cells.money(self._plain(row, "sale_price"), self._called["sale_price"])
        if sale is not None and (price is None or sale >= price):
            raise Refused(f"Sale price {row['sale_price']} is not below the regular price {row['price'] or '(none)'}")
        begins = woocommerce_cells.moment(row["sale_from"], self._called["sale_from"], end_of_day=False)
        ends = woocommerce_cells.moment(row["sale_to"], self._called["sale_to"], end_of_day=True)
        in_force = (begins is None or begins <= self._now) and (ends is None or self._now <= ends)
        return price, sale if in_force else None

    def _images(self, row: Row) -> Iterator[PlatformImage]:
        """Yield each picture once; what is no address is reported and left out."""
        for url in dict.fromkeys(woocommerce_cells.parts(row["images"])):
            try:
                yield PlatformImage(url=cells.address(url, self._called["images"]))
            except Refused as refused:
                self._report.reject(row.line, f"The image was left out: {refused}")

    def _attributes(self, row: Row) -> tuple[Attribute, ...]:
        found = (
            woocommerce_cells.attribute(self._plain(row, f"attribute{n}"), self._plain(row, f"values{n}"))
            for n in self._numbers
        )
        return tuple(attribute for attribute in found if attribute is not None)

    def _plain(self, row: Row, column: str) -> str:
        return woocommerce_cells.unescaped(row[column])

    def _attach(self, variation: _Variation) -> None:
        parent = self._references.get(variation.parent)
        if parent is None or not parent.variable:
            self._report.reject(variation.line, self._why_no_parent(variation.parent, parent))
        else:
            parent.variations.append(variation)

    def _why_no_parent(self, reference: str, parent: _Parent | None) -> str:
        if parent is not None:
            return f"Its parent {shown(reference)} on line {parent.line} is not a variable product"
        if reference in self._refused:
            return f"Its parent {shown(reference)} was not taken, see line {self._refused[reference]}"
        return f"Its parent {shown(reference)} is not in this file: export the product with its variations"

    def _product(self, parent: _Parent) -> tuple[PlatformProduct | None, list[int]]:
        lines = [parent.line]
        if not parent.variable:
            attributes = {a.key: ", ".join(a.values) for a in parent.attributes if a.values}
            only = self._variant(parent, parent.external_id, parent.variant, {}, attributes)
            return self._built(parent, (only,), ()), lines
        names = {a.name: None for v in parent.variations for a in v.attributes}
        order = [a.name for a in parent.attributes if a.name in names]
        option_names = tuple(dict.fromkeys([*order, *names]))
        shared = {a.key: ", ".join(a.values) for a in parent.attributes if a.name not in names and a.values}
        variants = []
        seen: dict[tuple[tuple[str, str], ...], int] = {}
        for variation in parent.variations:
            options = _options(variation, option_names)
            if (first := seen.setdefault(tuple(options.items()), variation.line)) != variation.line:
                self._report.reject(variation.line, f"The variation on line {first} has the same attribute values")
                continue
            lines.append(variation.line)
            fields = _inherited(variation, parent)
            variants.append(self._variant(parent, variation.external_id, fields, options, shared))
        if not variants:
            self._report.reject(parent.line, "No variation of this variable product is in the file or could be taken")
            return None, []
        return self._built(parent, tuple(variants), option_names), lines

    def _built(
        self, parent: _Parent, variants: tuple[PlatformVariant, ...], option_names: tuple[str, ...]
    ) -> PlatformProduct:
        used = {name for variant in variants for name in variant.options}
        return PlatformProduct(
            external_id=parent.external_id,
            option_names=tuple(name for name in option_names if name in used),
            variants=variants,
            **parent.product,
        )

    def _variant(
        self,
        parent: _Parent,
        external_id: str,
        fields: dict[str, Any],
        options: dict[str, str],
        attributes: dict[str, str],
    ) -> PlatformVariant:
        return PlatformVariant(
            external_id=external_id,
            external_product_id=parent.external_id,
            title=" / ".join(options.values()),
            options=options,
            **{**fields, "attributes": {**attributes, **fields["attributes"]}},
        )


def _options(variation: _Variation, option_names: tuple[str, ...]) -> dict[str, str]:
    """Return the variation's options in the parent's order; an attribute without a value means any value."""
    told = {a.name: a.values[0] for a in variation.attributes if a.values}
    return {name: told[name] for name in option_names if name in told}


def _inherited(variation: _Variation, parent: _Parent) -> dict[str, Any]:
    """Return the variation's fields with what it takes from its parent: shared stock, weight, being a draft."""
    fields, above = dict(variation.fields), parent.variant
    if variation.shares_stock:
        fields |= {key: above[key] for key in ("stock", "in_stock", "backorder")}
    if fields["weight_g"] is None:
        fields["weight_g"] = above["weight_g"]
    fields["attributes"] = {**above["attributes"], **fields["attributes"]}
    draft = parent.product["status"] == "draft"
    fields["active"] = variation.published == 1 or (variation.published < 0 and draft)
    return fields
