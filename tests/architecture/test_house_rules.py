"""Rules of the house that a machine can check."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.models import Base
from backend.settings import VARIABLES

ROOT = Path(__file__).parents[2]
DOCUMENTED = ("backend/domain", "backend/ports", "backend/gateways", "plugin_bridge")
NO_TENANT = {"organizations", "users", "memberships", "signing_keys", "access_grants", "mailed_links", "sync_seen"}
"""Tables that belong to no organization, or to one through the row they hang on."""
OTHER_FIRST = {
    "variants": {"product_id"},
    "listings": {"variant_id"},
    "product_links": {"product_id"},
    "stores": {"platform"},
    "sync_runs": {"store_id"},
    "feeds": {"slug"},
    "jobs": {"unique_key", "queue", "finished_at"},
    "api_keys": {"key_hash"},
}
"""Indexes that serve a foreign key's cascade, hold across organizations on purpose, or belong to no tenant."""


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def test_imports_point_down() -> None:
    done = subprocess.run([str(ROOT / ".venv/bin/lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 127:
        pytest.skip("lint-imports is not installed")
    assert done.returncode == 0, done.stdout[-2_000:]


def test_only_one_place_commits() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("backend", "embedded_ui", "plugin_bridge")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert found == []


def test_public_names_say_what_the_caller_gets() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources(*DOCUMENTED)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []


def test_every_job_says_why_running_it_twice_is_harmless() -> None:
    for path in sources("backend/jobs"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef) and any("job" in ast.dump(d) for d in node.decorator_list):
                assert "twice" in (ast.get_docstring(node) or ""), f"{path.name}: {node.name}"


def test_tenant_tables_carry_the_organization_first_in_their_indexes() -> None:
    wrong = []
    for table in Base.metadata.tables.values():
        if table.name in NO_TENANT:
            continue
        assert "organization_id" in table.columns, table.name
        for index in table.indexes:
            first = next(iter(index.columns)).name
            if first != "organization_id" and first not in OTHER_FIRST.get(table.name, set()):
                wrong.append(f"{table.name}: {index.name}")
    assert wrong == []


def test_money_is_never_a_float() -> None:
    kinds = {str(column.type) for table in Base.metadata.tables.values() for column in table.columns}
    assert not {kind for kind in kinds if kind.startswith(("FLOAT", "REAL", "DOUBLE"))}


def test_every_variable_stands_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    assert [name for name in VARIABLES if f"`{name}`" not in text] == []


def test_no_index_address_is_committed() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        text = (ROOT / name).read_text()
        assert "index-url" not in text
        assert "://" not in text
