"""Which proofs count (decision G10)."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.access.rules import check_new_password, is_known_pair
from backend.kit.errors import DomainError

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
EARLIER, LATER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("proofs", "confirmed_at", "known"),
    [
        ([], None, False),
        ([], NOON, False),
        ([EARLIER], None, True),
        ([EARLIER], NOON, False),
        ([LATER], NOON, True),
        ([NOON], NOON, True),
        ([EARLIER, LATER], NOON, True),
    ],
)
def test_g10_proofs_from_before_the_email_was_confirmed_count_no_more(
    proofs: list[datetime], confirmed_at: datetime | None, known: bool
) -> None:
    assert is_known_pair(proofs, confirmed_at) is known


@pytest.mark.parametrize("password", ["", "1234567", "x" * 201])
def test_g17_a_password_has_a_length(password: str) -> None:
    with pytest.raises(DomainError):
        check_new_password(password)


@pytest.mark.parametrize("password", ["12345678", "x" * 200, "пароль-пароль"])
def test_g17_a_password_may_be_anything_else(password: str) -> None:
    check_new_password(password)
