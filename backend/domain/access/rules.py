"""How long proofs last and what counts as one: pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from backend.kit.errors import invalid

PLUGIN_TOKEN_LIFE = timedelta(days=365)
"""The WooCommerce plugin keeps its token and has no way to renew it but connecting again."""
UNPROVEN_TOKEN_LIFE = timedelta(days=1)
PANEL_TOKEN_LIFE = timedelta(days=7)
LONGEST_TOKEN_LIFE = max(PLUGIN_TOKEN_LIFE, UNPROVEN_TOKEN_LIFE, PANEL_TOKEN_LIFE)
PASSWORD_LINK_LIFE = timedelta(hours=1)
STORE_LINK_LIFE = timedelta(hours=24)
MAILS_PER_HOUR = 3
"""Links of one purpose mailed to one user; more would let a stranger flood a mailbox."""

PASSWORD_MIN, PASSWORD_MAX = 8, 200

ROLE_PLUGIN = "plugin"
"""Of tokens born of store proof: good for the plugin's endpoints only."""
ROLE_UNPROVEN = "unproven"
"""Of tokens whose bearer has proven nothing: good for account-status only."""
MANAGERS = frozenset({"owner", "admin", "system"})
"""Who may connect and disconnect stores."""


def is_known_pair(proofs: Iterable[datetime], email_confirmed_at: datetime | None) -> bool:
    """Tell whether working store keys alone open an account for this user and store address.

    Before the owner of an e-mail confirmed it, a stranger may have registered it and proven stores of their own:
    proofs older than the confirmation count no more (decision G10).
    """
    return any(email_confirmed_at is None or proof >= email_confirmed_at for proof in proofs)


def check_new_password(password: str) -> None:
    """Raise invalid PASSWORD_INVALID when a password is too short or too long to be accepted."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise invalid(
            "PASSWORD_INVALID",
            f"password: this must have {PASSWORD_MIN} to {PASSWORD_MAX} characters",
            field="password",
        )
