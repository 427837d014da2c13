"""Who acts: every service takes one first, every read starts from its organization."""

import uuid

import msgspec

from backend.kit.errors import forbidden


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The acting person or machine."""

    organization_id: uuid.UUID | None
    """None: control of an account is not proven (decision G10); sees nothing."""
    user_id: uuid.UUID | None = None
    role: str = "owner"
    """`owner`, `admin`, `staff`; `plugin` for tokens born of store proof, `unproven` for those without any;
    `key` for API keys, `monitoring` for tokens of the price monitoring API;
    `system` for jobs and the operator's command line."""
    email: str = ""
    """As the caller gave it."""
    grant_id: uuid.UUID | None = None
    """The token in use, so that logout can revoke it."""
    store_url: str | None = None
    """The one store a plugin token is bound to."""
    key_id: uuid.UUID | None = None
    """The API key or monitoring token in use."""
    permission: str = ""
    """Of an API key: `read`, `write` or `admin`."""
    limit_per_hour: int | None = None
    """Of an API key or monitoring token: how many requests it has on its surface."""

    @property
    def tenant(self) -> uuid.UUID:
        """Return the acting organization; raise forbidden when there is none."""
        if self.organization_id is None:
            raise forbidden("NOT_PROVEN", "Connect the store first: this token has not proven control of the account")
        return self.organization_id


def system_actor(organization_id: uuid.UUID) -> Actor:
    """Return the actor of a job or of the operator's command line inside one organization."""
    return Actor(organization_id=organization_id, role="system")
