"""Which catalog product and variant a row of a file is: pure decisions over what a look-up found.

A file knows no store, so identity comes from what it shares with the catalog: SKUs first, then the handle; inside a
product the SKU, then the options. Nothing is removed because a file does not have it.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from backend.ports.store_platform import PlatformVariant


class SkuHit(msgspec.Struct, frozen=True):
    """A live catalog product that has a variant with a SKU of a staged product."""

    sku: str
    product_id: int
    same_handle: bool


class Choice(msgspec.Struct, frozen=True):
    """What a staged product is: `product_id` None means new; a `reason` means that it cannot be told."""

    product_id: int | None = None
    reason: str = ""


class KnownVariant(msgspec.Struct, frozen=True):
    """A variant the catalog has of a chosen product."""

    id: int
    product_id: int
    sku: str
    options: Mapping[str, str]


def choose_product(sku_hits: Sequence[SkuHit], handle_hits: Sequence[int], taken: Mapping[int, int]) -> Choice:
    """Decide which product of the catalog a staged one is.

    Args:     sku_hits: what its SKUs are in the catalog. handle_hits: products with its handle, oldest first.
              taken: products that earlier rows of the same file are, with their lines.
    """
    if not sku_hits:
        return Choice(product_id=next((found for found in handle_hits if found not in taken), None))
    best = _most_shared(sku_hits)
    here = {hit.sku for hit in sku_hits if hit.product_id == best}
    elsewhere = sorted({hit.sku for hit in sku_hits} - here)
    if elsewhere:
        return Choice(
            reason=f'The SKUs "{min(here)}" and "{elsewhere[0]}" belong to different products of the catalog: '
            "split the product or change a SKU"
        )
    if best in taken:
        return Choice(
            reason=f'The SKU "{min(here)}" belongs to the catalog product that line {taken[best]} is already: '
            "put both under one product"
        )
    return Choice(product_id=best)


def _most_shared(hits: Sequence[SkuHit]) -> int:
    """Return the product that shares most SKUs; of equals the one with the same handle, then the oldest."""
    shared: dict[int, set[str]] = {}
    handles: dict[int, bool] = {}
    for hit in hits:
        shared.setdefault(hit.product_id, set()).add(hit.sku)
        handles[hit.product_id] = hit.same_handle
    return max(shared, key=lambda found: (len(shared[found]), handles[found], -found))


def choose_variants(staged: Sequence[PlatformVariant], known: Iterable[KnownVariant]) -> list[int | None]:
    """Decide which variant of its product each staged one is; None means new.

    Args:     known: the product's variants, live ones first, then by age.
    """
    by_sku: dict[str, list[int]] = {}
    by_options: dict[_Options, list[int]] = {}
    for variant in known:
        by_sku.setdefault(variant.sku, []).append(variant.id)
        by_options.setdefault(_key(variant.options), []).append(variant.id)
    taken: set[int] = set()
    chosen = [_first_free(by_sku.get(one.sku, ()), taken) if one.sku else None for one in staged]
    for at, one in enumerate(staged):
        if chosen[at] is None:
            chosen[at] = _first_free(by_options.get(_key(one.options), ()), taken)
    return chosen


_Options = frozenset[tuple[str, str]]


def _key(options: Mapping[str, str]) -> _Options:
    return frozenset(options.items())


def _first_free(candidates: Sequence[int], taken: set[int]) -> int | None:
    found = next((one for one in candidates if one not in taken), None)
    if found is not None:
        taken.add(found)
    return found
