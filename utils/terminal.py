"""What a command shows: tables on a terminal, plain lines in a pipe, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console


def console() -> Console:
    """Return the console on standard output; colours only on a terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def progress(title: str) -> Callable[[int, int], None]:
    """Return what shows long work: a bar on a terminal, a plain line now and then elsewhere."""
    if not sys.stderr.isatty():
        return lambda done, whole: _plain_progress(title, done, whole)
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(title, total=None)

    def show(done: int, whole: int) -> None:
        if done == 1:
            bar.start()
        bar.update(task, completed=done, total=whole)
        if done >= whole:
            bar.stop()

    return show


def _plain_progress(title: str, done: int, whole: int) -> None:
    if done % 500 == 0:
        sys.stderr.write(f"{title}: {done} of {whole}\n")


def show_json(data: object) -> None:
    """Print data as JSON, one value."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")


def show_line(text: str = "") -> None:
    """Print one plain line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str
) -> None:
    """Print rows under their columns.

    Args:
        title: what they are.
        columns: the headings.
        rows: the values, one for each column.
        empty: the sentence shown when there are no rows.
    """
    if not rows:
        show_line(empty)
        return
    if not sys.stdout.isatty():
        for row in rows:
            show_line("\t".join("" if value is None else str(value) for value in row))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console().print(table)


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one a line; a list as its values with commas."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        show_line(f"{name.ljust(width)}  {'' if shown is None else shown}")
