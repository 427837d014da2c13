"""`make faults`: seeded runs of two stores and a hub while workers are killed, servers restarted and answers lost.

Each run has an organization of its own with a WooCommerce store and a Shopify shop that sell the same articles. A
script made from the seed orders, edits and adjusts in both stores and in the hub, while faults strike; then everything
heals, and both stores and the hub must agree. Ten runs share one instance and its disasters. `--seed N --runs 1`
replays one.
"""
