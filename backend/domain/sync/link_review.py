"""Products of stores that may be the same article: looking at them, deciding, and cutting a link that was wrong."""

import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS
from backend.domain.audit.service import AuditTrail
from backend.domain.catalog.linking_moves import LinkMoves, Teller
from backend.domain.stores.repository import StoreRepository
from backend.domain.sync.link_review_repository import LinkReviewRepository, SuggestionRow
from backend.kit.clock import utc_now
from backend.kit.errors import conflict, forbidden, not_found
from backend.kit.text import clipped, storable
from backend.models.catalog import LinkSuggestion
from backend.ports.actor import Actor

REVIEWERS = MANAGERS | {"staff"}
"""Who may decide which articles are the same."""
MOST_PAGE = 250
MOST_REASON = 500
_MOST_ID = 2**63 - 1


class LinkReview:
    """The review queue of links, inside the caller's transaction.

    Whoever decides holds the store's lock and the organization's, as a merge does; of two who decide the same thing at
    once the second gets a conflict.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._rows = LinkReviewRepository(session)
        self._stores = StoreRepository(session)
        self._audit = AuditTrail(session)

    async def open(self, actor: Actor, below: int | None = None, limit: int = 50) -> list[SuggestionRow]:
        """Return one page of what is to be decided, newest first.

        Args:     below: the last id of the page before. limit: 1..250.
        Raises:   forbidden INSUFFICIENT_ROLE.
        """
        _check(actor)
        least = _MOST_ID if below is None else max(0, min(below, _MOST_ID))
        return await self._rows.open(actor, least, max(1, min(limit, MOST_PAGE)))

    async def confirm(self, actor: Actor, suggestion_id: int) -> int:
        """Make the store's product the candidate, and return the candidate's id.

        Its variants become those of the candidate that they match by sku, barcode or options; what matches none is a
        further variant of it. The store is written nothing because of it.

        Raises:   forbidden INSUFFICIENT_ROLE; not_found; conflict SUGGESTION_DECIDED, SUGGESTION_OUTDATED when one of
                  the two is gone or became another one since, PRODUCT_LINKED when the store shows both.
        """
        found = await self._claimed(actor, suggestion_id)
        link = await self._rows.link(actor, found.store_id, found.external_id)
        there, shown = await self._rows.state(actor, found.store_id, found.candidate_id)
        if link is None or link.product_id != found.product_id or not there:
            raise conflict("SUGGESTION_OUTDATED", "One of the two products is gone, or was linked otherwise meanwhile")
        if shown:
            raise conflict("PRODUCT_LINKED", "The store shows the other product already, under another number")
        moves = LinkMoves(self._session, actor.tenant, found.store_id)
        emptied = await moves.join(found.external_id, found.product_id, found.candidate_id, Teller(actor=_who(actor)))
        _decide(found, actor, "confirmed")
        await self._session.flush()
        await self._rows.joined(actor, found, emptied=emptied)
        await self._record(actor, "sync.confirm_link", found)
        return found.candidate_id

    async def reject(self, actor: Actor, suggestion_id: int) -> None:
        """Keep the two apart; the pair is not suggested again.

        Raises:   forbidden INSUFFICIENT_ROLE; not_found; conflict SUGGESTION_DECIDED.
        """
        found = await self._claimed(actor, suggestion_id)
        _decide(found, actor, "rejected")
        await self._record(actor, "sync.reject_link", found)

    async def cut(self, actor: Actor, store_id: uuid.UUID, external_product_id: str, reason: str = "") -> int:
        """Make a store's product one of its own again, as the store shows it, and return the new product's id.

        What it was keeps its history and its pieces; the pieces of the new one are those that the store shows.

        Raises:   forbidden INSUFFICIENT_ROLE; not_found; conflict PRODUCT_NOT_SHARED when nobody else has it.
        """
        _check(actor)
        if await self._stores.find(actor, store_id) is None:
            raise not_found("Store")
        moves = LinkMoves(self._session, actor.tenant, store_id)
        await moves.lock()
        link = await self._rows.link(actor, store_id, storable(external_product_id))
        if link is None:
            raise not_found("Product")
        was, said = link.product_id, clipped(storable(reason).strip(), MOST_REASON)
        product_id = await moves.part(link.external_id, was, Teller(actor=_who(actor), reason=said))
        if product_id is None:
            raise conflict("PRODUCT_NOT_SHARED", "The product is in this store alone: there is no link to cut")
        await self._rows.parted(actor, link, was, product_id, _who(actor))
        facts = {"external_id": link.external_id, "was": was, "product_id": product_id, "reason": said}
        await self._audit.record(
            actor=_who(actor),
            action="sync.cut_link",
            subject=str(store_id),
            organization_id=actor.tenant,
            facts=facts,
        )
        return product_id

    async def _claimed(self, actor: Actor, suggestion_id: int) -> LinkSuggestion:
        """Return an open suggestion under all locks of its store."""
        _check(actor)
        known = 0 < suggestion_id <= _MOST_ID
        seen = await self._rows.find(actor, suggestion_id) if known else None
        if seen is None:
            raise not_found("Suggestion")
        # The store's lock comes before any row's, as in a merge.
        await LinkMoves(self._session, actor.tenant, seen.store_id).lock()
        found = await self._rows.find(actor, suggestion_id, lock=True)
        if found is None:
            raise not_found("Suggestion")
        if found.state != "open":
            raise conflict("SUGGESTION_DECIDED", "This was decided already, or is not needed any more")
        return found

    async def _record(self, actor: Actor, action: str, found: LinkSuggestion) -> None:
        facts: dict[str, Any] = {
            "suggestion": found.id,
            "external_id": found.external_id,
            "product_id": found.product_id,
            "candidate_id": found.candidate_id,
            "reason": found.reason,
        }
        await self._audit.record(
            actor=_who(actor), action=action, subject=str(found.store_id), organization_id=actor.tenant, facts=facts
        )


def _check(actor: Actor) -> None:
    if actor.role not in REVIEWERS:
        raise forbidden("INSUFFICIENT_ROLE", "Only people of the organization may say which articles are the same")


def _decide(found: LinkSuggestion, actor: Actor, state: str) -> None:
    found.state, found.decided_at, found.decided_by = state, utc_now(), _who(actor)


def _who(actor: Actor) -> str:
    return str(actor.user_id or "operator")
