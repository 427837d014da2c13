"""Shopify's product export: one record per variant or picture, the records of a product share its handle.

Both generations of column names are read ("Variant Price" and "Price"). A product's own columns stand on the record
that has its title. Records of one handle are put together wherever they stand in the file.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from backend.domain.catalog.product_csv import cells
from backend.domain.catalog.product_csv.report import Refused, Report, shown
from backend.domain.catalog.product_csv.table import Row, Table
from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant

EXPECTED = "Handle (or URL handle), Title, Option1 Name, Option1 Value, Variant SKU, Variant Price, Image Src"
_SHOPPING = "google shopping / "
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "google_product_category": (_SHOPPING + "google product category",),
    "gender": (_SHOPPING + "gender",),
    "age_group": (_SHOPPING + "age group",),
    "mpn": (_SHOPPING + "mpn", _SHOPPING + "manufacturer part number (mpn)"),
    "condition": (_SHOPPING + "condition",),
    **{f"custom_label_{n}": (f"{_SHOPPING}custom label {n}",) for n in range(5)},
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "body html", "description"),
    "brand": ("vendor",),
    "category": ("product category", "standardized product type", "standard product type"),
    "type": ("type", "custom product type"),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    **{f"name{n}": (f"option{n} name",) for n in (1, 2, 3)},
    **{f"value{n}": (f"option{n} value",) for n in (1, 2, 3)},
    "sku": ("variant sku", "sku"),
    "grams": ("variant grams", "weight value (grams)"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "policy": ("variant inventory policy", "continue selling when out of stock"),
    "price": ("variant price", "price"),
    "compare_at": ("variant compare at price", "compare-at price"),
    "barcode": ("variant barcode", "barcode"),
    "cost": ("cost per item",),
    "image": ("image src", "product image url"),
    "image_position": ("image position",),
    "image_alt": ("image alt text",),
    "variant_image": ("variant image", "variant image url"),
    **ATTRIBUTES,
}
_TELLS: dict[str, tuple[str, ...]] = {
    "description": ("description",),
    "brand": ("brand",),
    "categories": ("category", "type"),
    "tags": ("tags",),
    "images": ("image",),
    "status": ("status", "published"),
}
_VARIANT_TELLS: dict[str, tuple[str, ...]] = {
    "sku": ("sku",),
    "barcode": ("barcode",),
    "price": ("price",),
    "cost": ("cost",),
    "stock": ("quantity",),
    "in_stock": ("quantity",),
    "backorder": ("policy",),
    "weight_g": ("grams",),
    "image_url": ("variant_image",),
    "attributes": tuple(ATTRIBUTES),
}
_SAYS_VARIANT = ("value1", "value2", "value3", "sku", "price", "compare_at", "barcode", "cost", "quantity")
_STATUSES = {"active": "active", "draft": "draft", "archived": "archived", "unlisted": "draft"}
"""Shopify's status to ours; an unlisted product must not be advertised, so it is a draft here."""
_POLICIES = {"": False, "deny": False, "false": False, "continue": True, "true": True}
_Values = tuple[str, str, str]


def columns(header: list[str]) -> Mapping[str, int] | None:
    """Return where our columns are in a header in normal form, or None when it is not Shopify's."""
    at = {name: index for index, name in reversed(list(enumerate(header)))}
    found = {key: at[name] for key, names in COLUMNS.items() for name in reversed(names) if name in at}
    return found if "handle" in found and "title" in found else None


