"""A simulated WooCommerce store: REST v3 with its refusals, traps, dates and webhooks.

app.py           routes; faults, authentication, handler, log, in this order      routes.py, rest.py
shop.py          everything one store holds                                     catalog.py, shelf.py, item.py
auth.py          Basic, query string, OAuth 1.0a (oauth.py)
reading.py       lists and single items                                         params.py, listing.py, dates.py
writing.py       create, update, delete                                         bodies.py, prices.py, batch.py
webhooks.py      subscriptions; deliveries.py sends                             hooks.py
orders.py        orders; ordering.py places them and takes stock                order.py
system.py        index, settings, system status, currency
render.py        JSON of an item, remembered until it changes                   views.py, fields.py
faults.py        ways to fail; failing.py and shifting.py do it
control.py       what a test may ask and do
seed.py          neutral products to items; snapshot.py keeps what happened since
"""

from plugin_bridge.sandbox.woocommerce.options import ApiKey, StoreOptions
from plugin_bridge.sandbox.woocommerce.store import SimulatedWooCommerce

__all__ = ["ApiKey", "SimulatedWooCommerce", "StoreOptions"]
