"""Products put up for sale: looked up first, made once, and completed where an earlier attempt broke off.

A product passes through states that are all recognised when the same creation comes again: it is there with its SKU
(or the guard SKU, `new_items.guard_sku`), it has its variations, it is finished. Each step looks at what is there.
"""

from collections.abc import Callable, Sequence

import msgspec

from backend.ports.platform_errors import Cause, PlatformError
from backend.ports.store_writes import (
    FAILED,
    REFUSED,
    UNCHANGED,
    WRITTEN,
    CreatedProduct,
    CreatedVariant,
    ProductCreation,
    WriteResult,
)
from plugin_bridge.woocommerce.answers import BatchRows, Row
from plugin_bridge.woocommerce.batches import Batches, BatchSize
from plugin_bridge.woocommerce.catalog import API
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.current import CurrentItems, Place
from plugin_bridge.woocommerce.field_values import unfit
from plugin_bridge.woocommerce.finishing import Finish, finishing
from plugin_bridge.woocommerce.look_up import LookUp
from plugin_bridge.woocommerce.mapping import Shop, has_variations, is_parent
from plugin_bridge.woocommerce.new_items import (
    folded,
    guard_sku,
    is_made_for,
    is_variable,
    new_product,
    own_skus,
    paired,
    sold_fields,
)
from plugin_bridge.woocommerce.terms import Terms
from plugin_bridge.woocommerce.variation_making import DOUBTFUL, VariationMaker
from plugin_bridge.woocommerce.wire import WooItem

AT_ONCE = 20
"""Products made by one request."""
_PICTURED = 5
"""Products finished by one request: the store fetches their pictures before it answers."""


class _Root(msgspec.Struct, frozen=True, kw_only=True):
    """The product of the store that a creation is about, and what it is sold as."""

    creation: ProductCreation
    item: WooItem
    ours: bool
    fresh: bool = False
    """This call made it, or something of it."""
    variants: dict[str, WooItem] = {}
    """By our own ids; of a variable product the ones that are there."""
    pictures: bool = True


