"""The command line as people and scripts meet it: help at once, one line when something is wrong, one JSON document."""

import json
import uuid

import pytest

from backend.cli import COMMANDS, main
from backend.commands.output import show

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main([*command, "--help"]))
    assert ended.value.code in (0, None)
    assert "Usage: storeloom" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["org", "create"],
        ["org", "set-plan", "not-a-uuid", "pro"],
        ["import-products", "no-such-file.csv", "--organization", NOBODY],
        ["feed", "create", "--organization", NOBODY, "--slug", "a", "--format", "pdf"],
        ["sync", "run", NOBODY, "--data-dir", "/nonexistent"],
        ["serve"],
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_one_line_on_stderr(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code not in (0, None)
    assert said.out == ""
    assert said.err.startswith("storeloom: ")
    assert len(said.err.strip().splitlines()) == 1


def test_json_is_one_document_and_lists_read_as_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": uuid.uuid4(), "state": None}, {"id": uuid.uuid4(), "state": "done"}]
    show(rows, as_json=True)
    assert len(json.loads(capsys.readouterr().out)) == 2
    show(rows, as_json=False)
    assert capsys.readouterr().out.count("state") == 2
