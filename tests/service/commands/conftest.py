"""An operator at a terminal, on this module's database."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend.cli import main

Typed = Callable[..., Awaitable[Any]]


class Refused(Exception):
    """What a command said on stderr."""


@pytest.fixture
def typed(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """Type a command and return its document; a failure is raised with its line."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("STORELOOM_SECRET_KEYS", "a key only for these tests")

    def run(arguments: tuple[object, ...]) -> int:
        try:
            return int(main([str(one) for one in arguments]))
        except SystemExit as ended:
            return int(ended.code or 0)

    async def type_in(*arguments: object, as_json: bool = True) -> Any:
        capsys.readouterr()
        code = await asyncio.to_thread(run, (*arguments, *(["--json"] if as_json else [])))
        said = capsys.readouterr()
        if code:
            raise Refused(said.err)
        return json.loads(said.out) if as_json else said.out

    return type_in
