"""Changing synced fields of the catalog: the one door for everybody but the merge of what stores show."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import edits_sql as sql
from backend.domain.catalog import merge_sql
from backend.domain.catalog.changes import ChangeNotes, take_turn
from backend.domain.catalog.field_values import checked_value
from backend.domain.catalog.fields import AMOUNTS, PRODUCT_FIELDS, VARIANT_FIELDS, sale_holds, spelled
from backend.domain.catalog.new_rows import ensure_brands
from backend.domain.catalog.staging import prepare
from backend.kit.errors import invalid
from backend.ports.actor import Actor

Place = tuple[int, int | None]
"""A product's id, and a variant's or None."""
NOT_BELOW_PRICE = "not_below_price"


class FieldEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One synced field of a product or variant that is to hold another value."""

    product_id: int
    variant_id: int | None = None
    """None: the product's own field."""
    field: str
    value: Any
    """Spelled as `fields.spelled` says."""
    expected: Any = msgspec.UNSET
    """What the catalog has to hold for the edit to be made, spelled alike; UNSET: whatever it holds."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that was not made."""

    edit: FieldEdit
    reason: str
    """`changed` (the catalog holds something else than expected), `gone`, or `not_below_price`: a sale price has to be
    below the price."""
    held: Any = None
    """What the catalog holds."""


class EditResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of edits; an edit whose value the catalog held already is in neither."""

    applied: tuple[FieldEdit, ...] = ()
    refused: tuple[Refused, ...] = ()
    due_stores: frozenset[uuid.UUID] = frozenset()
    """Stores that have something to be written now: ask for pushes."""


class CatalogEdits:
    """Edits the acting organization's catalog inside the caller's transaction, with history and what is due."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def apply(
        self,
        actor: Actor,
        edits: Sequence[FieldEdit],
        *,
        origin: str,
        reason: str = "",
        run_id: uuid.UUID | None = None,
    ) -> EditResult:
        """Make edits as sets: lock, compare, write, note the history, keep what stores show, make fields due.

        Edits of one field count in their order. Whoever edits the same catalog meanwhile waits, merges do, too. A price
        that comes down to the sale price ends the sale.

        Args:     origin: as `FieldChange.origin`. reason: for people. run_id: the run that the changes belong to.
        Raises:   invalid FIELD_UNKNOWN, FIELD_VALUE_INVALID: nothing is written.
        """
        wanted = [_checked(edit) for edit in edits]
        if not wanted:
            return EditResult()
        scope = {"org": actor.tenant}
        await take_turn(self._session, actor.tenant)
        brands = await self._brands(actor, wanted)
        decided = decide([_named(edit, brands) for edit in wanted], await self._held(scope, wanted))
        if not decided.changes:
            return EditResult(applied=decided.applied, refused=decided.refused)
        await self._stage(actor.tenant, decided.changes)
        for statement in (sql.WRITE_PRODUCTS, sql.WRITE_VARIANTS):
            await self._session.execute(text(statement), scope)
        who = "" if actor.user_id is None else str(actor.user_id)
        notes = ChangeNotes(self._session, actor.tenant, origin=origin, run_id=run_id, actor=who, reason=reason)
        due = await notes.record()
        await self._session.execute(text(merge_sql.BUMP_REVISION), scope)
        return EditResult(applied=decided.applied, refused=decided.refused, due_stores=due)

    async def _brands(self, actor: Actor, edits: Sequence[FieldEdit]) -> dict[str, str]:
        """Add the brands that edits name; return how the catalog spells each: names meet without case."""
        names = {edit.value for edit in edits if edit.field == "brand"} - {""}
        ids = await ensure_brands(self._session, actor.tenant, names)
        found = await self._session.execute(text(sql.BRAND_NAMES), {"org": actor.tenant, "ids": [*ids.values()]})
        spelling = {row.id: row.name for row in found}
        return {name: spelling[brand_id] for name, brand_id in ids.items()}

    async def _held(self, scope: Mapping[str, Any], edits: Sequence[FieldEdit]) -> dict[Place, dict[str, Any]]:
        """Lock what is to be edited, products before variants; return what the catalog holds of it."""
        products = sorted({edit.product_id for edit in edits})
        variants = sorted({edit.variant_id for edit in edits if edit.variant_id is not None})
        held: dict[Place, dict[str, Any]] = {}
        for row in await self._session.execute(text(sql.LOCK_PRODUCTS), {**scope, "ids": products}):
            held[row.id, None] = row.held
        for row in await self._session.execute(text(sql.LOCK_VARIANTS), {**scope, "ids": variants}):
            held[row.product_id, row.id] = row.held
        return {place: fields for place, fields in held.items() if (place[0], None) in held}

    async def _stage(self, organization_id: uuid.UUID, changes: Mapping[Place, Mapping[str, Any]]) -> None:
        connection = await prepare(self._session)
        rows = [(organization_id, *place, msgspec.json.encode(fields).decode()) for place, fields in changes.items()]
        columns = ("organization_id", "product_id", "variant_id", "changes")
        await connection.copy_records_to_table("changed_fields", records=rows, columns=columns)


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of edits."""

    applied: tuple[FieldEdit, ...]
    refused: tuple[Refused, ...]
    changes: Mapping[Place, Mapping[str, Any]]
    """Field to `[old, new]`, in sum."""


def decide(edits: Sequence[FieldEdit], held: Mapping[Place, Mapping[str, Any]]) -> Decided:
    """Decide which edits are made, one after the other.

    Args:     held: what the catalog holds of live products and variants.
    """
    now = {place: dict(fields) for place, fields in held.items()}
    applied: list[FieldEdit] = []
    refused: list[Refused] = []
    for edit in edits:
        fields = now.get((edit.product_id, edit.variant_id))
        if fields is None:
            refused.append(Refused(edit=edit, reason="gone"))
        elif edit.expected is not msgspec.UNSET and fields[edit.field] != edit.expected:
            refused.append(Refused(edit=edit, reason="changed", held=fields[edit.field]))
        elif fields[edit.field] != edit.value:
            fields[edit.field] = edit.value
            applied.append(edit)
    unmade = _end_sales(held, now, applied)
    refused += unmade
    applied = [edit for edit in applied if all(edit is not one.edit for one in unmade)]
    changes = {
        place: {name: [held[place][name], new] for name, new in fields.items() if held[place][name] != new}
        for place, fields in now.items()
    }
    return Decided(
        applied=tuple(applied),
        refused=tuple(refused),
        changes={place: fields for place, fields in changes.items() if fields},
    )


def _end_sales(
    held: Mapping[Place, Mapping[str, Any]], now: Mapping[Place, dict[str, Any]], applied: Sequence[FieldEdit]
) -> list[Refused]:
    """Leave no sale price that is not below the price; return the edits that wanted one."""
    ended: set[Place] = set()
    for place, fields in now.items():
        moved = place[1] is not None and any(fields[one] != held[place][one] for one in AMOUNTS)
        if moved and not sale_holds(fields["price"], fields["sale_price"]):
            ended.add(place)
    wanted = [edit for edit in applied if edit.field == "sale_price" and (edit.product_id, edit.variant_id) in ended]
    asked = {(edit.product_id, edit.variant_id) for edit in wanted}
    for place in ended:
        fields, kept = now[place], held[place]["sale_price"]
        fields["sale_price"] = kept if place in asked and sale_holds(fields["price"], kept) else None
    return [
        Refused(edit=edit, reason=NOT_BELOW_PRICE, held=now[edit.product_id, edit.variant_id]["sale_price"])
        for edit in wanted
    ]


def _checked(edit: FieldEdit) -> FieldEdit:
    if edit.field not in (PRODUCT_FIELDS if edit.variant_id is None else VARIANT_FIELDS):
        owner = "product" if edit.variant_id is None else "variant"
        raise invalid("FIELD_UNKNOWN", f"{edit.field}: not a field of a {owner} that can be edited", field=edit.field)
    expected = edit.expected if edit.expected is msgspec.UNSET else spelled(edit.field, edit.expected)
    return msgspec.structs.replace(edit, value=checked_value(edit.field, edit.value), expected=expected)


def _named(edit: FieldEdit, brands: Mapping[str, str]) -> FieldEdit:
    if edit.field != "brand":
        return edit
    return msgspec.structs.replace(edit, value=brands.get(edit.value, ""))
