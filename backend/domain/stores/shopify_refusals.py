"""What a merchant is told when Shopify's callback cannot be taken: our own sentences, never what the caller wrote."""

from collections.abc import Mapping

from backend.domain.stores.consents import StateFault
from backend.kit.errors import DomainError, forbidden, invalid
from backend.ports.shopify_app import NotGenuine

_AGAIN = "start again from the connect page"
_NOT_GENUINE: Mapping[str, str] = {
    "parameters": f"Shopify did not send everything that is needed: {_AGAIN}",
    "shop": "This is not the address of a Shopify store",
    "signature": f"This did not come from Shopify: {_AGAIN}",
    "timestamp": f"Shopify's answer is too old: {_AGAIN}",
}
_STATES: Mapping[StateFault, str] = {
    StateFault.UNKNOWN: f"We did not ask for this connection: {_AGAIN}",
    StateFault.USED: "This connection was finished or refused before; look whether the store is connected",
    StateFault.EXPIRED: f"Shopify's consent page was open for too long: {_AGAIN}",
    StateFault.OTHER_SHOP: f"Another shop was asked for: {_AGAIN}",
    StateFault.OTHER_BROWSER: f"The connection was begun in another browser, or cookies are blocked: {_AGAIN}",
    StateFault.ROLE_LOST: "Only an owner or an admin may connect stores",
}


def not_genuine(error: NotGenuine) -> DomainError:
    """Return the refusal of a callback that Shopify did not send like this."""
    return invalid("CALLBACK_NOT_GENUINE", _NOT_GENUINE.get(error.code, _NOT_GENUINE["signature"]))


def state_refused(fault: StateFault) -> DomainError:
    """Return the refusal of a state that does not count."""
    return forbidden(f"CONSENT_{fault.upper()}", _STATES[fault])
