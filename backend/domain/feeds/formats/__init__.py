"""How feeds are written: one file per template, one class per template and format. `FORMATS` lists them all.

To add a channel: a file with its classes, one line each here.
"""

from backend.domain.feeds.formats.base import FeedAbout, FeedFormat
from backend.domain.feeds.formats.google import GoogleCsv, GoogleXml
from backend.domain.feeds.formats.plain import PlainCsv, PlainJson
from backend.kit.errors import invalid

FORMATS: dict[tuple[str, str], type[FeedFormat]] = {
    ("google", "xml"): GoogleXml,
    ("google", "csv"): GoogleCsv,
    ("plain", "json"): PlainJson,
    ("plain", "csv"): PlainCsv,
}
"""(template, format) -> writer."""
DEFAULT_TEMPLATES = {"xml": "google", "csv": "google", "json": "plain"}
CONTENT_TYPES = {"xml": "application/xml; charset=utf-8", "csv": "text/csv; charset=utf-8", "json": "application/json"}


def known_template(template: str | None, output: str) -> str:
    """Return the template to use for an output format; None means its default.

    Raises:   invalid `FEED_FORMAT` or `FEED_TEMPLATE` that names what there is.
    """
    if output not in DEFAULT_TEMPLATES:
        raise invalid("FEED_FORMAT", f"The format must be one of {', '.join(DEFAULT_TEMPLATES)}", field="format")
    chosen = template or DEFAULT_TEMPLATES[output]
    if (chosen, output) not in FORMATS:
        there = ", ".join(f"{name} ({form})" for name, form in FORMATS)
        raise invalid("FEED_TEMPLATE", f"There is no such template for {output}; there are {there}", field="template")
    return chosen


__all__ = ["CONTENT_TYPES", "DEFAULT_TEMPLATES", "FORMATS", "FeedAbout", "FeedFormat", "known_template"]
