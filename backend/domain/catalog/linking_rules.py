"""Which catalog product a store's new product is: pure decisions over what look-ups found (decision 0026)."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

BARCODE_ONLY = "barcode_only"
"""No sku is known, a barcode is."""
SKU_AMBIGUOUS = "sku_ambiguous"
"""Several variants of the catalog have the sku."""
SKU_REPEATED = "sku_repeated"
"""The store shows the sku more than once."""
VARIANTS_DIFFER = "variants_differ"
"""The variants are found in several products, or several products of the store in one."""
PARTLY = "partly"
"""Some of the skus are known, others are not."""
BARCODES_DIFFER = "barcodes_differ"
"""The sku names one article, the barcode another."""

MOST_HITS = 5
"""A sku or barcode that more live variants than these have identifies nothing; so many candidates are suggested."""
_GTIN = 14
_PADDED = (8, 12, 13, _GTIN)


class ShownVariant(msgspec.Struct, frozen=True):
    """A variant of a store that has no place in the catalog yet."""

    external_id: str
    sku: str = ""
    barcode: str = ""
    options: Mapping[str, str] = {}


class HeldVariant(msgspec.Struct, frozen=True):
    """A live variant of the catalog."""

    id: int
    product_id: int
    sku: str = ""
    barcode: str = ""
    options: Mapping[str, str] = {}
    here: bool = False
    """Its product has a live link in the store already, so it cannot be another product of that store."""


class Doubt(msgspec.Struct, frozen=True):
    """A product that it may be, and why that is not certain."""

    candidate_id: int
    reason: str
    facts: Mapping[str, Any] = {}


class Decision(msgspec.Struct, frozen=True):
    """What a product is: certain when `product_id` is set, to be reviewed when there are doubts, else new."""

    product_id: int | None = None
    doubts: tuple[Doubt, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """What the catalog holds live under the skus and barcodes of a merge."""

    skus: Mapping[str, Sequence[HeldVariant]] = {}
    """By `sku_key`."""
    gtins: Mapping[str, Sequence[HeldVariant]] = {}
    """By `gtin`."""
    shown: Mapping[str, int] = {}
    """How often the store shows each sku in this merge, by `sku_key`."""


def sku_key(sku: str) -> str:
    """Return a sku as it is compared: without blanks around it, with its case; "" never matches."""
    return sku.strip()


def gtin(barcode: str) -> str:
    """Return a barcode as fourteen digits, "" when it is no number of 8 to 14 digits and so is not compared."""
    digits = barcode.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and _PADDED[0] <= len(digits) <= _GTIN and digits.strip("0")):
        return ""
    return digits.zfill(_GTIN)


def spellings(barcode: str) -> set[str]:
    """Return how a catalog may spell a barcode: as it stands, padded to each usual length, without zeros before it."""
    known = gtin(barcode)
    if not known:
        return set()
    bare = known.lstrip("0")
    return {barcode, bare, *(bare.zfill(length) for length in _PADDED if len(bare) <= length)}


def decide(shown: Sequence[ShownVariant], found: Found) -> Decision:
    """Decide which product the variants of one product are.

    Certain: each variant with a sku is exactly one live variant of the catalog, all of one product that has no link in
    this store, no sku is on either side twice, and no barcode says otherwise.
    """
    hits = {v.external_id: _identifying(found.skus, sku_key(v.sku)) for v in shown}
    matched = [hit for of_one in hits.values() for hit in of_one]
    candidates = _ranked(hit for hit in matched if not hit.here)
    if not candidates:
        return Decision(doubts=_by_barcode(shown, found))
    reason, facts = _doubt(shown, hits, found)
    if not reason:
        return Decision(product_id=candidates[0])
    if reason == BARCODES_DIFFER:
        candidates = _ranked((*(hit for hit in matched if not hit.here), *_barcode_hits(shown, found)))
    return Decision(doubts=tuple(Doubt(one, reason, facts) for one in candidates[:MOST_HITS]))


def decide_all(products: Mapping[str, Sequence[ShownVariant]], found: Found) -> dict[str, Decision]:
    """Decide on all new products of a merge; a catalog product that several of them claim is nobody's for certain."""
    decisions = {name: decide(shown, found) for name, shown in products.items()}
    claims = Counter(one.product_id for one in decisions.values() if one.product_id is not None)
    for name, decision in decisions.items():
        product_id = decision.product_id
        if product_id is not None and claims[product_id] > 1:
            doubt = Doubt(product_id, VARIANTS_DIFFER, {"products_in_store": claims[product_id]})
            decisions[name] = Decision(doubts=(doubt,))
    return decisions


