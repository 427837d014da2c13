"""How far a walk through a store's lists has come, as the cursor to store and the totals told so far (pure)."""

from backend.ports.platform_errors import PlatformError, StoreRefused
from plugin_bridge.woocommerce.catalog import ListPage
from plugin_bridge.woocommerce.paging import NESTED, PRODUCTS, VARIANTS, Cursor, ListWalk, Step


async def exists(variants: ListWalk[ListPage]) -> bool:
    """Say whether the store has a list of all variations; any other trouble with it shows when its turn comes."""
    try:
        await variants.first()
    except StoreRefused as error:
        return error.status != 404
    except PlatformError:
        pass
    return True


def expected(told: Cursor) -> dict[str, int]:
    """Return how many products and variations there are in all, as far as the store has told."""
    totals = {"products": told.products, "variants": told.variants}
    return {name: total for name, total in totals.items() if total is not None}


def told_products(before: Cursor, step: Step[ListPage]) -> Cursor:
    """Return the cursor behind a page of products; behind the last one it is the beginning of the variations."""
    total = step.page.total if step.page.total is not None else before.products
    if step.next_offset is None:
        return Cursor(stream=VARIANTS, products=total, variants=before.variants)
    return Cursor(stream=PRODUCTS, offset=step.next_offset, size=step.size, products=total, variants=before.variants)


def told_variants(before: Cursor, step: Step[ListPage]) -> Cursor:
    """Return the cursor behind a page of variations."""
    total = step.page.total if step.page.total is not None else before.variants
    offset = _behind(before, step)
    return Cursor(stream=VARIANTS, offset=offset, size=step.size, products=before.products, variants=total)


def told_nested(before: Cursor, step: Step[ListPage]) -> Cursor:
    """Return the cursor behind a page of products with their variations."""
    total = step.page.total if step.page.total is not None else before.products
    variants = (before.variants or 0) + step.page.nested_total
    return Cursor(stream=NESTED, offset=_behind(before, step), size=step.size, products=total, variants=variants)


def _behind(before: Cursor, step: Step[ListPage]) -> int:
    """Where the next page begins; behind the last page too, so that resuming there ends at once."""
    return step.next_offset if step.next_offset is not None else step.offset + step.size
