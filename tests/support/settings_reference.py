"""The README's table of variables, made from the fields of `backend/settings.py` and what is written under them.

`python -m tests.support.settings_reference` writes it; a test compares it.
"""

import ast
from pathlib import Path
from typing import Any

import msgspec

from backend import settings
from backend.settings import VARIABLES, Settings

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- settings: made by `python -m tests.support.settings_reference` -->\n", "<!-- end of settings -->"


def meanings() -> dict[tuple[str, str], str]:
    """Return what stands under each field of each settings class: (class, field) -> text."""
    tree = ast.parse(Path(settings.__file__).read_text())
    found = {}
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for field, said in zip(owner.body, owner.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(said, ast.Expr):
                found[owner.name, field.target.id] = " ".join(str(ast.literal_eval(said.value)).split())
    return found


def reference() -> str:
    """Return the table, one row per variable."""
    texts = meanings()
    rows = ["| variable | default | meaning |", "|-|-|-|"]
    for variable, (group, field) in VARIABLES.items():
        owner: Any = getattr(Settings(), group) if group else Settings()
        text = texts[type(owner).__name__, field]
        prefix = f"`{variable}`, "
        if not text.startswith(prefix):
            raise ValueError(f"the text under {type(owner).__name__}.{field} must begin with {prefix}")
        rows.append(f"| `{variable}` | {shown(getattr(owner, field))} | {text.removeprefix(prefix)} |")
    return "\n".join(rows) + "\n"


def shown(default: Any) -> str:
    """Return a default as an operator would type it."""
    if default in ("", ()):
        return "-"
    return f"`{default:g}`" if isinstance(default, float) else f"`{msgspec.to_builtins(default)}`".lower()


def main() -> None:
    """Write the table into the README."""
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + reference() + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
