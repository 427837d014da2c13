"""The examples of `docs/clients.md` for the price monitoring API do what they say, as they stand there."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from backend.ports.actor import system_actor
from backend.settings import Settings
from backend.wiring import Container
from tests.support.documented_clients import DOCUMENT, needs_node, needs_php, run_example, section
from tests.support.running_jobs import run_jobs
from tests.support.served_app import served_app, settings_on
from tests.support.servers import DATABASES, Servers

SECTION = section("Price monitoring API")


class Served(NamedTuple):
    """A running application and an account in it."""

    url: str
    settings: Settings
    folder: Path
    headers: dict[str, str]

    def example(self, language: str) -> str:
        """Run the example in a language."""
        known = {"STORELOOM": self.url, "APIKEY": self.headers["apikey"], "APITOKEN": self.headers["apitoken"]}
        return run_example(language, SECTION, self.folder, **known)

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


async def open_account(settings: Settings, folder: Path) -> dict[str, str]:
    container = Container(settings, folder)
    async with container.transaction() as services:
        made = await services.accounts.create_organization("Shown", "owner@example.com", "starter")
        pair = await services.monitoring_tokens.create(system_actor(made.organization.id))
    await container.aclose()
    return {"apikey": pair.apikey, "apitoken": pair.apitoken}


@pytest.fixture
def served(fresh_database_url: str, servers: Servers, tmp_path: Path) -> Iterator[Served]:
    settings = settings_on(fresh_database_url, servers.redis_url(DATABASES - 4))
    headers = asyncio.run(open_account(settings, tmp_path))
    with served_app(settings, tmp_path) as url:
        yield Served(url, settings, tmp_path, headers)


def test_the_curl_lines(served: Served) -> None:
    said = served.example("bash")
    assert '"product_limit":1000' in said
    assert '"url":"https://rival.example.com/p/desk-lamp"' in said
    assert said.count('"total":"2"') == 2
    assert said.endswith('{"result":true}')
    served.import_lists()
    assert served.names() == ["Floor lamp", "Wall lamp"]


def test_the_python_program(served: Served) -> None:
    assert served.example("python") == "Bed lamp None None None\n"
    served.import_lists()
    assert served.names() == ["Bed lamp", "Hall lamp"]


@needs_node
def test_the_javascript_program(served: Served) -> None:
    assert served.example("javascript") == "Table lamp\n"


@needs_php
def test_the_php_program(served: Served) -> None:
    assert served.example("php") == "Desk lamp\n"
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
