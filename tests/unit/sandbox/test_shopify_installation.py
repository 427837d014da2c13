"""Tokens of the simulated shop, by the clock."""

import pytest

from plugin_bridge.sandbox.shopify.installation import Grant, Installation
from plugin_bridge.sandbox.shopify.signing import host_param, sign_body, sign_query

DAY = 86_400.0


@pytest.fixture
def held() -> Installation:
    made = Installation()
    made.install("read_products")
    return made


def refresh_token(grant: Grant | None) -> str:
    assert grant is not None
    assert grant.refresh_token is not None
    return grant.refresh_token


def test_an_access_token_lasts_an_hour(held: Installation) -> None:
    grant = held.issue(0.0, expiring=True)
    assert held.find(grant.access_token, 3599.0) is not None
    assert held.find(grant.access_token, 3601.0) is None


def test_a_refresh_token_lasts_ninety_days(held: Installation) -> None:
    token = refresh_token(held.issue(0.0, expiring=True))
    assert held.refresh(token, 90 * DAY + 1) is None
    assert held.refresh(token, 90 * DAY - 1) is not None


def test_a_used_refresh_token_can_be_retried_for_thirty_days(held: Installation) -> None:
    token = refresh_token(held.issue(0.0, expiring=True))
    assert held.refresh(token, DAY) is not None
    assert held.refresh(token, 30 * DAY) is not None
    assert held.refresh(token, 31 * DAY + 1) is None


def test_retries_do_not_lengthen_the_time_for_retries(held: Installation) -> None:
    token = refresh_token(held.issue(0.0, expiring=True))
    for day in range(1, 31):
        assert held.refresh(token, day * DAY) is not None
    assert held.refresh(token, 32 * DAY) is None


def test_a_retired_token_is_dead_for_good(held: Installation) -> None:
    first = refresh_token(held.issue(0.0, expiring=True))
    second = refresh_token(held.refresh(first, 1.0))
    third = refresh_token(held.refresh(second, 2.0))
    assert held.refresh(first, 3.0) is None
    assert held.refresh(third, 4.0) is not None


def test_a_code_is_good_once_and_for_ten_minutes(held: Installation) -> None:
    code = held.authorize("read_products", 0.0, online=False)
    assert held.take_code(code, 1.0) is not None
    assert held.take_code(code, 1.0) is None
    late = held.authorize("read_products", 0.0, online=False)
    assert held.take_code(late, 601.0) is None


def test_installing_again_after_an_uninstall_is_another_generation(held: Installation) -> None:
    grant = held.issue(0.0, expiring=True)
    held.uninstall()
    assert held.find(grant.access_token, 1.0) is None
    held.install("read_orders")
    assert held.generation == 2
    assert held.find(grant.access_token, 1.0) is None
    assert held.refresh(refresh_token(grant), 1.0) is None


def test_writing_implies_reading(held: Installation) -> None:
    held.install("write_products, read_orders")
    assert held.granted == {"write_products", "read_products", "read_orders"}


def test_signatures_are_those_that_openssl_makes() -> None:
    query = {"shop": "a.myshopify.com", "timestamp": "1", "state": "a b=c"}
    assert sign_query(query, "hush") == "030cd4e3234e6e49cab7f0e4aa00cf909588ece0cdb91d19411ff2211beb11ce"
    assert sign_body(b'{"id":1}', "hush") == "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="
    assert host_param("a") == "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvYQ"
