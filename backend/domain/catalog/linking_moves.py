"""Giving a store's product to another product of the catalog, and making it one of its own again."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import linking_moves_sql as sql
from backend.domain.catalog import merge_sql
from backend.domain.catalog.fields import PRODUCT_FIELDS, spelled
from backend.domain.catalog.linking_repository import LinkingRepository
from backend.domain.catalog.linking_rules import ShownVariant, place
from backend.domain.catalog.new_rows import numbers
from backend.domain.events.service import EventRecorder
from backend.domain.events.types import ProductCreated
from backend.domain.stock.held_repository import HeldRepository
from backend.domain.stores.settings import HUB, settings_of
from backend.models.stores import Store

LINK = "link"
"""In the history: the product that a store's product was, and the one it became."""


class Listed(msgspec.Struct, frozen=True):
    """A variant of a store's product, in its present place."""

    external_id: str
    variant_id: int
    live: bool
    elsewhere: bool
    """Another listing shows the same variant of the catalog."""
    shown: ShownVariant


class Teller(msgspec.Struct, frozen=True, kw_only=True):
    """Who moves a link, and why, for the history."""

    actor: str
    reason: str = ""


class LinkMoves:
    """Moves links of one store, inside the caller's transaction.

    For everything but `replace` the caller holds the locks of `lock`.
    """

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._rows = LinkingRepository(session, organization_id, store_id)
        self._scope: dict[str, Any] = {"org": organization_id, "store": store_id}

    async def lock(self) -> None:
        """Let no merge of the store, and no other linking of the organization, happen until the transaction ends."""
        await self._run(merge_sql.LOCK_STORE)
        await self._rows.lock()

    async def replace(self, was: Mapping[str, int], now: Mapping[str, int]) -> bool:
        """Give products of the store, by external id, to other products, and delete those without a variant they were.

        Returns:  whether the store has something to be written: the hub owns what it shows otherwise.
        """
        store = await self._session.get_one(Store, self._scope["store"])
        owners = settings_of(store.settings).owners
        owned = [field for field, group in PRODUCT_FIELDS.items() if getattr(owners, group) == HUB]
        due = await self._run(
            sql.MOVE_LINKS, names=list(was), was=list(was.values()), now=[now[name] for name in was], owned=owned
        )
        await self._run(sql.DELETE_PRODUCTS, ids=list(was.values()))
        return any(due.scalars())

    async def join(self, external_id: str, was: int, product_id: int, teller: Teller) -> bool:
        """Give a product of the store to another one: its variants to those they match, the others move along.

        What the store shows otherwise stands beside the links, and nothing of it is due. A product that no store
        shows any more becomes a tombstone. The pieces of a matched variant are those of the variant it becomes.

        Returns:  whether the product it was is a tombstone now.
        """
        listed = await self._listed(external_id, was)
        held = (await self._rows.unplaced([product_id])).get(product_id, [])
        await self._hold([one.variant_id for one in listed] + [one.id for one in held])
        placed = place([one.shown for one in listed if one.live], held, confirmed=True)
        matched = [one for one in listed if one.external_id in placed]
        await self._run(
            sql.MOVE_LISTINGS,
            names=[one.external_id for one in matched],
            was=[one.variant_id for one in matched],
            now=[placed[one.external_id].id for one in matched],
        )
        await self._bring([one for one in listed if one.external_id not in placed], was, product_id)
        await self._run(sql.MOVE_LINKS, names=[external_id], was=[was], now=[product_id], owned=[])
        emptied = await self._leave([one.variant_id for one in matched], was, product_id, teller)
        await self._tell(teller, was, product_id, {was: {"deleted": [False, True]}} if emptied else {})
        return emptied

    async def part(self, external_id: str, was: int, teller: Teller) -> int | None:
        """Make a product of the store one of its own, as the store shows it; what it was keeps its history.

        Its pieces are those that the store shows. Everything else of it is read again the next time it is shown.

        Returns:  the new product; None, and nothing happens, when nothing would be left of the one it is.
        """
        values = {"external_id": external_id, "product": was}
        if not (await self._run(sql.IS_SHARED_PRODUCT, **values)).scalar_one():
            return None
        listed = await self._listed(external_id, was)
        await self._hold([one.variant_id for one in listed])
        (product_id,) = await numbers(self._session, "products", 1)
        fields = (await self._run(sql.SHOWN_PRODUCT, external_id=external_id)).scalar_one()
        if fields["brand"]:
            await self._run(merge_sql.ENSURE_BRANDS, names=[fields["brand"]])
        await self._run(sql.COPY_PRODUCT, external_id=external_id, product=product_id)
        await self._copy(listed, product_id)
        await self._run(sql.ADOPT_LINK, external_id=external_id, product=product_id)
        await self._leave([one.variant_id for one in listed], was, None, teller)
        await self._tell(teller, was, product_id, {})
        await self._tell_created(product_id)
        return product_id

    async def _listed(self, external_id: str, product_id: int) -> list[Listed]:
        found = await self._run(sql.LISTED, external_id=external_id, product=product_id)
        return [
            Listed(
                row.external_id,
                row.variant_id,
                row.live,
                row.elsewhere,
                ShownVariant(row.external_id, row.told["sku"], row.told["barcode"], row.options),
            )
            for row in found
        ]

    async def _hold(self, variants: Sequence[int]) -> None:
        """Have orders wait: what they take meanwhile would miss a listing that is on its way."""
        await HeldRepository(self._session, self._scope["org"]).hold(variants)

    async def _bring(self, listed: Sequence[Listed], was: int, product_id: int) -> None:
        """Bring variants along; one that another store shows stays, and the product gets one like it."""
        ids = [one.variant_id for one in listed if not one.elsewhere]
        for statement in (sql.MOVE_VARIANTS, sql.MOVE_HISTORY, sql.MOVE_CONFLICTS):
            await self._run(statement, ids=ids, was=was, product=product_id)
        await self._copy([one for one in listed if one.elsewhere], product_id)

    async def _copy(self, listed: Sequence[Listed], product_id: int) -> None:
        """Give listings variants of their own in a product, as the store shows them."""
        if not listed:
            return
        made = await numbers(self._session, "variants", len(listed))
        values = {"names": [one.external_id for one in listed], "made": made, "product": product_id}
        for statement in (sql.COPY_VARIANTS, sql.COPY_STOCK, sql.ADOPT_LISTINGS):
            await self._run(statement, **values)

    async def _leave(self, variants: Sequence[int], was: int, product_id: int | None, teller: Teller) -> bool:
        """Take out of the catalog what nobody shows any more; return whether the product is among it."""
        values: dict[str, Any] = {"was": was, "product": product_id, "ids": list(variants)}
        values |= {"actor": teller.actor, "reason": teller.reason}
        await self._run(sql.DROP_CONFLICTS, **values)
        emptied = bool((await self._run(sql.TOMBSTONE_PRODUCT, **values)).scalar_one())
        await self._run(sql.TOMBSTONE_VARIANTS, **values, emptied=emptied)
        if emptied and product_id is not None:
            await self._run(sql.MOVE_REQUESTS, **values)
            await self._run(sql.DROP_REQUESTS, **values)
        await self._run(merge_sql.BUMP_LISTS)
        return emptied

    async def _tell(self, teller: Teller, was: int, now: int, more: Mapping[int, Mapping[str, Any]]) -> None:
        """Note the move in the history of both products."""
        changes = [{LINK: [was, now], **more.get(one, {})} for one in (was, now)]
        await self._run(
            sql.NOTE_LINK,
            products=[was, now],
            changes=[msgspec.json.encode(one).decode() for one in changes],
            actor=teller.actor,
            reason=teller.reason,
        )

    async def _tell_created(self, product_id: int) -> None:
        row = (await self._run(sql.CREATED, product=product_id)).one()
        margin = None if row.price is None or row.cost is None else row.price - row.cost
        event = ProductCreated(
            product_id=str(product_id),
            sku=row.sku,
            title=row.title,
            currency=row.currency,
            price=spelled("price", row.price),
            cost=spelled("price", row.cost),
            margin=spelled("price", margin),
            images=row.images,
        )
        await EventRecorder(self._session).record(self._scope["org"], event)

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})
