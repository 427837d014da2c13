"""Requests about personal data: taken down at once, carried out by a job; no store has to be connected for them."""

from backend.domain.inbound.handling import Handled, Handler, Handling, Read
from backend.domain.privacy.requests import Asked, PrivacyIntake
from backend.domain.privacy.subject import PersonalDataRequest


def requested(kind: str, read_request: Read[PersonalDataRequest]) -> Handler:
    """Take a request down, once for each organization that has, or had, the shop."""

    async def handle(handling: Handling) -> Handled:
        webhook = handling.webhook
        asked = Asked(kind=kind, webhook=webhook, request=read_request(handling.document()))
        taken = await PrivacyIntake(handling.session, handling.jobs).take(asked)
        # Whom it names stays nowhere else: the body goes when the last of the requests is carried out.
        return Handled(note=f"{taken} to be carried out" if taken else "nothing is held", keep_body=taken > 0)

    return handle
