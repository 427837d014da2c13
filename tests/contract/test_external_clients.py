"""The examples of `docs/clients.md` for the external API, and the contract's own curl lines, do what they say."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from backend.wiring import Container
from tests.support.documented_clients import needs_node, needs_php, run_example, run_program, section
from tests.support.external_api import Opened, open_shop
from tests.support.served_app import served_app, settings_on
from tests.support.servers import DATABASES, Servers

ROOT = Path(__file__).parents[2]
SECTION = section("External API")
CONTRACT = Path(os.environ.get("STORELOOM_SHARED", ROOT.parent / "shared")) / "contracts/external-api.shopisync.txt"


class Served(NamedTuple):
    """A running application, a shop in it, and a folder to run programs in."""

    url: str
    shop: Opened
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the examples read."""
        return {"STORELOOM": self.url, "STORELOOM_KEY": self.shop.key}

    def example(self, language: str) -> str:
        """Run the example in a language."""
        return run_example(language, SECTION, self.folder, **self.environment)


@pytest.fixture
def served(fresh_database_url: str, servers: Servers, tmp_path: Path) -> Iterator[Served]:
    settings = settings_on(fresh_database_url, servers.redis_url(DATABASES - 5))
    shop = asyncio.run(open_shop(Container(settings, tmp_path)))
    with served_app(settings, tmp_path) as url:
        yield Served(url, shop, tmp_path)


def test_the_curl_lines(served: Served) -> None:
    said = served.example("bash")
    assert said.count('"success":true') == 6
    assert '"minPrice":19.99,' in said
    assert '"received":{"event": "hello"}' in said


def test_the_python_program(served: Served) -> None:
    assert served.example("python") == "Mug - Blue 24.99 23.5\n"


@needs_node
def test_the_javascript_program(served: Served) -> None:
    assert served.example("javascript").startswith("Mug - Blue 24.99\n")


@needs_php
def test_the_php_program(served: Served) -> None:
    assert served.example("php").startswith("Mug - Blue")


def test_every_code_is_explained() -> None:
    codes = set(re.findall(r'"([A-Z_]{8,})"', (ROOT / "backend/api/external_v1/errors.py").read_text()))
    assert "VALIDATION_ERROR" in codes
    assert [code for code in sorted(codes) if f"`{code}`" not in SECTION] == []


@pytest.mark.skipif(not CONTRACT.exists(), reason="NOT TESTED: the contract's text is not here")
def test_the_contracts_own_curl_lines(served: Served) -> None:
    lines: list[str] = re.findall(r"^curl (?:.*\\\n)*.*$", CONTRACT.read_text(), re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        ours = line.replace("https://shopisync.io", served.url).replace("sk_live_your-api-key-here", served.shop.key)
        ours = re.sub(r"/42\b", f"/{served.shop.product}", ours)
        loud = ours.replace("curl ", "curl -sS --fail-with-body ", 1)
        said = run_program("bash", loud, served.folder, **served.environment)
        assert json.loads(said)["success"] is True
