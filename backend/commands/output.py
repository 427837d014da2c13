"""What commands print: one JSON document, or a few plain lines for people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec


def show(result: Any, *, as_json: bool) -> None:
    """Print a result: as one JSON document, or as `name: value` lines."""
    plain = msgspec.to_builtins(result)
    if as_json:
        click.echo(msgspec.json.encode(plain).decode())
    elif isinstance(plain, Mapping):
        width = max((len(str(key)) for key in plain), default=0)
        for key, value in plain.items():
            click.echo(f"{key!s:<{width}}  {_short(value)}")
    elif isinstance(plain, list):
        for number, one in enumerate(plain):
            click.echo("", nl=number > 0)
            show(one, as_json=False)
    else:
        click.echo(_short(plain))


def show_list(
    result: Mapping[str, Any], name: str, row: Callable[[Any], Sequence[Any]], *, as_json: bool, empty: str = "none"
) -> None:
    """Print a result whose entry *name* is a list that people read as a table, one line for each.

    Args:     row: makes the columns of a line. empty: what stands there when the list is empty.
    """
    plain = msgspec.to_builtins(result)
    if as_json:
        show(plain, as_json=True)
        return
    head = {key: value for key, value in plain.items() if key != name}
    show(head, as_json=False)
    click.echo("", nl=bool(head))
    lines = [[_short(cell) for cell in row(one)] for one in plain[name]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))] if lines else []
    for line in lines:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    if not lines:
        click.echo(empty)


def _short(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
