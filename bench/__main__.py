"""`python -m bench [name ...]`: run benchmarks, print their figures, fail when a target is missed."""

import asyncio
import os
import platform
import sys
from importlib import import_module

import uvloop

from backend.kit.collector import collect_less_often
from backend.kit.log import set_up_logging
from bench.report import line

BENCHMARKS = (
    *("woo_pull", "shopify_bulk", "catalog_merge", "delta", "feeds", "webhooks", "keys", "external_api"),
    *("push_plan", "order_to_stock"),
)


def main() -> int:
    """Run the named benchmarks, or all."""
    names = sys.argv[1:] or BENCHMARKS
    set_up_logging("error")
    collect_less_often()  # as workers do
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}", flush=True)
    missed = 0
    for name in names:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the loop that workers run on
            figures = runner.run(import_module(f"bench.{name}").measure())
        for figure in figures:
            print(line(figure), flush=True)
            missed += not figure.met
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
