"""Finding the instance a command acts on, and running its work inside it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from backend.embedded.errors import StartError
from backend.embedded.instance import Instance, load_instance
from backend.kit.errors import DomainError
from backend.kit.log import redact, set_up_logging
from backend.settings import SettingsError, default_data_dir, load_settings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def instance_options(command: F) -> F:
    """Add the options that every command has: `--data-dir` and `--json`."""
    command = click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")(command)
    return click.option(
        "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder of the running instance."
    )(command)


def environment(data_dir: Path | None) -> tuple[dict[str, str], Instance | None]:
    """Return the variables of the instance meant, and the running instance when there is one.

    Raises:   StartError when neither a running instance nor `DATABASE_URL` and `REDIS_URL` are found.
    """
    if data_dir is None and os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return dict(os.environ), None
    found = load_instance((data_dir or default_data_dir()).absolute())
    return {**os.environ, **found.environment()}, found


def in_instance(data_dir: Path | None, work: "Callable[[Any], Awaitable[T]]") -> T:
    """Run *work(container)* against the instance and return what it returns."""
    variables, found = environment(data_dir)
    settings = load_settings(variables)
    set_up_logging("error")

    async def inside() -> T:
        from backend.wiring import Container

        container = Container(settings, Path(found.data_dir) if found else default_data_dir(variables))
        try:
            return await work(container)
        finally:
            await container.aclose()

    return asyncio.run(inside())


def explain(error: BaseException) -> str:
    """Return one line that says what went wrong, without secrets."""
    if isinstance(error, DomainError):
        return error.message
    if isinstance(error, StartError | SettingsError):
        return str(error)
    lines = str(error).strip().splitlines()
    return redact(f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__)
