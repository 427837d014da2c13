"""Products taken out of a store for good, which is done only to those that we made."""

from collections.abc import Callable, Sequence

from backend.ports.store_writes import UNCHANGED, WRITTEN, ProductRemoval, WriteResult
from plugin_bridge.http import not_json
from plugin_bridge.woocommerce.answers import BatchRows, Refusal
from plugin_bridge.woocommerce.catalog import API
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.look_up import LookUp
from plugin_bridge.woocommerce.new_items import is_ours

_AT_ONCE = 25


class Deletions:
    """Deletes products of one store; what became of each is told to *emit*."""

    def __init__(self, client: WooClient, emit: Callable[[WriteResult], None]) -> None:
        self._client, self._emit = client, emit
        self._look_up = LookUp(client)

    async def not_ours(self, removals: Sequence[tuple[ProductRemoval, int]]) -> list[tuple[ProductRemoval, int]]:
        """Delete what bears our mark; return what does not, to be hidden instead. What is not there counts as done.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled.
        """
        others = []
        for start in range(0, len(removals), _AT_ONCE):
            some = removals[start : start + _AT_ONCE]
            found = {item.id: item for item in await self._look_up.products([number for _, number in some])}
            others += [one for one in some if one[1] in found and not is_ours(found[one[1]])]
            for removal, number in some:
                if number not in found:
                    self._emit(WriteResult(key=removal.key, outcome=UNCHANGED))
            await self._delete([one for one in some if one[1] in found and is_ours(found[one[1]])])
        return others

    async def _delete(self, removals: Sequence[tuple[ProductRemoval, int]]) -> None:
        if not removals:
            return
        body = {"delete": [number for _, number in removals]}
        # May arrive twice: what is gone by then is answered as an id that is not there.
        answer = await self._client.batch(f"{API}/products/batch", body, {"_fields": "delete"})
        read = BatchRows("delete", len(removals))
        if not read(answer):
            raise not_json(answer.content, self._client.secrets, status=answer.status)
        for (removal, _), row in zip(removals, read.rows, strict=True):
            refused = isinstance(row, Refusal) and row.neutral_code != "gone"
            done = WriteResult(key=removal.key, outcome=WRITTEN)
            self._emit(row.result(removal.key) if isinstance(row, Refusal) and refused else done)
