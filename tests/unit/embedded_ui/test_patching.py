"""The way over the patch page: only back to our own pages, and never round in circles."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_ui.app.patching import PATH, checked_reload, just_patched, patch_address
from embedded_ui.app.query import pairs

SHOP = "lamp-shop.myshopify.com"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def reload_of(address: str) -> str:
    (reload,) = [value for name, value in parse_qsl(urlsplit(address).query) if name == "shopify-reload"]
    return reload


def test_the_way_back_keeps_everything_but_the_token() -> None:
    query = pairs(b"embedded=1&shop=lamp-shop.myshopify.com&id_token=secret&locale=de-DE&x=%C3%A4%20b&patched=1")
    address = patch_address("/app/runs/0190a8f0-7c3e-7e3b-8a55-000000000001", query, SHOP, NOW)
    assert address.startswith(f"{PATH}?shop={SHOP}&shopify-reload=")
    back = urlsplit(reload_of(address))
    assert back.path == "/app/runs/0190a8f0-7c3e-7e3b-8a55-000000000001"
    assert parse_qsl(back.query) == [
        ("embedded", "1"),
        ("shop", SHOP),
        ("locale", "de-DE"),
        ("x", "ä b"),
        ("patched", str(int(NOW.timestamp()))),
    ]
    assert "secret" not in address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://evil.com/app",
        "//evil.com/app",
        "/\\evil.com",
        "\\\\evil.com",
        "/app\\..\\..",
        "/app/../panel",
        "/app/%2e%2e/panel",
        "/app//evil.com",
        "/application",
        "/app@evil.com",
        "/app:80@evil.com",
        "/panel",
        "/app/x\n",
        "/app?x=1\r\nLocation: //evil.com",
        "/app?x=a b",
        "\t//evil.com",
        " /app",
        "/app#//evil.com",
        "/app?x=//evil.com",
        "javascript:alert(1)",
        "app",
        "/app/patch-id-token?shop=a.myshopify.com",
        "/app?x=\x00",
        "/app?x=ä",
        "/app?" + "a" * 3_000,
    ],
    ids=[f"text-{number}" for number in range(26)],
)
def test_a_way_back_that_is_not_ours_is_refused(text: str) -> None:
    assert checked_reload(text) is None


@given(path=st.text(max_size=30), query=st.binary(max_size=80))
def test_whatever_was_asked_for_the_way_back_is_a_page_of_ours(path: str, query: bytes) -> None:
    address = patch_address("/app" + path, pairs(query), SHOP, NOW)
    reload = reload_of(address)
    assert checked_reload(reload) == reload
    assert reload.startswith(("/app?", "/app/"))
    assert address.isascii()
    assert address.isprintable()
    assert just_patched(pairs(urlsplit(reload).query.encode()), NOW)


@pytest.mark.parametrize(
    ("age_s", "looping"), [(0, True), (29, True), (31, False), (-29, True), (-31, False), (86_400, False)]
)
def test_whoever_was_at_the_patch_page_a_moment_ago_does_not_go_there_again(age_s: int, looping: bool) -> None:
    then = NOW - timedelta(seconds=age_s)
    assert just_patched([("patched", str(int(then.timestamp())))], NOW) is looping


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1e9", "٣", "9" * 400], ids=["none", "x", "minus", "e", "arab", "long"]
)
def test_a_time_that_is_none_stops_nobody(text: str) -> None:
    assert just_patched([("patched", text)], NOW) is False
