"""What a benchmark says."""

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value beside what it should be."""

    name: str
    value: float
    target: str
    met: bool
    note: str = ""


def line(figure: Figure) -> str:
    """Return a figure as one line."""
    verdict = "ok  " if figure.met else "MISS"
    shown = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}"
    return f"{verdict} {figure.name:<58} {shown:>12}  (target {figure.target}) {figure.note}"
