"""Run the campaign: `python -m tests.faults.campaign [--runs N] [--seed FIRST] [--at-once N] [--calm]`."""

import argparse
import asyncio
import sys
import threading
import time
from collections import Counter

from backend.settings import load_settings
from backend.wiring import Container
from tests.faults.campaign.run import Run
from tests.faults.campaign.script import disasters
from tests.faults.campaign.world import World

CONNECTING = 3
"""So many times longer disasters are apart while stores are only being connected."""


def _befall(world: World, runs: list[Run], ended: threading.Event, struck: Counter[str]) -> None:
    """Let disasters befall the instance until the last script has ended; count those that struck while one ran."""
    for pause_s, what in disasters(runs[0].seed):
        playing = any(run.playing for run in runs)
        if ended.wait(pause_s if playing else pause_s * CONNECTING) or all(run.played for run in runs):
            return
        try:
            _strike(world, what)
        except Exception as error:
            struck[f"FAILED {what}: {type(error).__name__}: {error}"] += 1
            return
        struck[what] += playing


def _strike(world: World, what: str) -> None:
    if what == "empty valkey":
        world.empty_valkey()
    elif what == "restart postgres":
        world.restart_postgres()
    else:
        world.kill(what.removeprefix("kill "))


async def _group(world: World, seeds: range, calm: bool) -> list[tuple[int, list[str]]]:
    begun = time.monotonic()
    container = Container(load_settings(world.environment), world.data_dir)
    runs = [Run(seed, world, container) for seed in seeds]
    ended = threading.Event()
    struck: Counter[str] = Counter()
    chaos = threading.Thread(target=_befall, args=(world, runs, ended, struck))
    if not calm:
        chaos.start()
    try:
        found = await asyncio.gather(*(run.play() for run in runs), return_exceptions=True)
    finally:
        ended.set()
        if not calm:
            chaos.join()
        await container.aclose()
    what = ", ".join(f"{what} {n}" for what, n in sorted(struck.items()) if n)
    print(
        f"seeds {seeds[0]} to {seeds[-1]}: {time.monotonic() - begun:.0f} s, {struck.total()} disasters while scripts"
        f" ran ({what}), {sum(run.overtaken for run in runs)} articles overtaken in WooCommerce",
        flush=True,
    )
    return [
        (run.seed, [f"{type(one).__name__}: {one}"] if isinstance(one, BaseException) else one)
        for run, one in zip(runs, found, strict=True)
    ]


def main() -> int:
    """Play all runs; return 1 when one of them ends wrong."""
    options = argparse.ArgumentParser(prog="make faults", description=__doc__)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--seed", type=int, default=1, help="of the first run; the others follow")
    options.add_argument("--at-once", type=int, default=10, help="runs that share an instance and its disasters")
    options.add_argument("--calm", action="store_true", help="no disasters, faults of the stores alone")
    options.add_argument("--keep-going", action="store_true", help="play all runs whatever goes wrong")
    given = options.parse_args()
    world = World()
    begun, bad = time.monotonic(), 0
    try:
        last = given.seed + given.runs
        for first in range(given.seed, last, given.at_once):
            seeds = range(first, min(first + given.at_once, last))
            for seed, wrong in asyncio.run(_group(world, seeds, given.calm)):
                bad += bool(wrong)
                print(f"seed {seed}: {'well' if not wrong else 'WRONG'}", flush=True)
                for line in wrong[:20]:
                    print(f"    {line}", flush=True)
            if bad and not given.keep_going:
                break
    finally:
        if bad:
            sys.stderr.write("".join(world.last_words()))
        world.stop()
    took = time.monotonic() - begun
    met = f"{world.kills} kills, {world.restarts} restarts of PostgreSQL, {world.flushes} times Valkey emptied"
    print(f"{given.runs} runs, {bad} wrong, {took:.0f} s; {met}")
    if bad:
        print("replay one: make faults ARGS='--runs 1 --seed N', or its group from the first seed on")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
