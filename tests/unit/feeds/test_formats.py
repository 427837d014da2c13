"""Feeds as bytes: golden forms, and well-formed whatever the texts hold."""

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from backend.domain.feeds.formats import DEFAULT_TEMPLATES, FORMATS, FeedAbout, known_template
from backend.domain.feeds.items import FeedItem
from backend.kit.errors import DomainError
from tests.support.feed_rows import an_item

ABOUT = FeedAbout(
    slug="mugs", title="Mugs & more", link="https://hub.test/api/public/feeds/mugs", generated_at="2024-03-15T14:30:00Z"
)
G = "{http://base.google.com/ns/1.0}"


def written(template: str, output: str, items: Sequence[FeedItem]) -> bytes:
    writer = FORMATS[template, output](ABOUT)
    return writer.head() + writer.body(items[:1]) + writer.body([]) + writer.body(items[1:]) + writer.tail()


def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_s2s_25_google_xml_in_full() -> None:
    item = an_item(sale_price=Decimal("9.5"), options='{"Color": "Blue"}')
    assert written("google", "xml", [item]).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
        "<title>Mugs &amp; more</title>\n<link>https://hub.test/api/public/feeds/mugs</link>\n"
        "<description>Mugs &amp; more</description>\n"
        "<item>\n<g:id>42</g:id>\n<g:title>Mug</g:title>\n<g:description>Holds coffee &amp; tea</g:description>\n"
        "<g:link>https://shop.test/mug</g:link>\n<g:image_link>https://shop.test/1.jpg</g:image_link>\n"
        "<g:availability>in_stock</g:availability>\n<g:price>15.00 USD</g:price>\n<g:condition>new</g:condition>\n"
        "<g:additional_image_link>https://shop.test/2.jpg</g:additional_image_link>\n"
        "<g:sale_price>9.50 USD</g:sale_price>\n<g:gtin>4006381333931</g:gtin>\n<g:brand>Acme</g:brand>\n"
        "<g:product_type>Home &gt; Kitchen</g:product_type>\n<g:item_group_id>7</g:item_group_id>\n"
        "<g:color>Blue</g:color>\n</item>\n"
        "</channel>\n</rss>\n"
    )


def test_s2s_25_google_csv_in_full() -> None:
    head, line, end = written("google", "csv", [an_item()]).split(b"\r\n")
    assert head.startswith(b"id,title,description,link,image_link,additional_image_link,availability,")
    assert line.decode() == (
        "42,Mug,Holds coffee & tea,https://shop.test/mug,https://shop.test/1.jpg,https://shop.test/2.jpg,in_stock,,"
        "15.00 USD,,Acme,4006381333931,,,new,,Home > Kitchen,,,,,,,"
    )
    assert end == b""


def test_plain_json_in_full() -> None:
    body = json.loads(written("plain", "json", [an_item(), an_item(id=43, barcode="", sku="", weight_g=None)]))
    assert body["feed"] == {"slug": "mugs", "title": "Mugs & more", "generated_at": "2024-03-15T14:30:00Z"}
    first, second = body["products"]
    assert first == {
        "id": "42",
        "group_id": None,
        "sku": "MUG-1",
        "title": "Mug",
        "description": "Holds coffee & tea",
        "url": "https://shop.test/mug",
        "image_url": "https://shop.test/1.jpg",
        "additional_image_urls": ["https://shop.test/2.jpg"],
        "price": "15.00",
        "sale_price": None,
        "currency": "USD",
        "availability": "in_stock",
        "brand": "Acme",
        "category": "Home > Kitchen",
        "gtin": "4006381333931",
        "mpn": None,
        "condition": "new",
        "options": {},
        "weight_g": 300,
    }
    assert (second["gtin"], second["sku"], second["weight_g"]) == (None, None, None)


def test_plain_csv_has_the_fields_of_plain_json() -> None:
    (row,) = lines(written("plain", "csv", [an_item(options='{"Color": "Blue", "Size": "L"}')]))
    assert list(row) == list(json.loads(written("plain", "json", [an_item()]))["products"][0])
    assert (row["options"], row["weight_g"], row["sale_price"]) == ("Color=Blue; Size=L", "300", "")


