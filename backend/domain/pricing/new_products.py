"""Bring products that are to be monitored into the catalog, as sets: one or thousands at a time."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.new_rows import NewRows, ensure_names, numbers
from backend.domain.catalog.product_events import tell_created
from backend.domain.catalog.product_import_batch import DEFAULT_CURRENCY
from backend.domain.catalog.staging import Parented, StagedProduct, StagedVariant
from backend.domain.pricing.identity_repository import IdentityRepository, Known
from backend.domain.pricing.monitored_repository import MonitoredRepository
from backend.domain.pricing.monitored_rules import NewProduct
from backend.domain.stores.repository import StoreRepository
from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import Actor


class Outcome(msgspec.Struct, frozen=True):
    """What became of one product."""

    variant_id: int | None = None
    error: DomainError | None = None
    """Why it was not taken, when it was not."""


def exists_already() -> DomainError:
    """Build the refusal of a product that is monitored already."""
    return DomainError(ErrorKind.CONFLICT, "PRODUCT_EXISTS", "A product of this name, brand and code exists already")


def over_limit(limit: int) -> DomainError:
    """Build the refusal of products that the plan has no room for."""
    told = f"Package limit exceeded: the plan holds {limit:,} products"
    return DomainError(ErrorKind.LIMIT_REACHED, "PIM_PRODUCT_LIMIT", told, limit=limit)


class Decided(msgspec.Struct, frozen=True):
    """What is to become of each product of a list, by its place."""

    refused: Mapping[int, DomainError]
    taken_up: Mapping[int, int]
    """Place to the variant that the catalog has, but nobody watches."""
    created: Sequence[int]


def decide(known: Sequence[Known], limit: int | None, held: int) -> Decided:
    """Decide over a list: the first ones of it get what room there is.

    Args:     limit: products that the plan holds; None: as many as anybody likes. held: how many there are.
    """
    refused: dict[int, DomainError] = {}
    taken_up: dict[int, int] = {}
    created: list[int] = []
    for place, one in enumerate(known):
        if one.same_as != place or one.monitored:
            refused[place] = exists_already()
        elif one.variant_id is not None:
            taken_up[place] = one.variant_id
        elif limit is not None and held + len(created) >= limit:
            refused[place] = over_limit(limit)
        else:
            created.append(place)
    return Decided(refused, taken_up, created)


class NewProducts:
    """Writes into the acting organization's catalog; the caller has taken its turn on it (`catalog.changes`)."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._rows = MonitoredRepository(session)

    async def add(self, actor: Actor, products: Sequence[NewProduct], limit: int | None) -> list[Outcome]:
        """Add products and return what became of each, in their order. One that nobody watches is taken up again.

        Args:     limit: products that the plan holds; None: as many as anybody likes.
        """
        known = await IdentityRepository(self._session).known(actor, products)
        held = 0 if limit is None else await self._rows.count_products(actor.tenant)
        decided = decide(known, limit, held)
        await self._rows.take_up(actor, {one: products[place] for place, one in decided.taken_up.items()})
        ids = {**decided.taken_up, **await self._create(actor, {place: products[place] for place in decided.created})}
        if ids:
            await self._rows.bump_revision(actor.tenant)
        return [Outcome(ids.get(place), decided.refused.get(place)) for place in range(len(products))]

    async def _create(self, actor: Actor, products: Mapping[int, NewProduct]) -> dict[int, int]:
        if not products:
            return {}
        currency = await self._currency(actor)
        staged = {str(place): staged_product(str(place), one) for place, one in products.items()}
        variants = {str(place): _staged_variant(str(place), one, currency) for place, one in products.items()}
        names = await ensure_names(self._session, actor.tenant, staged.values())
        created = dict(zip(staged, await numbers(self._session, "products", len(staged)), strict=True))
        variant_ids = await numbers(self._session, "variants", len(staged))
        placed: dict[str, Parented] = {
            one: (variant_id, created[one]) for one, variant_id in zip(staged, variant_ids, strict=True)
        }
        rows = NewRows(self._session, actor.tenant, currency)
        await rows.add_products(staged, created, names)
        await rows.add_variants(variants, placed)
        by_id = {placed[str(place)][0]: one for place, one in products.items()}
        await self._rows.add_extras(actor, by_id)
        scope = (self._session, actor.tenant)
        await tell_created(*scope, products=staged, created=created, variants=variants, placed=placed)
        return dict(zip(products, variant_ids, strict=True))

    async def _currency(self, actor: Actor) -> str:
        stores = await StoreRepository(self._session).all_of(actor)
        known = [store.currency for store in stores if store.state == "active" and store.currency]
        return known[-1] if known else DEFAULT_CURRENCY


def staged_product(key: str, product: NewProduct) -> StagedProduct:
    """Return the catalog's row of a product."""
    return StagedProduct(
        external_id=key,
        title=product.name,
        description="",
        handle="",
        status="active",
        brand=product.brand,
        categories=(product.category,),
        tags=product.tags,
        images=b"[]",
        option_names=(),
        url="",
        modified_at=None,
        hash=b"",
        own_url="",
    )


def _staged_variant(key: str, product: NewProduct, currency: str) -> StagedVariant:
    return StagedVariant(
        external_id=key,
        external_product_id=key,
        position=0,
        title="",
        sku=product.product_code,
        barcode=product.barcode,
        price=None,
        sale_price=None,
        cost=None if product.cost is None else str(product.cost),
        stock=None,
        # Nobody has said that there is any.
        in_stock=False,
        backorder=False,
        options=b"{}",
        attributes=b"{}",
        image_url="",
        url="",
        weight_g=None,
        active=True,
        inventory_id="",
        levels={},
        modified_at=None,
        hash=b"",
        currency=currency,
    )