def place(
    shown: Sequence[ShownVariant], held: Sequence[HeldVariant], *, confirmed: bool = False
) -> dict[str, HeldVariant]:
    """Say which variants of its product the variants of a store are; those that are missing are new there.

    By sku, then barcode, then options, each only where one of either side has it; no variant is given twice.

    Args:     confirmed: a person said that the products are one: then equal options count whatever the skus say, and
              of products with one variant each these are one.
    """
    placed: dict[str, HeldVariant] = {}
    _match(shown, held, placed, lambda one: sku_key(one.sku))
    _match(shown, held, placed, lambda one: gtin(one.barcode))
    bare = shown if confirmed else [one for one in shown if not sku_key(one.sku)]
    _match(bare, held, placed, lambda one: frozenset(one.options.items()))
    if confirmed and not placed and len(shown) == len(held) == 1:
        placed[shown[0].external_id] = held[0]
    return placed


_Side = TypeVar("_Side", ShownVariant, HeldVariant)


def _match(
    shown: Iterable[ShownVariant],
    held: Iterable[HeldVariant],
    placed: dict[str, HeldVariant],
    key: Callable[[ShownVariant | HeldVariant], Hashable],
) -> None:
    taken = {one.id for one in placed.values()}
    theirs = _once([one for one in held if one.id not in taken], key)
    for name, one in _once([one for one in shown if one.external_id not in placed], key).items():
        if name in theirs:
            placed[one.external_id] = theirs[name]


def _once(variants: Collection[_Side], key: Callable[[ShownVariant | HeldVariant], Hashable]) -> dict[Hashable, _Side]:
    """Return those variants whose key is not empty and that no other has."""
    counts = Counter(key(one) for one in variants)
    return {key(one): one for one in variants if key(one) and counts[key(one)] == 1}


def _identifying(hits: Mapping[str, Sequence[HeldVariant]], key: str) -> Sequence[HeldVariant]:
    found = hits.get(key, ()) if key else ()
    return found if len(found) <= MOST_HITS else ()


def _ranked(hits: Iterable[HeldVariant]) -> list[int]:
    """Return the products of hits: those with most of them first, then the oldest."""
    counts = Counter(hit.product_id for hit in hits)
    return sorted(counts, key=lambda product_id: (-counts[product_id], product_id))


def _doubt(
    shown: Sequence[ShownVariant], hits: Mapping[str, Sequence[HeldVariant]], found: Found
) -> tuple[str, Mapping[str, Any]]:
    """Return why products that share a sku are not certainly one, "" when they are."""
    skus = sorted({sku_key(v.sku) for v in shown} - {""})
    repeated = [sku for sku in skus if found.shown.get(sku, 0) > 1]
    if repeated:
        return SKU_REPEATED, {"skus": repeated[:MOST_HITS]}
    several = [sku for sku in skus if len(found.skus.get(sku, ())) > 1]
    if several:
        return SKU_AMBIGUOUS, {"skus": several[:MOST_HITS]}
    if len({hit.product_id for of_one in hits.values() for hit in of_one}) > 1:
        return VARIANTS_DIFFER, {}
    missing = [v.sku for v in shown if sku_key(v.sku) and not hits[v.external_id]]
    if missing:
        return PARTLY, {"skus": sorted(missing)[:MOST_HITS]}
    for variant in shown:
        for hit in hits[variant.external_id]:
            if _contradicts(variant, hit, found):
                return BARCODES_DIFFER, {"sku": variant.sku, "shown": variant.barcode, "held": hit.barcode}
    return "", {}


def _contradicts(shown: ShownVariant, hit: HeldVariant, found: Found) -> bool:
    """Tell whether barcodes deny what the sku says: they are different, or another product has the shown one."""
    theirs, ours = gtin(shown.barcode), gtin(hit.barcode)
    if theirs and ours:
        return theirs != ours
    return any(other.product_id != hit.product_id for other in _identifying(found.gtins, theirs))


def _barcode_hits(shown: Iterable[ShownVariant], found: Found) -> list[HeldVariant]:
    return [hit for v in shown for hit in _identifying(found.gtins, gtin(v.barcode)) if not hit.here]


def _by_barcode(shown: Iterable[ShownVariant], found: Found) -> tuple[Doubt, ...]:
    candidates = _ranked(_barcode_hits(shown, found))
    return tuple(Doubt(one, BARCODE_ONLY) for one in candidates[:MOST_HITS])