@pytest.mark.parametrize(("template", "output"), FORMATS)
def test_a_feed_without_items_is_well_formed(template: str, output: str) -> None:
    body = written(template, output, [])
    if output == "xml":
        assert etree.fromstring(body).findall("channel/item") == []
    elif output == "json":
        assert json.loads(body)["products"] == []
    else:
        assert lines(body) == []


def test_s2s_25_google_limits_are_kept() -> None:
    long = {"title": "t" * 400, "description": "d" * 9000, "brand": "b" * 200, "categories": ["c" * 900]}
    item = etree.fromstring(written("google", "xml", [an_item(long)])).find("channel/item")
    sizes = {name: len(item.findtext(G + name)) for name in ("title", "description", "brand", "product_type")}
    assert sizes == {"title": 150, "description": 5000, "brand": 70, "product_type": 750}


def test_s2s_25_an_item_without_description_repeats_its_title() -> None:
    item = etree.fromstring(written("google", "xml", [an_item({"description": "<p></p>"})])).find("channel/item")
    assert item.findtext(G + "description") == "Mug"


@pytest.mark.parametrize(
    ("product", "reason"),
    [({"title": " "}, "title_missing"), ({"url": ""}, "link_missing"), ({"images": "[]"}, "image_link_missing")],
)
@pytest.mark.parametrize("output", ["xml", "csv"])
def test_s2s_25_an_item_without_a_required_attribute_is_refused_by_name(
    output: str, product: dict[str, Any], reason: str
) -> None:
    assert FORMATS["google", output](ABOUT).refusal(an_item(product)) == reason


def test_items_without_identifiers_say_so() -> None:
    body = written("google", "xml", [an_item(barcode=""), an_item(barcode="", attributes='{"mpn": "M1"}')])
    flags = [item.findtext(G + "identifier_exists") for item in etree.fromstring(body).iter("item")]
    assert flags == ["no", None]


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-2", "@cmd"])
@pytest.mark.parametrize("template", ["google", "plain"])
def test_no_cell_begins_as_a_formula(template: str, title: str) -> None:
    (row,) = lines(written(template, "csv", [an_item({"title": f"\t {title}"})]))
    assert row["title"] == "'" + title


TEXTS = st.text(max_size=80)
PRODUCTS = st.fixed_dictionaries(
    {"title": TEXTS, "description": TEXTS, "brand": TEXTS, "categories": st.lists(TEXTS, max_size=2)}
    | {"url": TEXTS.map(lambda tail: "https://shop.test/" + tail)}
)


@given(product=PRODUCTS, title=TEXTS, sku=TEXTS, color=TEXTS)
def test_any_texts_give_well_formed_xml(product: dict[str, Any], title: str, sku: str, color: str) -> None:
    item = an_item(product, title=title, sku=sku, options=json.dumps({"Color": color}))
    found = etree.fromstring(written("google", "xml", [item])).findall("channel/item")
    assert len(found) == 1
    assert found[0].findtext(G + "id") == "42"


@given(product=PRODUCTS, title=TEXTS, sku=TEXTS)
def test_any_texts_give_readable_csv(product: dict[str, Any], title: str, sku: str) -> None:
    for template in ("google", "plain"):
        (row,) = lines(written(template, "csv", [an_item(product, title=title, sku=sku)]))
        assert row["id"] == "42"
        assert None not in row
        assert not any(cell[:1] in set("=+-@") for cell in row.values() if cell)


@given(product=PRODUCTS, title=TEXTS, sku=TEXTS)
def test_any_texts_give_readable_json(product: dict[str, Any], title: str, sku: str) -> None:
    body = json.loads(written("plain", "json", [an_item(product, title=title, sku=sku)]))
    assert body["products"][0]["id"] == "42"


def test_each_format_has_a_default_template() -> None:
    assert {output: known_template(None, output) for output in DEFAULT_TEMPLATES} == {
        "xml": "google",
        "csv": "google",
        "json": "plain",
    }


@pytest.mark.parametrize(("template", "output"), [("google", "json"), ("nonsense", "xml"), (None, "pdf")])
def test_an_unknown_combination_names_what_there_is(template: str | None, output: str) -> None:
    with pytest.raises(DomainError, match=r"xml"):
        known_template(template, output)
