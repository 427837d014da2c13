"""The examples of `docs/clients.md` for the external API, and the contract's own curl lines, do what they say."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from backend.app import create_app
from backend.settings import Database, Redis, Secrets, Settings
from backend.wiring import Container
from plugin_bridge.sandbox.serving import serve_in_thread
from tests.support.external_api import Opened, open_shop
from tests.support.servers import DATABASES, Servers

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs/clients.md").read_text().partition("## External API")[2].partition("\n## ")[0]
CONTRACT = Path(os.environ.get("STORELOOM_SHARED", ROOT.parent / "shared")) / "contracts/external-api.shopisync.txt"


class Served(NamedTuple):
    """A running application, a shop in it, and a folder to run programs in."""

    url: str
    shop: Opened
    folder: Path

    def run(self, *command: str) -> str:
        environment = {**os.environ, "STORELOOM": self.url, "STORELOOM_KEY": self.shop.key}
        done = subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def served(fresh_database_url: str, servers: Servers, tmp_path: Path) -> Iterator[Served]:
    settings = Settings(
        database=Database(url=fresh_database_url, pool_size=5),
        redis=Redis(url=servers.redis_url(DATABASES - 5)),
        secrets=Secrets(keys=("a test key of enough characters",)),
    )
    shop = asyncio.run(open_shop(Container(settings, tmp_path)))
    url, stop = serve_in_thread(lambda _: create_app(container=Container(settings, tmp_path)))
    try:
        yield Served(url, shop, tmp_path)
    finally:
        stop()


def example(language: str) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_curl_lines(served: Served) -> None:
    said = served.run("bash", "-euo", "pipefail", "-c", example("bash"))
    assert said.count('"success":true') == 6
    assert '"minPrice":19.99,' in said
    assert '"received":{"event": "hello"}' in said


def test_the_python_program(served: Served) -> None:
    assert served.run(sys.executable, "-c", example("python")) == "Mug - Blue 24.99 23.5\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_javascript_program(served: Served) -> None:
    assert served.run("node", "--input-type=module", "-e", example("javascript")).startswith("Mug - Blue 24.99\n")


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_the_php_program(served: Served) -> None:
    assert served.run("php", "-r", example("php").removeprefix("<?php\n")).startswith("Mug - Blue")


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
        said = served.run("bash", "-euo", "pipefail", "-c", ours.replace("curl ", "curl -sS --fail-with-body ", 1))
        assert json.loads(said)["success"] is True
