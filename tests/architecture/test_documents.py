"""What the documents say is what there is: links, commands, causes, faults, decisions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from backend.cli import cli
from backend.domain.feeds.formats import FORMATS
from backend.ports.platform_errors import Cause
from plugin_bridge.sandbox.shopify.kinds import KINDS as SHOPIFY_KINDS
from plugin_bridge.sandbox.woocommerce.faults import KINDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
DECISIONS = ROOT / "docs/decisions"
EVERYWHERE = {"--data-dir", "--json"}
"""Options that nearly every command has; the README says so once."""


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, (*path, name))
    else:
        yield " ".join(path), group


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != "sandbox serve"])
def test_the_readme_lists_the_command_with_its_options(path: str) -> None:
    rows = [row for row in (ROOT / "README.md").read_text().splitlines() if row.startswith(f"| `{path}` ")]
    assert len(rows) == 1
    options = {
        name
        for parameter in COMMANDS[path].params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
        if name not in EVERYWHERE
    }
    assert [name for name in sorted(options) if name not in rows[0]] == []


@pytest.mark.parametrize("cause", list(Cause), ids=str)
def test_merchants_find_every_cause(cause: Cause) -> None:
    documents = [ROOT / "docs/woocommerce.md", ROOT / "docs/shopify.md"]
    assert any(f"`{cause}`" in path.read_text() for path in documents if path.exists())


def texts_of(node: ast.AST) -> Iterator[str]:
    """Yield the code that a call or a row of values gives an issue or an ended run."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [word.value for word in node.keywords if word.arg == "code"]
        if name == "_issue":
            given += [next(one for one in node.args if isinstance(one, ast.Constant))]
    elif isinstance(node, ast.Dict):
        given = [
            value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and key.value == "code"
        ]
    else:
        return
    yield from (str(one.value) for one in given if isinstance(one, ast.Constant))


def test_every_issue_that_a_sync_can_note_is_explained() -> None:
    text = "".join((ROOT / "docs" / name).read_text() for name in ("woocommerce.md", "two-way-sync.md"))
    codes = {
        code
        for folder in ("backend/domain/sync", "plugin_bridge/woocommerce")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for code in texts_of(node)
    }
    assert codes >= {"count_mismatch", "source_empty", "source_shrank", "PIM_PRODUCT_LIMIT", "price_unreadable"}
    spelled = {code for code in codes if " " not in code}  # a message where the code is named by a constant
    assert [code for code in sorted(spelled) if f"`{code}`" not in text] == []


def test_every_issue_of_a_shopify_store_is_explained() -> None:
    text = (ROOT / "docs/shopify.md").read_text()
    nodes = [
        node for path in (ROOT / "plugin_bridge/shopify").glob("*.py") for node in ast.walk(ast.parse(path.read_text()))
    ]
    issues = [one for one in nodes if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "RowIssue"]
    issues += [one for one in nodes if isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "_issue"]
    codes = {code for node in issues for code in texts_of(node)}
    assert codes >= {"price_unreadable", "row_unreadable", "export_miscounted"}
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


@pytest.mark.parametrize("kind", sorted({*KINDS, *SHOPIFY_KINDS}))
def test_every_fault_of_a_simulated_store_is_listed(kind: str) -> None:
    assert f"`{kind}`" in (ROOT / "docs/sandbox.md").read_text()


def test_every_feed_template_is_named_in_the_readme() -> None:
    assert [name for name, _ in FORMATS if f"`{name}`" not in (ROOT / "README.md").read_text()] == []


def test_decisions_are_numbered_and_listed() -> None:
    files = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    listed = re.findall(r"\]\(([0-9][^)]+)\)", (DECISIONS / "README.md").read_text())
    assert listed == files


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_is_one_page_with_its_four_parts(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]} ")
    parts = [part for part in ("Context", "Decision", "Consequences", "Alternatives") if f"**{part}.**" in text]
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.splitlines()) <= 60


def test_the_index_shows_the_titles() -> None:
    index = (DECISIONS / "README.md").read_text()
    titles = {path.name: path.read_text().splitlines()[0][2:] for path in DECISIONS.glob("[0-9]*.md")}
    assert [name for name, title in titles.items() if f"[{title}]({name})" not in index] == []
