"""Programs of `docs/clients.md`, run as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/clients.md"
_COMMANDS = {
    "bash": ("bash", "-euo", "pipefail", "-c"),
    "python": (sys.executable, "-c"),
    "javascript": ("node", "--input-type=module", "-e"),
    "php": ("php", "-r"),
}
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
needs_php = pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")


def section(title: str) -> str:
    """Return a section of the document, with its subsections."""
    return DOCUMENT.read_text().partition(f"## {title}")[2].partition("\n## ")[0]


def run_example(language: str, text: str, folder: Path, **environment: str) -> str:
    """Run the one program in a language that a section holds; return what it says."""
    (source,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return run_program(language, source.removeprefix("<?php\n"), folder, **environment)


def run_program(language: str, source: str, folder: Path, **environment: str) -> str:
    """Run a program in a folder; return what it says."""
    done = subprocess.run(
        (*_COMMANDS[language], source),
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
