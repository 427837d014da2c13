"""One benchmark, as its own process runs it."""

import asyncio
from collections.abc import Sequence
from importlib import import_module

import uvloop

from backend.kit.collector import collect_less_often
from backend.kit.log import set_up_logging
from bench.report import Figure


def measured(name: str) -> Sequence[Figure]:
    """Return the figures of a benchmark by its module's name."""
    set_up_logging("error")
    collect_less_often()  # as workers do
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the loop that workers run on
        figures: Sequence[Figure] = runner.run(import_module(f"bench.{name}").measure())
    return figures
