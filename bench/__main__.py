"""Measures the program beside a naive loop, in one run; see `bin/bench --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import (
    books,
    briefing,
    burst,
    calibration,
    corpus,
    idle,
    latency,
    logs,
    mail,
    social,
    startup,
)
from bench.bed import ROOT, BenchError
from bench.table import Row, say, show
from utils.clock import SystemClock, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MEASURES = (
    *("log", "latency", "burst", "start", "briefing", "idle"),
    *("mail", "books", "social", "corpus"),
)


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description="Measures the daemon beside a naive loop. Everything is a dry run on this "
        "machine. Exit code 1 when something could not be measured; a missed budget is shown.",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    size.add_argument("--long", action="store_true", help="idle for 10 minutes, twice")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MEASURES,
        default=MEASURES,
        metavar="NAME",
        help=", ".join(MEASURES),
    )
    parser.add_argument(
        "--dir", type=Path, help="make the vaults here (another disk); they are removed afterwards"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "bench.json", help="the JSON file")
    return parser.parse_args(argv)


def run(wanted: argparse.Namespace, folder: Path) -> tuple[list[Row], list[str]]:
    """Make the measures that are asked for.

    Returns:
        The rows, and why what could not be measured was not.
    """
    quick, long = bool(wanted.quick), bool(wanted.long)
    units, rows = calibration.measure(folder, quick=quick)
    measures: dict[str, Callable[[Path], list[Row]]] = {
        "log": lambda place: logs.measure(place, units, quick=quick),
        "latency": lambda place: latency.measure(place, units, quick=quick),
        "burst": lambda place: burst.measure(place, quick=quick),
        "start": lambda place: startup.measure(place, units, quick=quick),
        "briefing": lambda place: briefing.measure(place, quick=quick),
        "idle": lambda place: idle.measure(place, quick=quick, long=long),
        "mail": lambda place: mail.measure(place, units, quick=quick),
        "books": books.measure,
        "social": lambda place: social.measure(place, quick=quick),
        "corpus": corpus.measure,
    }
    failures = []
    for name in wanted.only:
        place = folder / name
        place.mkdir()
        try:
            rows += measures[name](place)
        except BenchError as error:
            failures.append(f"{name}: {error}")
    return rows, failures


def machine() -> dict[str, object]:
    """Return what the figures were taken on."""
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, show, write; return the exit code."""
    wanted = options(argv)
    before = machine()
    with tempfile.TemporaryDirectory(
        prefix="ai-employee-bench-", dir=wanted.dir, ignore_cleanup_errors=True
    ) as name:
        rows, failures = run(wanted, Path(name))
    show(rows)
    load, processors = before["load"], os.cpu_count() or 1
    if isinstance(load, float) and load > processors / 2:
        say(f"Other programs were at work (load {load:.1f}, {processors} cores): times too long")
    report = {
        "at": iso(SystemClock().now()),
        "size": "quick" if wanted.quick else "long" if wanted.long else "full",
        "machine": before,
        "rows": [row.as_json() for row in rows],
        "failures": failures,
    }
    wanted.out.write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")
    for failure in failures:
        say(f"NOT MEASURED {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
