"""Where a Shopify webhook's body says what we want to know."""

from collections.abc import Mapping
from typing import Any

from backend.domain.inbound.handling import Unreadable
from backend.domain.privacy.subject import PersonalDataRequest, Subject

Body = Mapping[str, Any]


def product_id(body: Body) -> str:
    """Return the number of the product it speaks of, as text."""
    return _number(body, "id")


def operation_id(body: Body) -> str:
    """Return the id of the bulk operation that ended."""
    found = body.get("admin_graphql_api_id")
    if not isinstance(found, str) or not found:
        raise Unreadable("it names no operation")
    return found


def granted_scopes(body: Body) -> list[str]:
    """Return the scopes that the merchant grants now."""
    found = body.get("current")
    if not isinstance(found, list) or not all(isinstance(scope, str) for scope in found):
        raise Unreadable("it names no scopes")
    return found


def personal_data_request(body: Body) -> PersonalDataRequest:
    """Return whose data a compliance webhook is about; a request about a whole shop names nobody."""
    customer = body.get("customer")
    customer = customer if isinstance(customer, dict) else {}
    asked = body.get("data_request")
    orders = [*_list(body, "orders_requested"), *_list(body, "orders_to_redact")]
    return PersonalDataRequest(
        external_id=str(asked.get("id", "")) if isinstance(asked, dict) else "",
        subject=Subject(
            customer_id=_text(customer.get("id")),
            email=_text(customer.get("email")),
            phone=_text(customer.get("phone")),
            order_ids=frozenset(_text(order) for order in orders) - {""},
        ),
    )


def _number(body: Body, name: str) -> str:
    found = _text(body.get(name))
    if not found:
        raise Unreadable(f"it has no {name}")
    return found


def _list(body: Body, name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _text(value: Any) -> str:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
