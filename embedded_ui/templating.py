"""The Jinja environment: everything is escaped, a name that is missing is an error, and how values are shown."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig

from backend.kit.clock import utc_now
from backend.kit.money import format_amount
from embedded_ui.app.views import polaris_tone, progress_line, state_badge
from embedded_ui.navigation import NAVIGATION, here

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
STATIC_PATH = "/panel/static"
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_NO_DECIMALS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"})
_STEPS = ((60, 60, "minute"), (3_600, 24, "hour"), (86_400, 30, "day"))


@lru_cache
def static(name: str) -> str:
    """Return the address of a file in `static/`; it changes with the content, so browsers may keep it for good."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{STATIC_PATH}/{name}?v={mark}"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago something was: "just now", "5 minutes ago"; a date when it is more than 30 days."""
    seconds = ((now or utc_now()) - moment).total_seconds()
    if seconds < 60:
        return "just now" if seconds > -60 else exact(moment)
    for size, most, unit in _STEPS:
        count = int(seconds // size)
        if count < most:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return moment.astimezone(UTC).strftime("%-d %B %Y")


def exact(moment: datetime) -> str:
    """Return a moment to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Return a span of time: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def number(value: int) -> str:
    """Return a whole number with commas between thousands."""
    return f"{value:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 product", "2,000 products"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency, never rounded: "12.50 EUR", "1200 JPY"."""
    places = 3 if currency in _THREE_DECIMALS else 0 if currency in _NO_DECIMALS else 2
    return f"{format_amount(amount, places)} {currency}".strip()


def web_link(url: str) -> str:
    """Return an address that may be a link, or "": a store could give `javascript:` for the page of a product."""
    return url if url.lower().startswith(("https://", "http://")) else ""


def words(code: str) -> str:
    """Return a machine code in words: `needs_reauth` -> "needs reauth"."""
    return code.replace("_", " ")


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (ago, exact, duration, number, money, web_link, words, polaris_tone, progress_line, state_badge):
        made.filters[function.__name__] = function
    made.globals.update(static=static, counted=counted, navigation=NAVIGATION, here=here)
    return made


ENVIRONMENT = _environment()
TEMPLATES: TemplateConfig[JinjaTemplateEngine] = TemplateConfig(
    instance=JinjaTemplateEngine.from_environment(ENVIRONMENT)
)