class Creations:
    """Carries out the creations of one call; what became of each is told to *emit*."""

    def __init__(
        self,
        client: WooClient,
        items: CurrentItems,
        terms: Terms,
        shop: Shop,
        size: BatchSize,
        emit: Callable[[WriteResult], None],
    ) -> None:
        self._client, self._terms, self._shop, self._emit = client, terms, shop, emit
        self._look_up = LookUp(client)
        self._maker = VariationMaker(client, self._look_up, size, shop)
        self._finished: dict[str, WriteResult] = {}
        self._finisher = Batches(client, items, BatchSize(min(size.most, _PICTURED)), self._note)

    async def create(self, creations: Sequence[ProductCreation], *, repeated: bool) -> None:
        """Put products up, at most `AT_ONCE`; see `StorePlatform.write`.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled: what was not told may or may not have been done.
        """
        fit = [one for one in creations if self._is_fit(one)]
        hits = await self._look_up.by_creation(fit, made=repeated)
        roots = [await self._met(one, hits[one.key]) for one in fit if hits[one.key]]
        roots += await self._made([one for one in fit if not hits[one.key]])
        complete = [await self._completed(root) for root in roots if root is not None]
        await self._finish([root for root in complete if root is not None])

    def _is_fit(self, creation: ProductCreation) -> bool:
        problem = next(filter(None, (unfit(sold_fields(one)) for one in creation.product.variants)), None)
        if problem is not None:
            self._refuse(creation, *problem)
        return problem is None

    def _refuse(self, creation: ProductCreation, code: str, message: str, outcome: str = REFUSED) -> None:
        self._emit(WriteResult(key=creation.key, outcome=outcome, code=code, message=message))

    def _note(self, result: WriteResult) -> None:
        self._finished[result.key] = result

    async def _met(self, creation: ProductCreation, hits: Sequence[WooItem]) -> _Root | None:
        """Decide what it means that the store has some of the SKUs already."""
        numbers = {item.parent_id or item.id for item in hits}
        item = await self._look_up.product(numbers.pop()) if len(numbers) == 1 else None
        if item is None:
            self._refuse(creation, "sku_taken", "Several products of the store have the SKUs of this one")
            return None
        ours = is_made_for(item, creation.product) or bool(item.sku and item.sku == guard_sku(creation))
        variants = await self._sold_as(creation, item)
        missing = [one.sku for one in creation.product.variants if one.external_id not in variants]
        if missing and not (ours and has_variations(item.type)):
            named = ", ".join(sku for sku in own_skus(creation) if sku not in missing) or item.sku
            self._refuse(
                creation, "sku_taken", f"Product {item.id} of the store has the SKU {named}, but is another one"
            )
            return None
        return _Root(creation=creation, item=item, ours=ours, variants=variants)

    async def _sold_as(self, creation: ProductCreation, item: WooItem) -> dict[str, WooItem]:
        variants = creation.product.variants
        if is_variable(creation.product):
            return paired(variants, await self._look_up.variations(item.id)) if has_variations(item.type) else {}
        if is_parent(item.type) or not variants:
            return {}
        borne = {folded(variants[0].sku), folded(guard_sku(creation))} if variants[0].sku else None
        fits = borne is None or folded(item.sku) in borne
        return {variants[0].external_id: item} if fits else {}

    async def _made(self, creations: Sequence[ProductCreation], attempt: int = 1) -> list[_Root | None]:
        """Make products; what was sent and not answered is looked up, and the rest is sent again in halves."""
        if not creations:
            return []
        try:
            rows = await self._post(creations)
        except PlatformError as error:
            if error.cause not in (*DOUBTFUL, Cause.REFUSED):
                raise
            problem = error
        else:
            return [await self._root_of(one, row) for one, row in zip(creations, rows, strict=True)]
        hits = await self._look_up.by_creation(creations)
        met = [await self._met(one, hits[one.key]) for one in creations if hits[one.key]]
        roots = [msgspec.structs.replace(root, fresh=root.ours) if root is not None else None for root in met]
        rest = [one for one in creations if not hits[one.key]]
        alone = len(rest) == 1
        if problem.cause is Cause.TIMEOUT or (alone and attempt >= self._client.policy.tries):
            # After a time-out the store may still be at it: sent now, there might be two.
            self._give_up(rest, problem)
            return roots
        await self._client.pause(attempt)
        middle = (len(rest) + 1) // 2
        for part in (rest[:middle], rest[middle:]):
            roots += await self._made(part, attempt + 1 if alone else 1)
        return roots

    def _give_up(self, creations: Sequence[ProductCreation], problem: PlatformError) -> None:
        final = problem.cause is Cause.REFUSED
        for one in creations:
            code = "rejected" if final else problem.cause.value
            self._refuse(one, code, problem.message, REFUSED if final else FAILED)

    async def _post(self, creations: Sequence[ProductCreation]) -> list[Row]:
        tags = await self._terms.tag_ids(tag for one in creations for tag in one.product.tags)
        bodies = []
        for one in creations:
            categories = await self._terms.category_ids(one.product.categories)
            bodies.append(new_product(one, self._shop, tags, categories))
        read = BatchRows("create", len(bodies))
        await self._client.post_unless_throttled(
            f"{API}/products/batch", {"create": bodies}, {"_fields": "create"}, good=read
        )
        return read.rows

    async def _root_of(self, creation: ProductCreation, row: Row) -> _Root | None:
        if isinstance(row, WooItem):
            simple = not is_variable(creation.product)
            variants = {one.external_id: row for one in creation.product.variants if simple}
            return _Root(creation=creation, item=row, ours=True, fresh=True, variants=variants)
        if row.neutral_code == "sku_taken":
            hits = (await self._look_up.by_creation([creation]))[creation.key]
            if hits:
                return await self._met(creation, hits)
        self._emit(row.result(creation.key))
        return None

    async def _completed(self, root: _Root) -> _Root | None:
        """Make the variations that are missing; a product that was never finished and cannot be is taken back."""
        variants = root.creation.product.variants
        if len(root.variants) == len(variants) or not is_variable(root.creation.product):
            return root
        made = await self._maker.make(root.item.id, variants, list(root.variants.values()))
        if made.refusal is not None:
            if root.item.sku == guard_sku(root.creation):
                await self._client.delete(f"{API}/products/{root.item.id}", {"force": "true"})
            self._emit(made.refusal.result(root.creation.key))
            return None
        if made.problem is not None:
            self._refuse(root.creation, made.problem.cause.value, made.problem.message, FAILED)
            return None
        return msgspec.structs.replace(root, variants=made.items, pictures=made.pictures, fresh=True)

    async def _finish(self, roots: Sequence[_Root]) -> None:
        todo = [finish for root in roots if root.ours and (finish := _finish_of(root)) is not None]
        await self._finisher.send(0, todo)
        # Pictures that the store cannot fetch, or not in time, must not keep the product from being sold.
        again = [one.without_pictures() for one in todo if "images" in one.body and self._failed(one)]
        pictureless = {one.key: self._finished[one.key] for one in again}
        await self._finisher.send(0, [one for one in again if one.body])
        for root in roots:
            self._emit(self._result(root, pictureless.get(root.creation.key), {one.key for one in todo}))

    def _failed(self, finish: Finish) -> bool:
        found = self._finished[finish.key]
        return found.outcome in (FAILED, REFUSED) and found.code != "gone"

    def _result(self, root: _Root, pictureless: WriteResult | None, touched: set[str]) -> WriteResult:
        key = root.creation.key
        ended = self._finished.get(key)
        created = CreatedProduct(
            external_product_id=str(root.item.id),
            variants=tuple(CreatedVariant(own_id=own, external_id=str(item.id)) for own, item in root.variants.items()),
            # A draft has no address of its own yet; the next pull brings it.
            url=root.item.permalink if root.item.status == "publish" else "",
            adopted=not root.ours,
        )
        if ended is not None and (ended.outcome == FAILED or ended.code == "gone") and ended is not pictureless:
            return msgspec.structs.replace(ended, created=None if ended.code == "gone" else created)
        outcome = WRITTEN if root.fresh or key in touched else UNCHANGED
        code, message = ("", "") if root.pictures else ("image_refused", "The store could not fetch all pictures")
        if pictureless is not None:
            code, message = "image_refused", pictureless.message
        elif ended is not None and ended.outcome == REFUSED:
            # The product is there and sold; what it shows otherwise is told as with any other product.
            code, message = ended.code, ended.message
        return WriteResult(key=key, outcome=outcome, code=code, message=message, created=created)


def _finish_of(root: _Root) -> Finish | None:
    body = finishing(root.creation, root.item)
    return Finish(creation=root.creation, place=Place(0, root.item.id), body=body) if body else None
