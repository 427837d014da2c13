"""Takes webhooks in: is it genuine, keep it, then answer.

A platform sends in bursts. While one statement writes, whatever arrives waits and is written together by the next one:
one commit for many deliveries, and nobody is answered before the commit that holds theirs.
"""

import asyncio
import hashlib
from collections.abc import Mapping

import structlog
from msgspec.structs import replace

from backend.domain.inbound.repository import Kept, WebhookKeeping
from backend.domain.inbound.signers import Signers
from backend.kit.errors import not_found, unauthenticated
from backend.kit.outages import is_outage
from backend.kit.text import clipped, storable
from backend.ports.inbound_webhooks import InboundWebhook, WebhookReceiver, WebhookRefused
from backend.ports.job_queue import Doorbell, JobSpec

log = structlog.get_logger()

MOST_TOGETHER = 500
"""Deliveries per statement."""
MOST_BYTES_TOGETHER = 16_000_000
"""Bodies per statement, bytes: large ones are not piled up in memory once more."""
ANSWER_S = 4.0
"""Platforms wait five seconds: past this we say that we cannot, and they send it again."""
MOST_TEXT = 300
"""Characters of a delivery's names; they are indexed, and no platform's are longer."""


class WebhookIntake:
    """Accepts deliveries for as long as the process lives."""

    def __init__(
        self,
        keeping: WebhookKeeping,
        receivers: Mapping[str, WebhookReceiver],
        signers: Signers,
        doorbell: Doorbell,
        job: JobSpec,
    ) -> None:
        self._keeping = keeping
        self._receivers = receivers
        self._signers = signers
        self._doorbell = doorbell
        self._job = job
        self._waiting: list[tuple[Kept, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._ringing: set[asyncio.Task[None]] = set()

    async def accept(self, platform: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        """Return once a genuine delivery is kept, now or before; a ping is not kept.

        Args:     headers: names in lower case. query: of the address it was sent to. body: as it came.
        Raises:   not_found for an unknown platform; unauthenticated for what is not signed as it must be;
                  an outage (`kit.outages`) when it could not be kept: the platform sends it again.
        """
        if platform not in self._receivers:
            raise not_found("Platform")
        try:
            kept = await self._genuine(platform, headers, query, body)
        except WebhookRefused as refused:
            log.info("webhook.refused", platform=platform, reason=str(refused))
            raise unauthenticated("Not signed as it must be") from None
        if kept is not None:
            async with asyncio.timeout(ANSWER_S):
                await self.keep(kept)

    async def keep(self, kept: Kept) -> None:
        """Return when the delivery is committed; see `accept`. Whoever stops waiting does not stop a commit."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((kept, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def aclose(self) -> None:
        """Finish what is being written and rung for."""
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        await asyncio.gather(*self._ringing, return_exceptions=True)
        await self._keeping.aclose()

    async def _genuine(
        self, platform: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> Kept | None:
        receiver = self._receivers[platform]
        named = receiver.store_of(headers, query)
        if named is None:
            webhook = receiver.receive(headers, body, self._signers.of_app(platform))
            return None if webhook is None else Kept(_bounded(webhook), None)
        signer = await self._signers.of_store(platform, named)
        try:
            webhook = receiver.receive(headers, body, signer.secrets)
        except WebhookRefused:
            # Connected again a moment ago, its secret may be newer than the one we remember.
            newer = await self._signers.of_store(platform, named, newer_than=signer)
            if newer is signer:
                raise
            signer, webhook = newer, receiver.receive(headers, body, newer.secrets)
        if webhook is None:
            return None
        # What the store calls itself in a header is not signed; the secret says which store it is.
        return Kept(_bounded(replace(webhook, address=signer.address)), signer.store_id)

    async def _write_all(self) -> None:
        while self._waiting:
            group = self._next_group()
            if not group:
                return
            try:
                ids = await self._keeping.keep([kept for kept, _ in group], self._job)
            except Exception as error:
                await self._failed(group, error)
                continue
            for _, done in group:
                _settle(done)
            if ids:
                ringing = asyncio.create_task(self._doorbell.ring_for_all(self._job.queue, ids))
                self._ringing.add(ringing)
                ringing.add_done_callback(self._ringing.discard)

    def _next_group(self) -> list[tuple[Kept, "asyncio.Future[None]"]]:
        # Whoever left, or was told that we cannot, sends it again: nothing piles up while the database is slow.
        self._waiting = [one for one in self._waiting if not one[1].done()]
        taken = size = 0
        for kept, _ in self._waiting[:MOST_TOGETHER]:
            size += len(kept.webhook.body)
            if taken and size > MOST_BYTES_TOGETHER:
                break
            taken += 1
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group

    async def _failed(self, group: list[tuple[Kept, "asyncio.Future[None]"]], error: Exception) -> None:
        """Tell those who wait; what is wrong with one delivery must not be the trouble of all that came with it."""
        if len(group) == 1 or is_outage(error):
            for _, done in group:
                _settle(done, error)
            return
        for kept, done in group:
            try:
                await self._keeping.keep([kept], self._job)  # its job is found by the sweeper
            except Exception as own:
                _settle(done, own)
            else:
                _settle(done)


def _settle(done: "asyncio.Future[None]", error: Exception | None = None) -> None:
    if done.done():  # whoever asked has left
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _bounded(webhook: InboundWebhook) -> InboundWebhook:
    key = webhook.delivery_key
    if len(key) > MOST_TEXT or storable(key) != key:
        key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return replace(
        webhook,
        topic=clipped(storable(webhook.topic), MOST_TEXT),
        address=clipped(storable(webhook.address), MOST_TEXT),
        event_id=clipped(storable(webhook.event_id), MOST_TEXT),
        delivery_key=key,
    )
