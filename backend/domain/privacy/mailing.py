"""Telling a merchant that an export waits for them."""

import uuid

from backend.domain.privacy.repository import PrivacyRepository
from backend.kit.transaction import Transactions
from backend.ports.mailer import Mailer

PANEL_PATH = "/panel/privacy"


class ExportMailing:
    """The flow behind the job `privacy.mail_export_link`. The mail holds no personal data of the customer."""

    def __init__(self, begin: Transactions, mailer: Mailer, public_url: str) -> None:
        self._begin = begin
        self._mailer = mailer
        self._public_url = public_url

    async def mail(self, request_id: uuid.UUID) -> None:
        """Mail every owner; a second run mails again, which does no harm.

        Raises:   OSError when the mail server cannot be reached.
        """
        async with self._begin() as session:
            rows = PrivacyRepository(session)
            request = await rows.by_id(request_id)
            if request is None or request.organization_id is None or request.export_key is None:
                return
            owners = await rows.owners(request.organization_id)
        due = request.due_at.strftime("%d %B %Y")
        body = _BODY.format(shop=request.address, due=due, link=f"{self._public_url.rstrip('/')}{PANEL_PATH}")
        for owner in owners:
            await self._mailer.send(to=owner, subject="A customer asked for their data", body=body)


_BODY = """\
A customer of {shop} asked what data is held about them. Storeloom has gathered what it holds; fetch the file and
hand it to the customer by {due}:

{link}

Log in as an owner or an admin. The file is removed after 30 days.
"""
