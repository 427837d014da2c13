"""The examples of `docs/clients.md` for the price monitoring API do what they say, as they stand there."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from backend.app import create_app
from backend.ports.actor import system_actor
from backend.settings import Database, Redis, Secrets, Settings
from backend.wiring import Container
from plugin_bridge.sandbox.serving import serve_in_thread
from tests.support.running_jobs import run_jobs
from tests.support.servers import DATABASES, Servers

DOCUMENT = Path(__file__).parents[2] / "docs/clients.md"
SECTION = DOCUMENT.read_text().partition("## Price monitoring API")[2].partition("\n## ")[0]


class Served(NamedTuple):
    """A running application and an account in it."""

    url: str
    settings: Settings
    folder: Path
    headers: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What the examples read."""
        names = {"STORELOOM": self.url, "APIKEY": self.headers["apikey"], "APITOKEN": self.headers["apitoken"]}
        return {**os.environ, **names}

    def import_lists(self) -> None:
        """Do what a worker does with lists of products."""
        in_thread(self._import_lists())

    async def _import_lists(self) -> None:
        container = Container(self.settings, self.folder)
        await run_jobs(container, "pricing.import_batch")
        await container.aclose()

    def names(self) -> list[str]:
        """Return the names of the account's products."""
        answer = requests.get(f"{self.url}/api/v2/list/product", headers=self.headers, timeout=20)
        return [row["name"] for row in answer.json()["results"]]


def in_thread(work: object) -> None:
    thread = threading.Thread(target=asyncio.run, args=(work,))
    thread.start()
    thread.join()


def example(language: str) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    assert len(found) == 1
    return found[0]


async def open_account(settings: Settings, folder: Path) -> dict[str, str]:
    container = Container(settings, folder)
    async with container.transaction() as services:
        made = await services.accounts.create_organization("Shown", "owner@example.com", "starter")
        pair = await services.monitoring_tokens.create(system_actor(made.organization.id))
    await container.aclose()
    return {"apikey": pair.apikey, "apitoken": pair.apitoken}


@pytest.fixture
def served(fresh_database_url: str, servers: Servers, tmp_path: Path) -> Iterator[Served]:
    settings = Settings(
        database=Database(url=fresh_database_url, pool_size=5),
        redis=Redis(url=servers.redis_url(DATABASES - 4)),
        secrets=Secrets(keys=("a test key of enough characters",)),
    )
    headers = asyncio.run(open_account(settings, tmp_path))
    url, stop = serve_in_thread(lambda _: create_app(container=Container(settings, tmp_path)))
    try:
        yield Served(url, settings, tmp_path, headers)
    finally:
        stop()


def run(served: Served, *command: str) -> str:
    done = subprocess.run(command, env=served.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_curl_lines(served: Served) -> None:
    said = run(served, "bash", "-euo", "pipefail", "-c", example("bash"))
    assert '"product_limit":1000' in said
    assert '"url":"https://rival.example.com/p/desk-lamp"' in said
    assert said.count('"total":"2"') == 2
    assert said.endswith('{"result":true}')
    served.import_lists()
    assert served.names() == ["Floor lamp", "Wall lamp"]


def test_the_python_program(served: Served) -> None:
    assert run(served, sys.executable, "-c", example("python")) == "Bed lamp None None None\n"
    served.import_lists()
    assert served.names() == ["Bed lamp", "Hall lamp"]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_javascript_program(served: Served) -> None:
    assert run(served, "node", "--input-type=module", "-e", example("javascript")) == "Table lamp\n"


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_the_php_program(served: Served) -> None:
    assert run(served, "php", "-r", example("php").removeprefix("<?php\n")) == "Desk lamp\n"
    served.import_lists()
    assert served.names() == ["Desk lamp", "Floor lamp", "Wall lamp"]


def test_every_code_of_a_refusal_is_explained() -> None:
    """Those that the surface's own rules raise; the others are every surface's."""
    root = DOCUMENT.parents[1]
    folders = [root / "backend/api/price_v2", root / "backend/domain/pricing", root / "backend/api/shared/forms.py"]
    files = [file for folder in folders for file in (folder.glob("*.py") if folder.is_dir() else [folder])]
    raised = {
        code
        for file in files
        if not file.name.startswith(("settings", "price_history", "products", "stats"))
        for code in re.findall(r'(?:invalid|conflict)\(\s*"([A-Z_]+)"|ErrorKind\.\w+, "([A-Z_]+)"', file.read_text())
        for code in code
        if code
    }
    assert raised >= {"PARAMETER_MISSING", "PRODUCT_EXISTS", "URL_EXISTS", "BATCH_QUEUED"}
    assert [code for code in sorted(raised - {"OBSERVATION_INVALID"}) if f"`{code}`" not in SECTION] == []
