"""Products put up for sale: made in one piece, under a handle by which they are found before they are made twice."""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from backend.ports.platform_errors import PlatformError, StoreThrottled, StoreUnavailable
from backend.ports.store_platform import PlatformProduct, PlatformVariant
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
from plugin_bridge.shopify.at_once import as_they_end
from plugin_bridge.shopify.bulk_walk import all_locations
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.creation_inputs import (
    MOST_INSIDE,
    added_input,
    choices_of,
    chosen,
    chosen_there,
    handle_of,
    product_input,
)
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.inputs import NotWritable
from plugin_bridge.shopify.mapping import global_id, number
from plugin_bridge.shopify.publishing import Publishing, published
from plugin_bridge.shopify.verdicts import Results, broken, faulted, not_writable, of_this_item, unanswered
from plugin_bridge.shopify.wire import VariantLine
from plugin_bridge.shopify.write_answers import (
    ProductByHandleAnswer,
    ProductCreateAnswer,
    ProductMade,
    ProductVariantsAnswer,
    VariantsBySkuAnswer,
    VariantsCreateAnswer,
)

CREATE = Document("product_create", ProductCreateAnswer, points=50)
BY_HANDLE = Document("product_by_handle", ProductByHandleAnswer, points=100)
BY_SKU = Document("variants_by_sku", VariantsBySkuAnswer, points=500)
VARIANTS = Document("product_variants", ProductVariantsAnswer, points=500)
ADD = Document("variants_create", VariantsCreateAnswer)
_PAGE = 100
_SKUS = 50
_TAKEN = "HANDLE_NOT_UNIQUE"


class Creating:
    """Creations of one call."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client
        self._publishing = Publishing(client)
        self._location: str | None = None

    async def results(self, creations: Sequence[ProductCreation], *, repeated: bool) -> Results:
        """Make products, several at once, and yield what became of each."""
        if any(variant.stock is not None for one in creations for variant in one.product.variants):
            places = [one.external_id for one in await all_locations(self._client) if one.active]
            self._location = global_id("Location", places[0]) if places else None
        async for one in as_they_end([partial(self._result, one, repeated) for one in creations]):
            yield [one]

    async def _result(self, creation: ProductCreation, repeated: bool) -> WriteResult:
        try:
            if repeated:
                found = await self._found(creation)
                if found is not None:
                    return found
            return await self._made(creation)
        except NotWritable as problem:
            return not_writable(creation.key, problem)
        except PlatformError as error:
            if not of_this_item(error):
                raise
            return broken(creation.key, error)

    async def _found(self, creation: ProductCreation) -> WriteResult | None:
        """Look for a product that was made already: by our handle, then by its skus, which search may not know yet."""
        ours = await self._by_handle(creation.product)
        if ours is not None:
            return await self._complete(creation, ours, UNCHANGED, adopted=True)
        return await self._by_skus(creation)

    async def _by_handle(self, product: PlatformProduct) -> ProductMade | None:
        variables = {"handle": handle_of(product), "first": _first(product)}
        return (await self._client.run(BY_HANDLE, variables)).data.product_by_identifier

    async def _by_skus(self, creation: ProductCreation) -> WriteResult | None:
        wanted = {one.sku: one for one in creation.product.variants if one.sku}
        if not wanted:
            return None
        query = " OR ".join(f"sku:{_quoted(sku)}" for sku in list(wanted)[:_SKUS])
        nodes = (await self._client.run(BY_SKU, {"query": query})).data.product_variants.nodes
        return adopted_by_sku(creation, [one for one in nodes if one.sku in wanted])

    async def _made(self, creation: ProductCreation) -> WriteResult:
        """Make a product; after a failure that leaves open whether it was made it is looked for first."""
        given = product_input(creation.product, self._location)
        policy, attempt = self._client.policy, 1
        while True:
            try:
                answer = await self._client.run(CREATE, {"input": given, "first": _first(creation.product)}, once=True)
                break
            except StoreUnavailable as error:
                if isinstance(error, StoreThrottled) or attempt >= policy.tries:
                    raise
            await asyncio.sleep(policy.pause_s(attempt))
            attempt += 1
            ours = await self._by_handle(creation.product)
            if ours is not None:
                return await self._complete(creation, ours, WRITTEN)
        making = answer.data.product_set
        if making is None:
            return unanswered(creation.key)
        if any(error.code == _TAKEN for error in making.user_errors):
            ours = await self._by_handle(creation.product)
            if ours is not None:
                return await self._complete(creation, ours, UNCHANGED, adopted=True)
        if making.user_errors or making.product is None:
            return faulted(creation.key, making.user_errors) if making.user_errors else unanswered(creation.key)
        return await self._complete(creation, making.product, WRITTEN, fresh=True)

    async def _complete(
        self,
        creation: ProductCreation,
        made: ProductMade,
        outcome: str,
        *,
        adopted: bool = False,
        fresh: bool = False,
    ) -> WriteResult:
        """Add the variants that a product of ours does not have yet, publish it, and say under which ids it is kept.

        Args:     fresh: it was made just now, and nobody can have published it.
        """
        lines = await self._all_variants(made)
        pairs = matched(creation.product, lines)
        missing = [place for place, line in enumerate(pairs) if line is None]
        if missing:
            errors = await self._add(creation.product, made.id, missing)
            lines = await self._all_variants(ProductMade(id=made.id))
            pairs = matched(creation.product, lines)
            if errors is not None and None in pairs:
                return msgspec.structs.replace(errors, key=creation.key)
        if None in pairs:
            message = "The product was made, but not all its variants are there yet"
            return WriteResult(key=creation.key, outcome=FAILED, code="incomplete", message=message)
        result = created(creation, made.id, made.online_store_url or "", pairs, outcome, adopted=adopted)
        if creation.product.status != "active" or not (fresh or await self._publishing.missing([made.id])):
            return result
        return published(result, await self._publishing.publish(made.id))

    async def _all_variants(self, made: ProductMade) -> list[VariantLine]:
        lines, info = list(made.variants.nodes), made.variants.page_info
        after, more = info.end_cursor, info.has_next_page or not lines
        while more:
            variables = {"id": made.id, "first": _PAGE, "after": after}
            product = (await self._client.run(VARIANTS, variables)).data.product
            if product is None:
                break
            lines += product.variants.nodes
            info = product.variants.page_info
            after, more = info.end_cursor, info.has_next_page and info.end_cursor is not None
        return lines

    async def _add(self, product: PlatformProduct, made_id: str, places: Sequence[int]) -> WriteResult | None:
        """Add variants, 250 at a time; return the fault that stopped it."""
        choices = choices_of(product)
        given = [added_input(product.variants[place], choices[place], self._location) for place in places]
        for start in range(0, len(given), MOST_INSIDE):
            variables = {"productId": made_id, "variants": given[start : start + MOST_INSIDE]}
            added = (await self._client.run(ADD, variables)).data.product_variants_bulk_create
            if added is not None and added.user_errors:
                return faulted("", added.user_errors)
        return None


def matched(product: PlatformProduct, lines: Sequence[VariantLine]) -> list[VariantLine | None]:
    """Return the shop's variant of each of ours, by what it is in each option; None where there is none yet."""
    by_choices = {chosen_there(line): line for line in lines}
    return [by_choices.get(chosen(one)) for one in choices_of(product)]


