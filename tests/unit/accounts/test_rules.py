"""What an e-mail address and a plan table must look like."""

from pathlib import Path

import pytest

from backend.domain.accounts.plans import load_plans
from backend.domain.accounts.rules import email_key, name_of_host, organization_name
from backend.kit.errors import DomainError
from backend.settings import SettingsError


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("a@example.com", "a@example.com"),
        ("  A.B+c@Example.COM ", "a.b+c@example.com"),
        ("o'hara@example.co.uk", "o'hara@example.co.uk"),
        ("admin@localhost", "admin@localhost"),
    ],
)
def test_an_email_is_compared_trimmed_and_in_lower_case(typed: str, key: str) -> None:
    assert email_key(typed) == key


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "a",
        "@example.com",
        "a@",
        "a@b@c",
        "a b@c.de",
        "a@b..de",
        "a..b@c.de",
        "a@.de",
        "a@de.",
        "a@-de",
        "a\n@b.de",
        "a@b.de\n\nx",
        "a\x00@b.de",
        "a,b@c.de",
        "<a@b.de>",
        '"a"@b.de',
        "a" * 65 + "@b.de",
        "a@" + "b" * 300,
        "jürgen@bücher.example",
        "\u200ba@b.de",
        ".a@b.de",
        "a.@b.de",
    ],
)
def test_an_impossible_email_is_refused(typed: str) -> None:
    with pytest.raises(DomainError, match="e-mail"):
        email_key(typed)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.shop.example.com/en", "shop.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_an_organization_is_named_after_its_first_stores_host(url: str, name: str) -> None:
    assert name_of_host(url) == name


@pytest.mark.parametrize("typed", ["", "  ", "\x00\x01"])
def test_a_name_must_hold_something(typed: str) -> None:
    with pytest.raises(DomainError):
        organization_name(typed)


def test_a_long_name_is_cut() -> None:
    assert len(organization_name("x" * 500)) == 120


def test_the_plan_table_is_the_one_of_the_product() -> None:
    plans = load_plans()
    assert plans.names == ["starter", "growth", "pro", "professional", "enterprise"]
    assert [plans.get(name).products for name in plans.names] == [1_000, 5_000, 50_000, 100_000, None]
    assert [plans.get(name).webhooks for name in plans.names] == [False, False, True, True, True]
    assert [plans.get(name).external_api for name in plans.names] == [False, False, False, False, True]
    assert [plans.get(name).sandbox for name in plans.names] == [False, False, False, True, True]
    assert plans.get("starter").developer_write is False
    assert (plans.get("growth").developer_per_day, plans.get("growth").developer_per_minute) == (500, 20)
    assert (plans.get("pro").developer_per_day, plans.get("pro").developer_per_minute) == (10_000, 200)
    assert plans.get("enterprise").external_per_hour == 1_000
    assert {plans.get(name).monitoring_per_hour for name in plans.names} == {2_500}


def test_an_unknown_plan_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(DomainError, match="starter, growth"):
        load_plans().get("gold")


def test_a_plan_that_was_dropped_from_the_file_counts_as_the_first() -> None:
    plans = load_plans()
    assert plans.limits_of("gold") == plans.get("starter")


def test_the_operator_may_bring_a_table_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(
        "[only]\nproducts = 7\ndeveloper_write = true\nwebhooks = true\nexternal_api = true\n"
        "monitoring_api = true\nsandbox = true\n"
    )
    plans = load_plans(str(file))
    assert plans.names == ["only"]
    assert plans.get("only").products == 7


@pytest.mark.parametrize("text", ["", "[a]\nproducts = 'many'", "[a]\nprodcts = 1", "not toml ["])
def test_a_broken_table_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match="STORELOOM_PLANS_FILE"):
        load_plans(str(file))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="STORELOOM_PLANS_FILE"):
        load_plans(str(tmp_path / "none.toml"))
