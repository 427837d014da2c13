"""`python -m bench [name ...]`: run benchmarks, print their figures, fail when a target is missed."""

import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.one import measured
from bench.report import line

BENCHMARKS = (
    *("woo_pull", "shopify_bulk", "catalog_merge", "delta", "feeds", "webhooks", "keys", "external_api"),
    *("push_plan", "order_to_stock"),
)


def main() -> int:
    """Run the named benchmarks, or all."""
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}", flush=True)
    missed = 0
    for name in sys.argv[1:] or BENCHMARKS:
        # Each in a process of its own: what one leaves in memory slows the next one down by a tenth.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            figures = pool.submit(measured, name).result()
        for figure in figures:
            print(line(figure), flush=True)
            missed += not figure.met
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