def created(
    creation: ProductCreation,
    product_id: str,
    url: str,
    lines: Sequence[VariantLine | None],
    outcome: str,
    *,
    adopted: bool,
) -> WriteResult:
    """Return the result that says under which ids the shop keeps a product."""
    variants = tuple(_created(own, line) for own, line in zip(creation.product.variants, lines, strict=True) if line)
    made = CreatedProduct(external_product_id=number(product_id), variants=variants, url=url, adopted=adopted)
    return WriteResult(key=creation.key, outcome=outcome, created=made)


def _created(own: PlatformVariant, line: VariantLine) -> CreatedVariant:
    item = number(line.inventory_item.id) if line.inventory_item is not None else ""
    return CreatedVariant(own_id=own.external_id, external_id=number(line.id), inventory_id=item)


def adopted_by_sku(creation: ProductCreation, found: Sequence[VariantLine]) -> WriteResult | None:
    """Return the product of the shop that is this one, when all its skus lie in one; None when none is known there.

    Skus that the shop has in part, or in several products, are refused: it would have the article twice.
    """
    if not found:
        return None
    by_product: dict[str, dict[str, VariantLine]] = {}
    for line in found:
        if line.product is not None:
            by_product.setdefault(line.product.id, {}).setdefault(line.sku or "", line)
    own = creation.product.variants
    for product_id, lines in by_product.items():
        if all(one.sku in lines for one in own):
            parent = next(iter(lines.values())).product
            url = (parent.online_store_url if parent is not None else None) or ""
            pairs = [lines[one.sku] for one in own]
            return created(creation, product_id, url, pairs, UNCHANGED, adopted=True)
    message = f"The shop sells {found[0].sku} already, as another product"
    return WriteResult(key=creation.key, outcome=REFUSED, code="sku_taken", message=message)


def _first(product: PlatformProduct) -> int:
    return min(_PAGE, max(1, len(product.variants)))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
