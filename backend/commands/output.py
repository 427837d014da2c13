"""What commands print: one JSON document, or a few plain lines for people."""

from collections.abc import Mapping
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


def _short(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
