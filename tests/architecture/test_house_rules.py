"""Rules of the house that a machine can check. An exception stands here with its reason, or it is none."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Index, Table

from backend.models import Base

ROOT = Path(__file__).parents[2]
OURS = ("backend", "plugin_bridge", "embedded_ui")
DOCUMENTED = ("backend/domain", "backend/ports", "backend/gateways", "plugin_bridge")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base2", "data", "info", "misc"}
MOST_LINES = 400

NOT_A_TENANTS = {
    "organizations": "the tenant itself",
    "users": "a person may belong to several organizations",
    "signing_keys": "of the whole instance",
    "mailed_links": "of a user, who proves by it who they are",
    "token_exchanges": "of a shop's address, before anybody knows whose shop it is",
    "sync_seen": "hangs on its run and lives as long; a column more would make the widest table of a walk wider",
}
"""Tables without `organization_id`."""
INDEXED_OTHERWISE = {
    "ix_memberships_user_id": "which organizations a user belongs to: asked before any organization is known",
    "ix_access_grants_user_id_store_url": "what a user has proven for a store's address: across organizations",
    "ix_access_grants_store_id": "a store that is deleted takes its grants along",
    "ix_mailed_links_user_id": "of a user, like the table; how many were mailed within the hour",
    "ix_sync_schedules_next_at": "due schedules of all organizations are looked for together",
    "ix_sync_seen_run_id_kind": "of a run, like the table",
    "ix_sync_created_run_id": "a run that is forgotten takes what it created along",
    "ix_sync_issues_run_id": "a run that is forgotten takes its issues along",
    "ix_oauth_states_expires_at": "expired consents of all organizations are forgotten together",
    "ix_received_webhooks_received_at": "old deliveries of all organizations are forgotten together",
    "ix_jobs_queue_run_at_unfinished": "workers look for due jobs of all organizations",
    "ix_jobs_finished_at": "old jobs of all organizations are forgotten together",
}
"""Indexes that are no unique keys and do not begin with `organization_id`."""

QUERIES_ELSEWHERE = {
    "catalog/erasure.py": "deletes children before their parents, in that order",
    "catalog/staging.py": "COPY into temporary tables, and nothing else",
    "catalog/merge.py": "runs the statements of merge_sql.py in their order",
    "catalog/linking_moves.py": "runs the statements of linking_moves_sql.py in their order",
    "catalog/known_rows.py": "runs statements of merge_sql.py in their order",
    "catalog/changes.py": "runs the statements of changes_sql.py in their order",
    "catalog/edits.py": "runs the statements of edits_sql.py in their order",
    "catalog/new_rows.py": "COPY of new rows, and the two statements that name brands and categories",
    "catalog/product_import_batch.py": "runs the statements of product_import_sql.py in their order",
    "sync/latest.py": "a read across runs and issues for the panel",
    "sync/status.py": "one statement of counts across four tables",
}
"""Modules of the domain, other than repositories, that speak to the database."""
_QUERY_WORDS = {"select", "insert", "update", "delete", "text"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def place(path: Path, node: ast.stmt | ast.expr) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_imports_point_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]


def test_only_one_place_commits() -> None:
    """Everything runs inside `kit/transaction.py`; migrations have their own transaction."""
    found = [
        place(path, node)
        for path in sources(*OURS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert found == []


def public_without_docstring(body: list[ast.stmt], path: Path) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{place(path, node)} {node.name}"
        if isinstance(node, ast.ClassDef):
            yield from public_without_docstring(node.body, path)


def test_public_names_and_their_methods_say_what_the_caller_gets() -> None:
    silent = [
        one for path in sources(*DOCUMENTED) for one in public_without_docstring(ast.parse(path.read_text()).body, path)
    ]
    assert silent == []


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path) for path in sources(*OURS) if ast.get_docstring(ast.parse(path.read_text())) is None] == []


def test_every_job_says_why_running_it_twice_is_harmless() -> None:
    jobs = [
        (path, node)
        for path in sources("backend/jobs")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef) and any("'job'" in ast.dump(one) for one in node.decorator_list)
    ]
    assert len(jobs) >= 4
    assert [node.name for _, node in jobs if "twice" not in (ast.get_docstring(node) or "")] == []


def test_names_say_what_a_module_holds() -> None:
    vague = [path for path in sources(*OURS, "bench", "tests") if {path.stem, path.parent.name} & VAGUE_NAMES]
    assert vague == []


def test_files_stay_readable_in_one_sitting() -> None:
    long = [path for path in sources(*OURS, "bench") if len(path.read_text().splitlines()) > MOST_LINES]
    assert long == []


def speaks_sql(path: Path) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] == "sqlalchemy"
        and {alias.name for alias in node.names} & _QUERY_WORDS
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_queries_of_the_domain_stand_in_repositories() -> None:
    domain = ROOT / "backend/domain"
    speaking = {
        str(path.relative_to(domain))
        for path in sources("backend/domain")
        if not path.name.endswith("repository.py") and speaks_sql(path)
    }
    assert speaking == set(QUERIES_ELSEWHERE)


def test_every_table_of_a_tenant_names_it() -> None:
    without = {table.name for table in Base.metadata.tables.values() if "organization_id" not in table.columns}
    assert without == set(NOT_A_TENANTS)


def begins_with_the_organization(index: Index) -> bool:
    return next(iter(index.columns)).name == "organization_id"


def lookup_indexes(table: Table) -> list[Index]:
    return [index for index in table.indexes if not index.unique]


def test_indexes_begin_with_the_organization() -> None:
    others = {
        index.name
        for table in Base.metadata.tables.values()
        for index in lookup_indexes(table)
        if not begins_with_the_organization(index)
    }
    assert others == set(INDEXED_OTHERWISE)


def test_money_is_never_a_float() -> None:
    kinds = {str(column.type) for table in Base.metadata.tables.values() for column in table.columns}
    assert not {kind for kind in kinds if kind.startswith(("FLOAT", "REAL", "DOUBLE"))}


def test_moments_carry_their_zone_and_end_in_at_or_until() -> None:
    moments = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if str(column.type) in {"DATETIME", "TIMESTAMP"}
    ]
    assert [str(column) for column in moments if not getattr(column.type, "timezone", False)] == []
    assert [str(one) for one in moments if not one.name.endswith(("_at", "_until"))] == []


def test_no_index_address_is_committed() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        text = (ROOT / name).read_text()
        assert "index-url" not in text
        assert "://" not in text
