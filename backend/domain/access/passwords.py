"""Logging in with a password, and setting one by a mailed link."""

import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.mailed_links import PASSWORD, MailedLinks
from backend.domain.access.repository import GrantRepository
from backend.domain.access.rules import PASSWORD_LINK_LIFE, PASSWORD_MAX, check_new_password
from backend.domain.access.signing_keys import SigningKeys
from backend.domain.access.tokens import IssuedToken, TokenIssuer
from backend.domain.accounts.repository import AccountRepository
from backend.domain.accounts.rules import email_key
from backend.domain.jobs.service import JobRecorder
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError, not_found, unauthenticated
from backend.kit.passwords import hash_password, password_fits
from backend.kit.transaction import Transactions
from backend.ports.actor import Actor
from backend.ports.mailer import Mailer

MAIL_LINK_JOB = "access.mail_password_link"
WRONG = "The e-mail or the password is wrong"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A successful login."""

    token: str
    user_id: uuid.UUID
    email: str


class PasswordLogin:
    """The flow of a login: read (tx), compare without a connection, record (tx)."""

    def __init__(self, begin: Transactions, keys: SigningKeys) -> None:
        self._begin = begin
        self._keys = keys

    async def login(self, email: str, password: str) -> Login:
        """Return a token for the right e-mail and password.

        Raises:   unauthenticated, the same and after the same work for an unknown e-mail, an account without a
                  password and a wrong password.
        """
        async with self._begin() as session:
            user = await AccountRepository(session).user_by_email(_key_or_nobody(email))
        fits = await password_fits(password[: PASSWORD_MAX + 1], user.password_hash if user else None)
        if user is None or not fits:
            raise unauthenticated(WRONG)
        async with self._begin() as session:
            issued = await issue_panel_token(session, self._keys, user.id)
        return Login(token=issued.token, user_id=user.id, email=user.email)


async def issue_panel_token(session: AsyncSession, keys: SigningKeys, user_id: uuid.UUID) -> IssuedToken:
    """Issue a token for a user's first organization; raise unauthenticated when the user has none."""
    memberships = await AccountRepository(session).memberships(user_id)
    if not memberships:
        raise unauthenticated(WRONG)
    return await TokenIssuer(session, keys).panel(user_id, memberships[0].organization_id)


class AccessService:
    """Tokens and passwords inside the caller's transaction."""

    def __init__(self, session: AsyncSession, keys: SigningKeys, jobs: JobRecorder) -> None:
        self._session = session
        self._keys = keys
        self._jobs = jobs
        self._accounts = AccountRepository(session)
        self._grants = GrantRepository(session)
        self._links = MailedLinks(session)

    async def logout(self, actor: Actor) -> None:
        """Revoke the token in use."""
        if actor.grant_id is not None:
            await self._grants.revoke(actor.grant_id)

    async def token_for(self, email: str) -> str:
        """Return a panel token for a user: the operator's command `jwt create`.

        Raises:   invalid EMAIL_INVALID; unauthenticated when no such user belongs to an organization.
        """
        user = await self._accounts.user_by_email(email_key(email))
        if user is None:
            raise unauthenticated("There is no user with this e-mail")
        return (await issue_panel_token(self._session, self._keys, user.id)).token

    async def token_for_owner(self, organization_id: uuid.UUID) -> str:
        """Return a panel token for an organization's owner: for the operator's commands.

        Raises:   not_found when there is no such organization, or nobody who can log in to it.
        """
        user = await self._accounts.owner_of(organization_id)
        if user is None:
            raise not_found("Owner of the organization")
        return (await TokenIssuer(self._session, self._keys).panel(user.id, organization_id)).token

    async def forget_password(self, email: str) -> None:
        """Have a link mailed that sets a new password; says nothing about whether the e-mail is known.

        Raises:   invalid EMAIL_INVALID.
        """
        user = await self._accounts.user_by_email(email_key(email))
        if user is not None:
            await self._jobs.record(
                MAIL_LINK_JOB,
                {"user_id": str(user.id)},
                organization_id=None,
                unique_key=f"{MAIL_LINK_JOB}:{user.id}",
            )

    async def check_password_link(self, token: str) -> None:
        """Raise invalid LINK_INVALID when a mailed token sets no password (any more); the link stays usable."""
        await self._links.look(token, PASSWORD)

    async def reset_password(self, token: str, password: str) -> None:
        """Set a password by a mailed link; every token and every other password link of the user ends.

        Raises:   invalid PASSWORD_INVALID, LINK_INVALID.
        """
        check_new_password(password)
        # Hashed before the first statement: no connection is held meanwhile.
        hashed = await hash_password(password)
        link = await self._links.take(token, PASSWORD)
        user = await self._accounts.user(link.user_id)
        if user is None:
            raise unauthenticated()
        user.password_hash = hashed
        # Following a mailed link is what confirms an e-mail; see `rules.is_known_pair`.
        user.email_confirmed_at = user.email_confirmed_at or utc_now()
        await self._links.use_up(user.id, PASSWORD)
        await self._grants.revoke_all(user.id)


class PasswordLinkMailing:
    """The flow behind the job `access.mail_password_link`: make a link (tx), mail it."""

    def __init__(self, begin: Transactions, mailer: Mailer, public_url: str) -> None:
        self._begin = begin
        self._mailer = mailer
        self._public_url = public_url

    async def mail(self, user_id: uuid.UUID) -> None:
        """Mail a link; a second run mails a second link, which does no harm.

        Raises:   OSError when the mail server cannot be reached.
        """
        async with self._begin() as session:
            user = await AccountRepository(session).user(user_id)
            token = await MailedLinks(session).make(user_id, PASSWORD, PASSWORD_LINK_LIFE) if user else None
        if user is None or token is None:
            return
        link = f"{self._public_url}/panel/password/reset?token={token}"
        await self._mailer.send(to=user.email, subject="Set your Storeloom password", body=_BODY.format(link=link))


_BODY = """\
Somebody asked to set a password for your Storeloom account.

Follow this link within an hour to choose one:

{link}

If it was not you, do nothing: your account stays as it is.
"""


def _key_or_nobody(email: str) -> str:
    try:
        return email_key(email)
    except DomainError:
        return ""
