"""Variations of a product that is being put up: in batches, and only those that are not there yet."""

from collections.abc import Sequence

import msgspec

from backend.ports.platform_errors import Cause, PlatformError
from backend.ports.store_platform import PlatformVariant
from plugin_bridge.woocommerce.answers import BatchRows, Refusal
from plugin_bridge.woocommerce.batches import MOST, BatchSize
from plugin_bridge.woocommerce.catalog import API
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.look_up import LookUp
from plugin_bridge.woocommerce.mapping import Shop
from plugin_bridge.woocommerce.new_items import new_variation, paired
from plugin_bridge.woocommerce.wire import WooItem

DOUBTFUL = (Cause.TIMEOUT, Cause.TOO_LARGE, Cause.NOT_JSON, Cause.SERVER_ERROR, Cause.UNREACHABLE)
"""After these nobody knows whether the store did what it was sent."""
PICTURED = 10
"""Rows at once where the store fetches a picture for each."""


class MadeVariations(msgspec.Struct, kw_only=True):
    """The variations of a product so far, by our own ids, and what stood in the way of the others."""

    items: dict[str, WooItem]
    refusal: Refusal | None = None
    problem: PlatformError | None = None
    pictures: bool = True
    """False: the store could not fetch one, so they were left out."""


class VariationMaker:
    """Makes variations in one store."""

    def __init__(self, client: WooClient, look_up: LookUp, size: BatchSize, shop: Shop) -> None:
        self._client, self._look_up, self._size, self._shop = client, look_up, size, shop

    async def make(
        self, parent: int, variants: Sequence[PlatformVariant], existing: Sequence[WooItem] = ()
    ) -> MadeVariations:
        """Make those of the variants that are not among the existing ones.

        What was sent and not answered is looked up before anything is sent again; after a time-out nothing is, since
        the store may still be working on it: `problem` says so, and the next call goes on from what is there then.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled.
        """
        made = MadeVariations(items=paired(variants, existing))
        attempt = 1
        while missing := [variant for variant in variants if variant.external_id not in made.items]:
            pictured = made.pictures and any(variant.image_url for variant in missing)
            chunk = missing[: min(self._size.most, PICTURED if pictured else MOST)]
            if await self._send(parent, chunk, made):
                continue
            if made.refusal is not None:
                return made
            if made.problem is not None:
                if not await self._may_try_again(made.problem, len(chunk), attempt):
                    return made
                attempt += 1
                made.problem = None
            made.items = paired(variants, await self._look_up.variations(parent))
        return made

    async def _send(self, parent: int, chunk: list[PlatformVariant], made: MadeVariations) -> bool:
        """Send one request; say whether the store made every row of it. `made` tells what it did else."""
        rows = [new_variation(variant, self._shop, picture=made.pictures) for variant in chunk]
        read = BatchRows("create", len(rows))
        path = f"{API}/products/{parent}/variations/batch"
        try:
            await self._client.post_unless_throttled(path, {"create": rows}, {"_fields": "create"}, good=read)
        except PlatformError as error:
            if error.cause not in DOUBTFUL:
                raise
            made.problem = error
            return False
        made.items |= {
            one.external_id: row for one, row in zip(chunk, read.rows, strict=True) if isinstance(row, WooItem)
        }
        refusals = [row for row in read.rows if isinstance(row, Refusal)]
        pictures = made.pictures
        # A picture that cannot be fetched: the rows may be there all the same, and go without it if they are not.
        made.pictures = pictures and not any(row.neutral_code == "image_refused" for row in refusals)
        made.refusal = next((row for row in refusals if not (pictures and row.neutral_code == "image_refused")), None)
        return not refusals

    async def _may_try_again(self, problem: PlatformError, rows: int, attempt: int) -> bool:
        if problem.cause is Cause.TOO_LARGE:
            self._size.was_too_much(rows)
        if problem.cause is Cause.TIMEOUT:
            self._size.was_too_much(rows)
            return False
        if attempt >= self._client.policy.tries:
            return False
        await self._client.pause(attempt)
        return True
