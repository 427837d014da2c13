"""The README knows every variable, its default and its unit."""

import re
from pathlib import Path

from backend.settings import IGNORED, VARIABLES
from tests.support.settings_reference import BEGIN, END, README, reference

ROOT = README.parent
NOT_FOR_OPERATORS = {"STORELOOM_BIN"}
"""Ignored by us, read by others: where scripts around an instance find its program."""


def test_the_readme_shows_the_settings_as_they_are() -> None:
    """`python -m tests.support.settings_reference` writes the table anew."""
    written = README.read_text().partition(BEGIN)[2].partition(END)[0]
    assert written == reference()


def test_every_variable_is_in_the_table() -> None:
    assert [name for name in VARIABLES if f"| `{name}` |" not in reference()] == []


def test_every_duration_and_size_says_its_unit() -> None:
    rows = {row.split("|")[1].strip(" `"): row for row in reference().splitlines()[2:]}
    assert [name for name in rows if name.endswith("_S") and not re.search(r"\bseconds\b", rows[name])] == []
    assert [name for name in rows if name.endswith("_BYTES") and "bytes" not in rows[name]] == []


def names_in(folder: Path) -> set[str]:
    return {
        name for path in folder.rglob("*.py") for name in re.findall(r"STORELOOM_[A-Z][A-Z_]*[A-Z]", path.read_text())
    }


def test_every_variable_that_the_code_names_stands_in_the_readme() -> None:
    text = README.read_text()
    named = {
        name for folder in ("backend", "plugin_bridge", "embedded_ui", "migrations") for name in names_in(ROOT / folder)
    }
    known = named | set(VARIABLES) | (IGNORED - NOT_FOR_OPERATORS)
    assert [name for name in sorted(known) if f"`{name}`" not in text] == []
