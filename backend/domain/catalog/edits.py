"""Changing synced fields of the catalog: the one door for everybody but the merge of what stores show."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.ports.actor import Actor


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
    """`changed` (the catalog holds something else than expected) or `gone`."""
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

        Args:     origin: as `FieldChange.origin`. reason: for people. run_id: the run that the changes belong to.
        """
        raise NotImplementedError