def tells(found: Mapping[str, int]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the product fields and the variant fields that a file with these columns says something about."""
    return (
        frozenset({"handle", *(field for field, names in _TELLS.items() if any(n in found for n in names))}),
        frozenset(field for field, names in _VARIANT_TELLS.items() if any(n in found for n in names)),
    )


def read(table: Table, rows: Iterable[Row], report: Report) -> list[tuple[PlatformProduct, tuple[int, ...]]]:
    """Return products, each with the lines it was made of; what could not be taken goes to *report*."""
    reader = _Reader(table, report)
    for row in rows:
        reader.take(row)
    return reader.products()


class _Draft:
    """A product while its records come in."""

    def __init__(self, handle: str) -> None:
        self.handle = handle
        self.lines: dict[int, None] = {}
        self.title_line = 0
        self.fields: dict[str, Any] = {}
        self.names: list[str] = ["", "", ""]
        self.attributes: dict[str, str] = {}
        self.variants: list[tuple[int, _Values, dict[str, Any]]] = []
        self.images: list[tuple[int, int, PlatformImage]] = []
        self.lost = False
        """A record of it was refused for its variant."""
        self.refused_line = 0


class _Reader:
    def __init__(self, table: Table, report: Report) -> None:
        self._table = table
        self._report = report
        self._drafts: dict[str, _Draft] = {}
        self._skus: dict[str, int] = {}
        self._called = {key: table.named(key) for key in COLUMNS}
        self._attributes = [key for key in ATTRIBUTES if key in table.columns]
        self._counted = "quantity" in table.columns and "tracker" not in table.columns

    def take(self, row: Row) -> None:
        """Put one record where it belongs."""
        try:
            draft = self._draft(row)
            is_product = self._product_part(draft, row)
        except Refused as refused:
            self._report.reject(row.line, str(refused))
            return
        draft.lines[row.line] = None
        has_image = self._image_part(draft, row)
        has_variant = any(row[key] for key in _SAYS_VARIANT)
        if has_variant:
            self._variant_part(draft, row)
        if not (is_product or has_image or has_variant):
            del draft.lines[row.line]
            self._report.reject(row.line, "The row holds neither a title nor a variant nor an image")

    def products(self) -> list[tuple[PlatformProduct, tuple[int, ...]]]:
        """Return what the drafts make."""
        built = [(self._product(draft), tuple(draft.lines)) for draft in self._drafts.values()]
        return [(product, lines) for product, lines in built if product is not None]

    def _draft(self, row: Row) -> _Draft:
        handle = cells.text(row["handle"], self._called["handle"])
        if not handle:
            raise Refused(f"{self._called['handle']} is empty: every row needs the handle of its product")
        draft = self._drafts.get(handle)
        if draft is None:
            draft = self._drafts[handle] = _Draft(handle)
        return draft

    def _product_part(self, draft: _Draft, row: Row) -> bool:
        """Take the product's own columns from the record that has its title."""
        title = row["title"]
        if not title:
            return False
        if draft.title_line:
            self._same_title(draft, title)
            return False
        draft.title_line = row.line
        try:
            for n in (1, 2, 3):
                draft.names[n - 1] = cells.text(row[f"name{n}"], self._called[f"name{n}"])
            draft.attributes = self._shopping(row)
            draft.fields = self._fields(row)
        except Refused:
            draft.refused_line = row.line
            raise
        return True

    def _same_title(self, draft: _Draft, title: str) -> None:
        held = draft.fields.get("title", title)
        if title != held:
            raise Refused(
                f"The handle {shown(draft.handle)} is that of {shown(held)} on line {draft.title_line}: "
                "give this product a handle of its own"
            )

    def _fields(self, row: Row) -> dict[str, Any]:
        named = self._called
        path = (cells.text(row[key], named[key], cells.MOST_PATH) for key in ("category", "type"))
        return {
            "title": cells.text(row["title"], named["title"], cells.MOST_TITLE),
            "description": cells.text(row["description"], named["description"], cells.MOST_DESCRIPTION),
            "brand": cells.text(row["brand"], named["brand"]),
            "categories": tuple(dict.fromkeys(category for category in path if category)),
            "tags": cells.words(row["tags"].split(","), named["tags"]),
            "status": self._status(row),
        }

    def _status(self, row: Row) -> str:
        published = cells.flag(row["published"], self._called["published"])
        told = row["status"].lower()
        if told and told not in _STATUSES:
            raise Refused(f"Status {shown(told)} is unknown: write active, draft or archived")
        status = _STATUSES[told or "active"]
        return "draft" if published is False and status == "active" else status

    def _shopping(self, row: Row) -> dict[str, str]:
        return {key: cells.text(row[key], self._called[key], cells.MOST_PATH) for key in self._attributes if row[key]}

    def _image_part(self, draft: _Draft, row: Row) -> bool:
        if not row["image"]:
            return False
        try:
            url = cells.address(row["image"], self._called["image"])
            position = cells.whole(row["image_position"], self._called["image_position"])
            alt = cells.text(row["image_alt"], self._called["image_alt"], cells.MOST_URL)
        except Refused as refused:
            self._report.reject(row.line, f"The image was left out: {refused}")
            return True
        order = len(draft.images)
        draft.images.append((order + 1 if position is None else position, order, PlatformImage(url=url, alt=alt)))
        return True

    def _variant_part(self, draft: _Draft, row: Row) -> None:
        try:
            fields = self._variant_fields(row)
        except Refused as refused:
            draft.lost = True
            del draft.lines[row.line]
            self._report.reject(row.line, str(refused))
            return
        draft.variants.append((row.line, (row["value1"], row["value2"], row["value3"]), fields))

    def _variant_fields(self, row: Row) -> dict[str, Any]:
        named = self._called
        price, sale = self._prices(row)
        stock, in_stock = self._stock(row)
        policy = _POLICIES.get(row["policy"].lower())
        if policy is None:
            raise Refused(f"{named['policy']} {shown(row['policy'])} is unknown: write deny or continue")
        for value in ("value1", "value2", "value3"):
            cells.text(row[value], named[value])
        return {
            "barcode": cells.barcode(row["barcode"], named["barcode"]),
            "price": price,
            "sale_price": sale,
            "cost": cells.money(row["cost"], named["cost"]),
            "stock": stock,
            "in_stock": in_stock,
            "backorder": policy,
            "weight_g": cells.weight(row["grams"], named["grams"], "g"),
            "image_url": cells.address(row["variant_image"], named["variant_image"]),
            "attributes": self._shopping(row),
            "sku": self._sku(row),
        }

    def _prices(self, row: Row) -> tuple[Decimal | None, Decimal | None]:
        """Return the regular price and the lower one in force: a higher compare-at price is the regular one."""
        price = cells.money(row["price"], self._called["price"])
        before = cells.money(row["compare_at"], self._called["compare_at"])
        if price is not None and before is not None and before > price:
            return before, price
        return price, None

    def _stock(self, row: Row) -> tuple[int | None, bool]:
        """Return pieces and whether it can be sold; without an inventory tracker Shopify does not count the item."""
        pieces = cells.whole(row["quantity"], self._called["quantity"])
        if pieces is None or not (self._counted or row["tracker"]):
            return None, True
        return pieces, pieces > 0

    def _sku(self, row: Row) -> str:
        """Read the sku last: a row that was refused for something else does not hold its sku."""
        sku = cells.text(row["sku"], self._called["sku"])
        if sku and (first := self._skus.setdefault(sku, row.line)) != row.line:
            raise Refused(f"The SKU {shown(sku)} is on line {first} already: every variant needs its own")
        return sku

    def _product(self, draft: _Draft) -> PlatformProduct | None:
        variants = list(self._variants(draft))
        reason = self._why_not(draft, variants)
        if reason:
            for line in draft.lines:
                self._report.reject(line, reason)
            return None
        used = {name for variant in variants for name in variant.options}
        images = {image.url: image for *_, image in sorted(draft.images, key=_by_position)}
        return PlatformProduct(
            external_id=draft.handle,
            handle=draft.handle,
            images=tuple(images.values()),
            option_names=tuple(name for name in draft.names if name in used),
            variants=tuple(variants) or (_unsold(draft.handle),),
            **draft.fields,
        )

    def _why_not(self, draft: _Draft, variants: list[PlatformVariant]) -> str:
        """Return why this is no product, or "" when it is one."""
        if draft.refused_line:
            return f"Its product {shown(draft.handle)} was not taken, see line {draft.refused_line}"
        if not draft.title_line:
            return f"No row of {shown(draft.handle)} has a title: give one of them the product's title"
        names = [name for name in draft.names if name]
        if len(set(names)) < len(names):
            return f"Two options are called the same: {', '.join(map(shown, names))}"
        return f"No variant of {shown(draft.handle)} could be taken" if draft.lost and not variants else ""

    def _variants(self, draft: _Draft) -> Iterable[PlatformVariant]:
        seen: dict[_Values, int] = {}
        for line, values, fields in draft.variants:
            try:
                options = _options(draft.names, values)
                key = (
                    options.get(draft.names[0], ""),
                    options.get(draft.names[1], ""),
                    options.get(draft.names[2], ""),
                )
                if key in seen:
                    raise Refused(f"The variant on line {seen[key]} has the same options: each needs its own")
            except Refused as refused:
                draft.lost = True
                del draft.lines[line]
                self._report.reject(line, str(refused))
                continue
            seen[key] = line
            fields["attributes"] = {**draft.attributes, **fields["attributes"]}
            yield PlatformVariant(
                external_id=variant_id(draft.handle, options.values()),
                external_product_id=draft.handle,
                title=" / ".join(options.values()),
                options=options,
                **fields,
            )


def _by_position(image: tuple[int, int, PlatformImage]) -> tuple[int, int]:
    return image[0], image[1]


def _options(names: list[str], values: _Values) -> dict[str, str]:
    """Return the options by name; "Title: Default Title" is how Shopify writes that there are none."""
    if names[0].lower() in ("", "title") and values[0].lower() in ("", "default title"):
        names, values = ["", *names[1:]], ("", *values[1:])
    for number, (name, value) in enumerate(zip(names, values, strict=True), 1):
        if value and not name:
            raise Refused(
                f"Option{number} has the value {shown(value)} but no name: name it beside the product's title"
            )
        if name and not value:
            raise Refused(f"The value of option {shown(name)} is missing")
    return {name: value for name, value in zip(names, values, strict=True) if name}


def _unsold(handle: str) -> PlatformVariant:
    """Return the one variant of a product whose rows tell of none: it has no price."""
    return PlatformVariant(external_id=variant_id(handle, ()), external_product_id=handle)


def variant_id(handle: str, values: Iterable[str]) -> str:
    """Return the variant's id in this format: its handle and its option values with slashes between them."""
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in (handle, *values))
