"""Simulated stores: small ASGI apps that answer as the real platforms do, with faults one can switch on.

host.py          many stores on one port, made and listed over HTTP, alive across restarts
definitions.py   what a store was made from, and the folder that remembers it
platforms.py     the platforms that can be simulated
faults.py        ways to fail, switched on and off; each platform names its own
journal.py       what a store was asked and what it accepted
shelf.py         sorted indexes of a catalog
generator.py     plausible catalogs of any size, the same every time
serving.py       a store on a real socket inside a test or a benchmark
asgi.py          the few lines between an ASGI server and a handler
shopify/         the simulated Shopify
woocommerce/     the simulated WooCommerce

Nothing here knows our own clients: a simulated store is an independent witness.
"""
