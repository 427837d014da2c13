"""A simulated Shopify shop: OAuth, GraphQL over a part of the real schema, bulk operations, webhooks, and their traps.

app.py           routes; faults, handler, log, in this order
oauth.py         consent and tokens                             installation.py, id_tokens.py, signing.py, pages.py
admin.py         the admin around an embedded app
graphql_endpoint.py  who asks, what it costs (cost.py, bucket.py), the answer; engine.py runs the document
schema/          the part of Shopify's schema that is answered; schema.py finds what answers a field
*_fields.py      what reading fields answer                     search.py, terms.py, paging.py, values.py, access.py
*_writes.py      mutations; mutations.py notes them             idempotency.py
operations.py    bulk operations: their life; bulk_query.py compiles, bulk_rows.py writes, bulk_work.py runs them
deliveries.py    webhooks                                       payloads.py
shop.py          everything one shop holds                      catalog.py, records.py, ordering.py
kinds.py         ways to fail; failing.py does it
control.py       what a test may ask and do
seed.py          neutral products to records; snapshot.py keeps what happened since
"""

from plugin_bridge.sandbox.shopify.options import AppOptions, ShopOptions
from plugin_bridge.sandbox.shopify.store import SimulatedShopify

__all__ = ["AppOptions", "ShopOptions", "SimulatedShopify"]
