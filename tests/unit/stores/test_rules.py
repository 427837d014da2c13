"""What a connect request may do, and under which address a store is kept (decision G10)."""

import pytest

from backend.domain.stores.rules import Outcome, decide, effective_url, refusal
from backend.kit.errors import ErrorKind
from backend.ports.platform_errors import Cause, StoreRefused, StoreUnavailable


@pytest.mark.parametrize(
    ("account_is_new", "pair_is_known", "held_by_other", "outcome"),
    [
        (True, False, False, Outcome.PROVEN),
        (False, True, False, Outcome.PROVEN),
        (False, False, False, Outcome.WAITS),
        (True, False, True, Outcome.HELD),
        (False, True, True, Outcome.HELD),
        (False, False, True, Outcome.HELD),
    ],
)
def test_g10_only_new_accounts_and_known_pairs_are_proven_by_keys(
    account_is_new: bool, pair_is_known: bool, held_by_other: bool, outcome: Outcome
) -> None:
    decided = decide(account_is_new=account_is_new, pair_is_known=pair_is_known, held_by_other=held_by_other)
    assert decided is outcome


@pytest.mark.parametrize(
    ("asked", "answered", "kept"),
    [
        ("https://shop.example", "https://shop.example", "https://shop.example"),
        ("http://shop.example", "https://shop.example", "https://shop.example"),
        ("http://shop.example", "https://www.shop.example", "https://www.shop.example"),
        ("https://www.shop.example/a", "https://shop.example/a", "https://shop.example/a"),
        ("https://shop.example", "http://shop.example", "https://shop.example"),
        ("https://shop.example", "https://victim.example", "https://shop.example"),
        ("https://shop.example", "https://shop.example.evil", "https://shop.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:9090", "http://127.0.0.1:8080"),
    ],
)
def test_g10_a_store_may_name_another_scheme_or_www_and_nothing_else(asked: str, answered: str, kept: str) -> None:
    assert effective_url(asked, answered) == kept


@pytest.mark.parametrize(
    ("cause", "kind", "code"),
    [
        (Cause.KEY_REVOKED, ErrorKind.UNAUTHENTICATED, "KEY_REVOKED"),
        (Cause.WRONG_SECRET, ErrorKind.UNAUTHENTICATED, "WRONG_SECRET"),
        (Cause.READ_ONLY_KEY, ErrorKind.FORBIDDEN, "READ_ONLY_KEY"),
        (Cause.USER_DEMOTED, ErrorKind.FORBIDDEN, "USER_DEMOTED"),
        (Cause.PLATFORM_MISSING, ErrorKind.INVALID, "PLATFORM_MISSING"),
        (Cause.MOVED, ErrorKind.INVALID, "MOVED"),
    ],
)
def test_s2s_08_a_refusal_keeps_its_cause(cause: Cause, kind: ErrorKind, code: str) -> None:
    told = refusal(StoreRefused(cause, "Do this"))
    assert (told.kind, told.code, told.message) == (kind, code, "Do this")


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (Cause.NOT_JSON, "NOT_JSON"),
        (Cause.THROTTLED, "THROTTLED"),
        (Cause.TIMEOUT, "STORE_UNAVAILABLE"),
        (Cause.UNREACHABLE, "STORE_UNAVAILABLE"),
        (Cause.SERVER_ERROR, "STORE_UNAVAILABLE"),
    ],
)
def test_s2s_08_a_store_out_of_order_is_upstreams_failure(cause: Cause, code: str) -> None:
    told = refusal(StoreUnavailable(cause, "Try again"))
    assert (told.kind, told.code) == (ErrorKind.UPSTREAM_FAILED, code)


def test_s2s_08_secrets_are_taken_out_of_what_a_store_says() -> None:
    told = refusal(StoreRefused(Cause.REFUSED, "bad cs_abc!"), ("ck_x", "cs_abc", ""))
    assert told.message == "bad …!"
