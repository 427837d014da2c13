"""What we ask merchants to let us do, and whether they did."""

from collections.abc import Iterable

from shopify.api_access import ApiAccess

SCOPES = ("read_locations", "read_orders", "write_inventory", "write_products", "write_publications")
"""What our documents and the webhooks we listen to need and nothing else; a test computes it from them."""


def missing_scopes(granted: str, needed: Iterable[str] = SCOPES) -> tuple[str, ...]:
    """Return what *granted* does not cover, sorted; writing a thing covers reading it.

    Args:     granted: comma separated, as Shopify tells it.
    """
    # ShopifyAPI knows the algebra, but refuses a whole list for one name of a kind it has never seen.
    access = ApiAccess([scope for scope in granted.split(",") if ApiAccess.SCOPE_RE.match(scope.strip())])
    return tuple(sorted(scope for scope in needed if not access.covers(ApiAccess([scope]))))
