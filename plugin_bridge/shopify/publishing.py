"""Products put before the customers of the Online Store: what an app makes lies on no sales channel by itself."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from backend.ports.platform_errors import Cause, StoreRefused
from backend.ports.store_writes import UNCHANGED, WRITTEN, ProductWrite, WriteResult
from plugin_bridge.shopify.at_once import as_they_end
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.mapping import global_id
from plugin_bridge.shopify.publishing_answers import (
    Publication,
    PublicationsAnswer,
    PublishAnswer,
    PublishedAnswer,
)
from plugin_bridge.shopify.reading_first import by_ids
from plugin_bridge.shopify.verdicts import Results

PUBLICATIONS = Document("publications", PublicationsAnswer, points=500)
PUBLISHED = Document("published", PublishedAnswer, points=250)
PUBLISH = Document("publish", PublishAnswer)
NOT_PUBLISHED = "not_published"
"""Code of a product that is as it was meant, but that no customer of the Online Store sees."""

_APP, _TITLE = "online_store", "Online Store"
_TOGETHER = 100
_MOST_SAID = 200
_NO_CHANNEL = (
    "The product lies on no sales channel, since the shop has no Online Store: add that channel, or put the product on"
    " another one in Shopify"
)
_NO_PERMISSION = (
    "The product lies on no sales channel, since the app may not publish: open the app in Shopify and accept its"
    " permissions, then put the product on the Online Store there"
)


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of publishing a product."""

    problem: str = ""
    """Why customers do not see it and what to do, in a sentence; empty: they do."""
    url: str = ""
    """Where they see it."""


class Publishing:
    """Publishes products of one shop, which is asked for its Online Store once."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client
        self._publication = ""
        self._problem: str | None = None
        self._looking = asyncio.Lock()

    async def publish(self, product: str) -> Published:
        """Put a product, by its global id, on the Online Store; safe to repeat.

        Raises:   the errors of the port but for refusals that concern publishing alone.
        """
        problem = await self._prepared()
        if problem:
            return Published(problem=problem)
        try:
            variables = {"id": product, "publication": self._publication}
            done = (await self._client.run(PUBLISH, variables)).data.publishable_publish
        except StoreRefused as error:
            return Published(problem=_why(error))
        if done is None or done.user_errors:
            said = done.user_errors[0].message if done is not None else "nothing"
            return Published(problem=_refused(said))
        url = done.publishable.online_store_url if done.publishable is not None else None
        return Published(url=url or "")

    async def missing(self, products: Sequence[str]) -> list[str]:
        """Return the products, by global id, that do not lie on the Online Store as far as can be seen."""
        if await self._prepared():
            return list(products)
        more = {"publication": self._publication}
        there = await by_ids(self._client, PUBLISHED, lambda answer: answer.nodes, products, **more)
        return [one for one in products if one not in there or not there[one].published_on_publication]

    async def follow(self, results: Results, writes: Sequence[ProductWrite]) -> Results:
        """Pass results on; a product that was put up for sale is published before it is told to be.

        What an error leaves without a result is repeated, and published then.
        """
        sold = {one.key: one for one in writes if one.fields.get("status") == "active"}
        held: list[WriteResult] = []
        async with aclosing(results):
            async for some in results:
                up = [one for one in some if one.key in sold and one.outcome in (WRITTEN, UNCHANGED)]
                rest = [one for one in some if one not in up]
                held += up
                if rest:
                    yield rest
                if len(held) >= _TOGETHER:
                    async for told in self._all(held, sold):
                        yield told
                    held = []
        async for told in self._all(held, sold):
            yield told

    async def _all(self, held: Sequence[WriteResult], sold: Mapping[str, ProductWrite]) -> Results:
        if not held:
            return
        ids = {one.key: global_id("Product", sold[one.key].external_product_id) for one in held}
        missing = set(await self.missing(list(ids.values())))
        there = [one for one in held if ids[one.key] not in missing]
        if there:
            yield there
        jobs = [partial(self._one, one, ids[one.key]) for one in held if ids[one.key] in missing]
        async for result in as_they_end(jobs):
            yield [result]

    async def _one(self, result: WriteResult, product: str) -> WriteResult:
        return published(result, await self.publish(product))

    async def _prepared(self) -> str:
        """Look for the Online Store when nobody did; return why nothing can be published, or nothing."""
        async with self._looking:
            if self._problem is None:
                self._problem = await self._looked()
            return self._problem

    async def _looked(self) -> str:
        try:
            nodes = (await self._client.run(PUBLICATIONS)).data.publications.nodes
        except StoreRefused as error:
            return _why(error)
        found = next((one for one in nodes if is_online_store(one)), None)
        if found is None:
            return _NO_CHANNEL
        self._publication = found.id
        return ""


def is_online_store(one: Publication) -> bool:
    """Tell whether a publication is that of the Online Store; a shop's language may give it another title."""
    if one.catalog is None:
        return False
    handles = [app.handle for app in one.catalog.apps.nodes]
    return _APP in handles if handles else one.catalog.title == _TITLE


def published(result: WriteResult, done: Published) -> WriteResult:
    """Return the result of a write whose product was then published, or could not be: the write stands either way."""
    if done.problem:
        return msgspec.structs.replace(result, code=NOT_PUBLISHED, message=done.problem)
    created = result.created
    if created is not None and done.url:
        created = msgspec.structs.replace(created, url=done.url)
    return msgspec.structs.replace(result, outcome=WRITTEN, created=created)


def _why(error: StoreRefused) -> str:
    """Return a refusal that concerns publishing alone as a sentence; raise any other."""
    if error.cause is Cause.SCOPE_MISSING:
        return _NO_PERMISSION
    if error.cause is Cause.REFUSED:
        return _refused(error.message)
    raise error


def _refused(said: str) -> str:
    return f"Shopify did not put the product on the Online Store ({said[:_MOST_SAID]}): put it there in Shopify"
