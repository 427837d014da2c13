"""When a state that comes back counts."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.stores.consents import NewConsent, StateFault, fault_of
from backend.domain.stores.shopify_refusals import not_genuine, state_refused
from backend.kit.crypto import token_hash
from backend.models.stores import OAuthState
from backend.ports.shopify_app import NotGenuine

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADDRESS, BROWSER = "https://a.myshopify.com", "what the browser kept"


def state(**over: Any) -> OAuthState:
    values: dict[str, Any] = {
        "organization_id": uuid.uuid4(),
        "address": ADDRESS,
        "browser_hash": token_hash(BROWSER),
        "expires_at": NOW + timedelta(minutes=10),
        "used_at": None,
    }
    return OAuthState(**{**values, **over})


def test_a_state_counts_in_its_browser_for_its_shop_in_time() -> None:
    assert fault_of(state(), address=ADDRESS, browser=BROWSER, now=NOW) is None


@pytest.mark.parametrize(
    ("over", "shown", "fault"),
    [
        ({"used_at": NOW}, {}, StateFault.USED),
        ({"expires_at": NOW}, {}, StateFault.EXPIRED),
        ({}, {"address": "https://b.myshopify.com"}, StateFault.OTHER_SHOP),
        ({}, {"browser": "another"}, StateFault.OTHER_BROWSER),
        ({}, {"browser": ""}, StateFault.OTHER_BROWSER),
        ({"browser_hash": None}, {"browser": ""}, StateFault.OTHER_BROWSER),
    ],
    ids=["used", "expired", "shop", "browser", "no cookie", "nothing to compare with"],
)
def test_anything_else_does_not_count(over: dict[str, Any], shown: dict[str, str], fault: StateFault) -> None:
    asked = {"address": ADDRESS, "browser": BROWSER, **shown}
    assert fault_of(state(**over), **asked, now=NOW) is fault  # type: ignore[arg-type]


def test_the_last_second_still_counts() -> None:
    late = NOW + timedelta(minutes=10) - timedelta(microseconds=1)
    assert fault_of(state(), address=ADDRESS, browser=BROWSER, now=late) is None


@pytest.mark.parametrize("fault", list(StateFault), ids=lambda one: one.value)
def test_every_fault_has_a_sentence(fault: StateFault) -> None:
    assert len(state_refused(fault).message) > 10


@pytest.mark.parametrize("code", ["parameters", "shop", "signature", "timestamp", "a code of tomorrow"])
def test_a_sentence_never_repeats_what_the_caller_sent(code: str) -> None:
    assert "evil" not in not_genuine(NotGenuine(code, "evil.com sent this")).message


def test_a_new_state_does_not_print_itself() -> None:
    assert repr(NewConsent(state="secret", browser="secret")) == "NewConsent(…)"
