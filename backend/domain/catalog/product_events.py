"""Telling of products that are new in the catalog, as sets: a first sync makes a hundred thousand at once."""

import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from asyncpg.pgproto import pgproto
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.binary_copy import copy, jsonb
from backend.domain.catalog.fields import plain_amount
from backend.domain.catalog.staging import Parented, Products, Variants, driver_connection

_json = msgspec.json.Encoder().encode
_CREATED = "product.created"


async def tell_created(
    session: AsyncSession,
    organization_id: uuid.UUID,
    *,
    products: Products,
    created: Mapping[str, int],
    variants: Variants,
    placed: Mapping[str, Parented],
) -> None:
    """Record `product.created` (`events.types.ProductCreated`) of new products.

    Args:     created: external id to product id. placed: where new variants are; one that comes later is left out.
    """
    if not created:
        return
    firsts: dict[int, str] = {}
    for name, (_, product_id) in placed.items():
        firsts.setdefault(product_id, name)
    records = _records(organization_id, products, created, variants, firsts)
    connection = await driver_connection(session)
    await copy(connection, "events", {"organization_id": "uuid", "type": "text", "payload": "bytea"}, records)


def _records(
    organization_id: uuid.UUID,
    products: Products,
    created: Mapping[str, int],
    variants: Variants,
    firsts: Mapping[int, str],
) -> Iterator[tuple[Any, ...]]:
    org = pgproto.UUID(organization_id.bytes)
    for name, product_id in created.items():
        first = firsts.get(product_id)
        row, sold = products[name], variants[first] if first is not None else None
        price, cost = (None, None) if sold is None else (_amount(sold.price), _amount(sold.cost))
        payload = {
            "product_id": str(product_id),
            "sku": "" if sold is None else sold.sku,
            "title": row.title,
            "currency": "" if sold is None else sold.currency,
            "price": None if price is None else plain_amount(price),
            "cost": None if cost is None else plain_amount(cost),
            "margin": None if price is None or cost is None else plain_amount(price - cost),
            "images": msgspec.Raw(row.images),
        }
        yield (org, _CREATED, jsonb(_json(payload)))


def _amount(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)
