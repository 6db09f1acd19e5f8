"""The two units of a run: F, one synced 512-byte append, and B, one bare interpreter start.

Rule: other machines and disks differ, so figures are told in F and B of the same run as well.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.table import Row, median, quantile

if TYPE_CHECKING:
    from pathlib import Path

LINE = b"x" * 511 + b"\n"


@dataclass(frozen=True)
class Units:
    """The units of a run.

    Args:
        f_ms: p50 of one synced 512-byte append, in milliseconds.
        b_ms: mean CPU of a bare interpreter start and end, in milliseconds.
    """

    f_ms: float
    b_ms: float


def appends_ms(folder: Path, count: int) -> list[float]:
    """Return how long each of some synced appends took."""
    path = folder / "calibration"
    sync = getattr(os, "fdatasync", os.fsync)
    taken = []
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(LINE)
            sync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return taken


def starts_ms(count: int) -> list[float]:
    """Return the CPU time of each of some bare interpreter starts."""
    taken = []
    for _ in range(count):
        before = _children_cpu_s()
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
        taken.append((_children_cpu_s() - before) * 1000)
    return taken


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(folder: Path, *, quick: bool) -> tuple[Units, list[Row]]:
    """Return the units of this run and their rows."""
    appends = appends_ms(folder, 100 if quick else 500)
    starts = starts_ms(5 if quick else 20)
    units = Units(median(appends), max(0.001, sum(starts) / len(starts)))
    p99 = quantile(appends, 0.99)
    return units, [
        Row(
            "F: one synced append",
            units.f_ms,
            "ms",
            how=f"p50 of {len(appends)} appends of 512 bytes with fdatasync; p99 {p99:.2f} ms",
            parts={"p99": p99},
        ),
        Row(
            "B: bare interpreter start",
            units.b_ms,
            "ms",
            how=f"mean CPU of {len(starts)} starts of `python -I -c pass`",
        ),
    ]
