"""The one spelling of a store address: tokens are bound to it, so two spellings must never look like two stores."""

from backend.kit.errors import invalid
from backend.ports.store_platform import Platforms


def store_address(platforms: Platforms, platform: str, url: str) -> str:
    """Return a store address in its one spelling.

    Raises:   invalid UNKNOWN_PLATFORM, STORE_URL_INVALID.
    """
    try:
        connector = platforms.get(platform)
    except KeyError:
        raise invalid("UNKNOWN_PLATFORM", "platform: there is no such platform", field="platform") from None
    try:
        return connector.canonical_url(url)
    except ValueError as error:
        raise invalid("STORE_URL_INVALID", f"storeUrl: {error}", field="storeUrl") from None
