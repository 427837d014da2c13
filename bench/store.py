"""A simulated WooCommerce store in a process of its own: `python -m bench.store PRODUCTS VARIANTS MIXED LATENCY_S`."""

import sys
from itertools import chain, islice

from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.serving import serve_in_thread
from plugin_bridge.sandbox.woocommerce import ApiKey, SimulatedWooCommerce, StoreOptions

KEY, SECRET = "ck_" + "a1" * 20, "cs_" + "b2" * 20


def main() -> None:
    """Serve until killed."""
    products, variants, mixed = (int(argument) for argument in sys.argv[1:4])
    latency_s = float(sys.argv[4])

    def build(base_url: str) -> SimulatedWooCommerce:
        keys = [ApiKey(consumer_key=KEY, consumer_secret=SECRET)]
        simple = islice(generate_products(products + mixed, 1), products, None)
        catalog = chain(generate_products(products, variants), simple)
        return SimulatedWooCommerce(
            StoreOptions(address=base_url, keys=keys, currency="EUR", latency_s=latency_s), catalog
        )

    url, _ = serve_in_thread(build)
    print(url, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
