"""The file that answers a customer's question: everything we hold about them for one shop."""

from typing import Any

import msgspec

from backend.domain.privacy.repository import PrivacyRepository
from backend.domain.privacy.subject import Subject, is_about
from backend.kit.clock import iso_z, utc_now
from backend.kit.transaction import Transactions
from backend.models.inbound import PrivacyRequest, ReceivedWebhook
from backend.ports.blob_store import BlobWriter

BATCH = 200


async def write_export(
    begin: Transactions, request: PrivacyRequest, webhook: ReceivedWebhook, subject: Subject, file: BlobWriter
) -> int:
    """Write the export as one JSON object; return how many things it holds.

    What we hold about customers are the messages that their shop sent us; they are written out as they came.
    """
    head = {
        "shop": request.address,
        "request": request.external_id,
        "customer_id": subject.customer_id,
        "generated_at": iso_z(utc_now()),
    }
    await file.write(msgspec.json.encode(head)[:-1] + b',"messages":[')
    found = after = 0
    while True:
        async with begin() as session:
            page = await PrivacyRepository(session).bodies(webhook, request.organization_id, after=after, most=BATCH)
        for one in page:
            if is_about(subject, one.topic, one.body):
                await file.write((b"," if found else b"") + msgspec.json.encode(_message(one)))
                found += 1
        if not page:
            break
        after = page[-1].id
    await file.write(b"]}")
    return found


def _message(webhook: ReceivedWebhook) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(webhook.body)
    except (msgspec.DecodeError, RecursionError):
        content = webhook.body.decode("utf-8", "replace")
    return {"topic": webhook.topic, "received_at": iso_z(webhook.received_at), "content": content}
