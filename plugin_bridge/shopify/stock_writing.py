"""Pieces: read, compared with what is believed, and set only where they still are what was read."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from backend.ports.platform_errors import PlatformError
from backend.ports.store_writes import FAILED, STALE, UNCHANGED, StockWrite, WriteResult
from plugin_bridge.shopify.answers import UserError
from plugin_bridge.shopify.at_once import as_they_end
from plugin_bridge.shopify.bulk_walk import all_locations
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.mapping import global_id
from plugin_bridge.shopify.reading_first import by_ids
from plugin_bridge.shopify.stock_plans import StockPlan, batches, done, idempotency_key, pieces_of, plan, told
from plugin_bridge.shopify.verdicts import Results, broken, faulted, gone, of_this_item
from plugin_bridge.shopify.write_answers import CountedVariant, LevelsAnswer, StockBeginAnswer, StockSetAnswer

LEVELS = Document("levels", LevelsAnswer, points=500)
SET = Document("stock_set", StockSetAnswer)
BEGIN = Document("stock_begin", StockBeginAnswer)
USUAL_PLACES = 10
MOST_PLACES = 200
MOST_ROWS = 250
_TRIES = 3
_PAUSE_S = 0.5
_BUSY = "IDEMPOTENCY_CONCURRENT_REQUEST"
_USED_UP = frozenset({"IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"})
_MOVED = "CHANGE_FROM_QUANTITY_STALE"


class StockWriting:
    """Stock writes of one shop. What a killed worker did is found by reading; what runs still is known by its key."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    async def results(self, writes: Sequence[StockWrite]) -> Results:
        """Carry stock writes out, some at a time: reading and writing lie close together."""
        for start in range(0, len(writes), MOST_ROWS):
            some = writes[start : start + MOST_ROWS]
            there = await self._read([one.external_id for one in some])
            outcomes = [plan(one, there.get(one.external_id)) for one in some]
            settled = [one for one in outcomes if isinstance(one, WriteResult)]
            if settled:
                yield settled
            plans = [one for one in outcomes if isinstance(one, StockPlan)]
            jobs = [partial(self._set, batch) for batch in batches([one for one in plans if one.rows], MOST_ROWS)]
            jobs += [partial(self._begin, [one]) for one in plans if not one.rows]
            async for results in as_they_end(jobs):
                yield results

    async def _read(self, variant_ids: Sequence[str]) -> dict[str, CountedVariant]:
        ids = [global_id("ProductVariant", one) for one in variant_ids]
        found = await by_ids(self._client, LEVELS, lambda answer: answer.nodes, ids, places=USUAL_PLACES)
        for one, variant in list(found.items()):
            if variant.inventory_item.inventory_levels.page_info.has_next_page:
                found[one] = await self._widely(one, variant)
        return {one.rpartition("/")[2]: variant for one, variant in found.items()}

    async def _widely(self, variant_id: str, known: CountedVariant) -> CountedVariant:
        """Read one variant alone, with all the places that hold it."""
        nodes = (await self._client.run(LEVELS, {"ids": [variant_id], "places": MOST_PLACES})).data.nodes
        return nodes[0] or known if nodes else known

    async def _set(self, plans: list[StockPlan], salt: int = 0, tries: int = 1) -> list[WriteResult]:
        """Send one list, which Shopify carries out as a whole or not at all; who stands in its way is taken out."""
        if not plans:
            return []
        quantities = [row.input for one in plans for row in one.rows]
        given = {"name": "available", "reason": "correction", "quantities": quantities}
        try:
            answer = await self._client.run(SET, {"input": given, "key": idempotency_key(plans, salt)})
        except PlatformError as error:
            if not of_this_item(error):
                raise
            return await self._halved(plans, [broken(plans[0].write.key, error)])
        done_there = answer.data.inventory_set_quantities
        errors = done_there.user_errors if done_there is not None else []
        if not errors:
            return [done(one) for one in plans]
        codes = {error.code for error in errors}
        if (_BUSY in codes or codes & _USED_UP) and tries < _TRIES:
            # A key that is used up says nothing against the writes: what was read guards them as well.
            await asyncio.sleep(_PAUSE_S if _BUSY in codes else 0)
            return await self._set(plans, salt + (_BUSY not in codes), tries + 1)
        return await self._without(plans, errors)

    async def _without(self, plans: list[StockPlan], errors: Sequence[UserError]) -> list[WriteResult]:
        own = _by_plan(plans, errors)
        if not own:
            return await self._halved(plans, [faulted(plans[0].write.key, errors)])
        moved = [plans[place] for place, some in own.items() if any(one.code == _MOVED for one in some)]
        results = await self._stale(moved)
        results += [faulted(plans[place].write.key, some) for place, some in own.items() if plans[place] not in moved]
        return results + await self._set([one for place, one in enumerate(plans) if place not in own])

    async def _halved(self, plans: list[StockPlan], alone: list[WriteResult]) -> list[WriteResult]:
        """Find out who is to blame; *alone* is the result when there is only one."""
        if len(plans) == 1:
            return alone
        half = len(plans) // 2
        return [*await self._set(plans[:half]), *await self._set(plans[half:])]

    async def _stale(self, plans: Sequence[StockPlan]) -> list[WriteResult]:
        """Say what those show now that changed between reading and writing."""
        there = await self._read([one.write.external_id for one in plans]) if plans else {}
        results = []
        for one in plans:
            variant = there.get(one.write.external_id)
            if variant is None:
                results.append(gone(one.write.key))
            else:
                pieces = sum(pieces_of(variant).values())
                results.append(told(one.write, UNCHANGED if pieces == one.write.target else STALE, pieces))
        return results

    async def _begin(self, plans: list[StockPlan]) -> list[WriteResult]:
        """Have the shop's first open place hold an item that none holds yet."""
        (one,) = plans
        place = next((place for place in await all_locations(self._client) if place.active), None)
        if place is None:
            message = "The shop has no open place that could hold it"
            return [WriteResult(key=one.write.key, outcome=FAILED, code="no_place", message=message)]
        variables: dict[str, Any] = {
            "item": one.item,
            "location": global_id("Location", place.external_id),
            "available": one.write.target,
            "key": idempotency_key(plans),
        }
        try:
            begun = (await self._client.run(BEGIN, variables)).data.inventory_activate
        except PlatformError as error:
            if not of_this_item(error):
                raise
            return [broken(one.write.key, error)]
        errors = begun.user_errors if begun is not None else []
        return [faulted(one.write.key, errors)] if errors else [done(one)]


def _by_plan(plans: Sequence[StockPlan], errors: Sequence[UserError]) -> dict[int, list[UserError]]:
    """Return the errors of each plan: they name a row by its place in the list of all rows."""
    owners = [place for place, one in enumerate(plans) for _ in one.rows]
    found: dict[int, list[UserError]] = {}
    for error in errors:
        row = next((part for part in error.field or () if part.isdigit()), None)
        if row is not None and int(row) < len(owners):
            found.setdefault(owners[int(row)], []).append(error)
    return found
