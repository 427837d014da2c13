"""When an erasure must not happen: pure."""

from datetime import datetime

from backend.models.stores import Store


def is_installed_again(store: Store, triggered_at: datetime) -> bool:
    """Tell whether a shop that is to be erased belongs to an installation of its own by now.

    The request comes two days after the app was uninstalled, whatever the merchant did meanwhile.
    """
    if store.state == "active":
        return True
    return store.connected_at is not None and store.connected_at > triggered_at
