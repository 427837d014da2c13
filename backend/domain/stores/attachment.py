"""The mailed link by which an account's owner takes in a store that was connected in their name (decision G10)."""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.mailed_links import ATTACH_STORE, MailedLinks
from backend.domain.access.repository import GrantRepository
from backend.domain.access.rules import MANAGERS, STORE_LINK_LIFE
from backend.domain.accounts.repository import AccountRepository
from backend.domain.stores.activation import OnConnected, activate
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.rules import store_held
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError, conflict, forbidden, not_found
from backend.kit.transaction import Transactions
from backend.models.accounts import MailedLink
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.mailer import Mailer


class StoreAttachment:
    """Takes mailed links in, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, on_connected: OnConnected) -> None:
        self._session = session
        self._on_connected = on_connected
        self._links = MailedLinks(session)
        self._stores = StoreRepository(session)
        self._grants = GrantRepository(session)

    async def look(self, actor: Actor, token: str) -> Store:
        """Return the store that a link would attach, for the page that asks; the link stays usable.

        Raises:   as `attach`.
        """
        return (await self._opened(actor, token))[1]

    async def attach(self, actor: Actor, token: str) -> Store:
        """Attach the store of a link, use the link up, and let the tokens whose bearers showed its keys see it.

        Raises:   invalid LINK_INVALID; forbidden LINK_OF_ANOTHER_USER, INSUFFICIENT_ROLE, STORE_HELD;
                  conflict STORE_NOT_PENDING when it was disconnected meanwhile; not_found.
        """
        link, store = await self._opened(actor, token)
        await self._stores.lock_address(store.platform, store.url)
        # Read again now that nobody else can connect this address.
        locked = await self._stores.find(actor, store.id, lock=True)
        if locked is None:
            raise not_found("Store")
        if await self._stores.is_held_by_other(actor.tenant, locked.platform, locked.url):
            raise store_held()
        if locked.state == "pending":
            await activate(self._session, locked, self._on_connected)
        elif locked.state == "disconnected":
            raise conflict("STORE_NOT_PENDING", "This store was disconnected; connect it again from the store")
        else:
            # In use already, but proven before the e-mail was confirmed: this proof counts from now on.
            locked.connected_at = utc_now()
        link.used_at = utc_now()
        await self._grants.prove(link.user_id, locked.id, locked.organization_id)
        return locked

    async def _opened(self, actor: Actor, token: str) -> tuple[MailedLink, Store]:
        if actor.role not in MANAGERS:
            raise forbidden("INSUFFICIENT_ROLE", "Log in as an owner or an admin to attach the store")
        link = await self._links.look(token, ATTACH_STORE)
        if link.user_id != actor.user_id:
            raise _of_another_user()
        store = await self._stores.find(actor, link.store_id) if link.store_id else None
        if store is None:
            raise not_found("Store")
        return link, store


class AttachLinkMailing:
    """The flow behind the job `stores.mail_attach_link`: make a link (tx), mail it."""

    def __init__(self, begin: Transactions, mailer: Mailer, public_url: str) -> None:
        self._begin = begin
        self._mailer = mailer
        self._public_url = public_url

    async def mail(self, user_id: uuid.UUID, store_id: uuid.UUID) -> None:
        """Mail a link; a second run mails a second link, which does no harm.

        Raises:   OSError when the mail server cannot be reached.
        """
        async with self._begin() as session:
            user = await AccountRepository(session).user(user_id)
            store = await StoreRepository(session).by_id(store_id)
            if user is None or store is None:
                return
            token = await MailedLinks(session).make(user_id, ATTACH_STORE, STORE_LINK_LIFE, store_id)
        if token is None:
            return
        link = f"{self._public_url}/panel/stores/attach?token={token}"
        body = _BODY.format(link=link, url=store.url)
        await self._mailer.send(to=user.email, subject="Attach a store to your Storeloom account", body=body)


def _of_another_user() -> DomainError:
    return forbidden("LINK_OF_ANOTHER_USER", "This link was mailed to somebody else; log in as that user")


_BODY = """\
Somebody connected the store {url} in the name of your Storeloom account.

If it is your store, follow this link within a day and log in to attach it:

{link}

If you do not know the store, do nothing: nothing of your account is shown to it and nothing is read from it.
"""
