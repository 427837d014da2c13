"""How values look on pages, and where a login may lead."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from embedded_ui import templating
from embedded_ui.csrf import form_token
from embedded_ui.navigation import here
from embedded_ui.panel.login import page_after_login
from embedded_ui.templating import ENVIRONMENT, ago, counted, duration, money, web_link

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_every_template_compiles() -> None:
    names = ENVIRONMENT.list_templates()
    assert len(names) > 10
    for name in names:
        ENVIRONMENT.get_template(name)


def test_everything_is_escaped() -> None:
    assert ENVIRONMENT.from_string("{{ it }}").render(it="<b>'\"") == "&lt;b&gt;&#39;&#34;"


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=24), "1 day ago"),
        (timedelta(days=29, hours=23), "29 days ago"),
        (timedelta(days=30), "1 January 2026"),
        (timedelta(days=-1), "2026-02-01 12:00:00 UTC"),
    ],
)
def test_how_long_ago(before: timedelta, shown: str) -> None:
    assert ago(NOW - before, NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_how_long_it_took(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("12.5", "EUR", "12.50 EUR"),
        ("12.505", "EUR", "12.505 EUR"),
        ("1200.000000", "JPY", "1200 JPY"),
        ("1.5", "KWD", "1.500 KWD"),
        ("1E+3", "EUR", "1000.00 EUR"),
        ("3", "", "3.00"),
    ],
)
def test_money_keeps_all_it_has(amount: str, currency: str, shown: str) -> None:
    assert money(Decimal(amount), currency) == shown


def test_numbers_come_with_their_noun() -> None:
    assert [counted(1, "store"), counted(2000, "store"), counted(0, "it is", "they are")] == [
        "1 store",
        "2,000 stores",
        "0 they are",
    ]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " https://x", "//x", "data:text/html,x", "", "ftp://x", "jAvAscript:"]
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    assert web_link(url) == ""


def test_web_addresses_are_links() -> None:
    assert web_link("HTTPS://shop.example.com/") == "HTTPS://shop.example.com/"


@pytest.mark.parametrize(
    "wanted", ["/panel", "/panel/", "/panel?done=x", "/panel/stores/attach?token=a-b_c", "/panel//x"]
)
def test_a_login_leads_to_our_pages(wanted: str) -> None:
    assert page_after_login(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "panel",
        "https://evil.example/panel",
        "//evil.example/panel",
        "/\\evil.example",
        "/panel\\@evil.example",
        "/panelx",
        "/panel/x\n",
        "/panel/\r\nSet-Cookie: a=b",
        "/panel/é",
        "/api/docs",
        "/panel/login?next=/panel",
        "/panel/" + "x" * 3000,
    ],
)
def test_a_login_leads_nowhere_else(wanted: str) -> None:
    assert page_after_login(wanted) == "/panel"


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/panel", "/panel"),
        ("/panel/runs/1", "/panel"),
        ("/panel/products/7", "/panel/products"),
        ("/panel/feeds", "/panel/feeds"),
        ("/panel/inbox/links", "/panel/inbox"),
    ],
)
def test_the_navigation_marks_where_one_is(path: str, entry: str) -> None:
    assert here(path) == entry


def test_the_address_of_a_file_changes_with_its_content(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templating, "STATIC", tmp_path)
    addresses = []
    for content in ("a", "b"):
        (tmp_path / "x.css").write_text(content)
        templating.static.cache_clear()
        addresses.append(templating.static("x.css"))
    templating.static.cache_clear()
    assert addresses[0] != addresses[1]
    assert addresses[0].startswith("/panel/static/x.css?v=")


def test_a_form_token_does_not_hold_the_secret_it_is_made_of() -> None:
    assert "secret" not in form_token("secret")
    assert form_token("secret") != form_token("secreT")
