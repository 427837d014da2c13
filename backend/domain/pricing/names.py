"""Brands and categories by name: they come with the products that name them, and can be renamed."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.changes import ChangeNotes, take_turn
from backend.domain.catalog.limits import MOST_NAME
from backend.domain.catalog.staging import prepare
from backend.domain.pricing.monitored import MOST_ID, PAGE, REASON, Page
from backend.domain.pricing.names_repository import NamesRepository
from backend.domain.sync.push_soon import PushRequests
from backend.kit.errors import conflict, invalid, not_found
from backend.kit.text import storable
from backend.ports.actor import Actor

_WORDS = {"brand": "Brand", "category": "Category"}


class CatalogNames:
    """Works on the acting organization's brands and categories; *kind* says which, `brand` or `category`."""

    def __init__(self, session: AsyncSession, pushes: PushRequests) -> None:
        self._session = session
        self._pushes = pushes

    async def page(self, actor: Actor, kind: str, skipped: int) -> Page:
        """Return one page, oldest first.

        Raises:   not_found past the end; an empty first page is one.
        """
        found = await NamesRepository(self._session, kind).page(actor, skipped=min(skipped, MOST_ID), most=PAGE + 1)
        if skipped and not found:
            raise not_found("Page")
        return Page(items=found[:PAGE], more=len(found) > PAGE)

    async def get(self, actor: Actor, kind: str, name_id: int) -> Any:
        """Return one (`id`, `name`); raise not_found."""
        return await self._found(actor, kind, name_id)

    async def rename(self, actor: Actor, kind: str, name_id: int, name: str) -> None:
        """Give it another name on all its products; stores that show a brand get the new one.

        Raises:   invalid PARAMETER_MISSING, PARAMETER_INVALID; not_found; conflict NAME_EXISTS.
        """
        new = _checked(name)
        await take_turn(self._session, actor.tenant)
        rows = NamesRepository(self._session, kind)
        row = await self._found(actor, kind, name_id, lock=True)
        if await rows.is_taken(actor, new, name_id):
            raise conflict("NAME_EXISTS", f"Another {kind} has this name already")
        old, row.name = row.name, new
        if old == new:
            return
        await self._session.flush()
        if kind == "brand":
            await self._note_brand(actor, name_id, old, new)
        else:
            await rows.rename_in_products(actor, old, new)
        await rows.bump_revision(actor)

    async def _found(self, actor: Actor, kind: str, name_id: int, *, lock: bool = False) -> Any:
        known = 0 < name_id <= MOST_ID
        row = await NamesRepository(self._session, kind).find(actor, name_id, lock=lock) if known else None
        if row is None:
            raise not_found(_WORDS[kind])
        return row

    async def _note_brand(self, actor: Actor, name_id: int, old: str, new: str) -> None:
        await prepare(self._session)
        await NamesRepository(self._session, "brand").note_brand(actor, name_id, old, new)
        who = "" if actor.user_id is None else str(actor.user_id)
        notes = ChangeNotes(self._session, actor.tenant, origin="person", actor=who, reason=REASON)
        await self._pushes.soon(actor, await notes.record())


def _checked(name: str) -> str:
    told = name.strip()
    if not told:
        raise invalid("PARAMETER_MISSING", "name: must not be empty", field="name")
    if storable(told) != told or len(told) > MOST_NAME:
        raise invalid("PARAMETER_INVALID", f"name: at most {MOST_NAME} characters, no control characters", field="name")
    return told
