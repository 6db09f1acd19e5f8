"""Rows of the benchmark: a figure, what it is held against, and how they are shown.

Rule: a figure is never shown without what it means; a ratio only between two figures of one run.
"""

from __future__ import annotations

import math
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("measure", "ours", "naive", "ratio", "budget", "", "how")


@dataclass(frozen=True)
class Row:
    """One figure of one run.

    Args:
        name: what was measured.
        value: the figure.
        unit: of the figure, of the naive one and of the budget.
        naive: the same figure of the naive loop, where it has one.
        ratio: against what `ratio_to` says; where there is a naive figure and no other, against it.
        ratio_to: what the ratio's other side is.
        budget: the most that is allowed.
        budget_is_ratio: whether the budget is about the ratio and not about the figure.
        how: what exactly was measured, one line.
        parts: further figures for programs.
    """

    name: str
    value: float
    unit: str
    naive: float | None = None
    ratio: float | None = None
    ratio_to: str = ""
    budget: float | None = None
    budget_is_ratio: bool = False
    how: str = ""
    parts: dict[str, object] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool | None:
        """Return whether the budget is kept, None when there is none."""
        judged = self.ratio if self.budget_is_ratio else self.value
        return None if self.budget is None or judged is None else judged <= self.budget

    def as_json(self) -> dict[str, object]:
        """Return the row for `bench.json`."""
        return {**asdict(self), "is_kept": self.is_kept}

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is shown."""
        budget = ""
        if self.budget is not None:
            unit = "x" if self.budget_is_ratio else f" {self.unit}"
            budget = f"<= {self.budget:g}{unit}"
        verdict = {True: "kept", False: "MISSED", None: ""}[self.is_kept]
        return (
            self.name,
            f"{short(self.value)} {self.unit}".strip(),
            "" if self.naive is None else f"{short(self.naive)} {self.unit}",
            "" if self.ratio is None else f"{short(self.ratio)}x {self.ratio_to}".strip(),
            budget,
            verdict,
            self.how,
        )


def short(value: float) -> str:
    """Return a number with three significant digits, without an exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the p50, always one of the values."""
    return quantile(values, 0.5)


def say(text: str) -> None:
    """Tell on stderr what is being done; the table alone goes to stdout."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show(rows: Sequence[Row]) -> None:
    """Print all rows: drawn on a terminal, tab-separated in a pipe."""
    if not sys.stdout.isatty():
        for cells in (HEADINGS, *(row.cells() for row in rows)):
            sys.stdout.write("\t".join(cells) + "\n")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold", justify="left")
    colours = {True: "green", False: "bold red", None: ""}
    for row in rows:
        table.add_row(*(Text(cell, style=colours[row.is_kept]) for cell in row.cells()))
    Console(highlight=False).print(table)
