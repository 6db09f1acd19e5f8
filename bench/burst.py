"""Many approvals at once: from the first move until every note is filed in `Completed/`.

The notes are registered before the daemon starts, its servers are warm, and all notes are moved in
one go, as a person does with a selection. Afterwards the log must show each action done once.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import processes
from bench.bed import Bed, BenchError, naive_loop, wait_until
from bench.table import Row, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BUDGET_200_S = 3.0


@dataclass(frozen=True)
class Burst:
    """What one burst took.

    Args:
        taken_s: from the first move until the last note was filed.
        cpu_s: the CPU that the daemon used, its servers not counted.
        waited_s: how long its main thread had to wait for a core because others ran.
        notes: copies of the notes as they were moved.
    """

    taken_s: float
    cpu_s: float
    waited_s: float
    notes: list[Path]


def ours(folder: Path, count: int) -> Burst:
    """Make a burst on the real daemon."""
    bed = Bed(folder)
    notes = bed.propose(count)
    kept = folder / "kept"
    kept.mkdir()
    copies = [kept / note.name for note in notes]
    for note, copy in zip(notes, copies, strict=True):
        shutil.copy(note, copy)
    with bed.daemon() as running:
        bed.warm_up(running)
        done = bed.completed()
        cpu_s, waited_s = _times(running.pid)
        began = time.monotonic()
        for note in notes:
            bed.approve(note)
        bed.wait_completed(done + count, limit_s=60 + count * 0.2, every_s=0.01)
        taken_s = time.monotonic() - began
        after_cpu_s, after_waited_s = _times(running.pid)
    check(bed, notes)
    return Burst(taken_s, after_cpu_s - cpu_s, after_waited_s - waited_s, copies)


def _times(pid: int) -> tuple[float, float]:
    if not processes.is_supported():
        return 0.0, 0.0
    return processes.cpu_s(pid), processes.waited_s(pid)


def check(bed: Bed, notes: Sequence[Path]) -> None:
    """Make sure that every action was done exactly once.

    Raises:
        BenchError: one was not.
    """
    seen = Counter(
        (str(e["action_id"]), str(e["event"]), str(e["result"]))
        for e in bed.entries()
        if e["event"] in {"called", "outcome"}
    )
    for note in notes:
        action_id = note.name.split(" ")[0]
        wanted = (
            seen[(action_id, "called", "dry_run")],
            seen[(action_id, "outcome", "dry_run_completed")],
        )
        if wanted != (1, 1):
            raise BenchError(f"{action_id}: called and ended {wanted} times, not once")


def naive_s(folder: Path, notes: Sequence[Path]) -> float:
    """Return the seconds of the same burst in the naive loop."""
    with naive_loop(folder):
        for note in notes:
            shutil.copy(note, folder / note.name)
        began = time.monotonic()
        for note in notes:
            (folder / note.name).rename(folder / "Approved" / note.name)
        wait_until(
            lambda: len(list((folder / "Completed").iterdir())) == len(notes),
            f"{len(notes)} notes of the naive loop",
            limit_s=60 + len(notes) * 0.2,
            every_s=0.01,
        )
        return time.monotonic() - began


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return the rows of the bursts."""
    rows: list[Row] = []
    for count in (20,) if quick else (200, 1000):
        say(f"burst of {count}")
        burst = ours(folder / f"ours-{count}", count)
        naive = naive_s(folder / f"naive-{count}", burst.notes)
        rows.append(_row(burst, naive))
    if len(rows) == 2:
        rows.append(_growth(rows[0], rows[1]))
    return rows


def _row(burst: Burst, naive: float) -> Row:
    count = len(burst.notes)
    per_s, cpu_ms = count / burst.taken_s, burst.cpu_s / count * 1000
    return Row(
        f"burst of {count:,} dry runs",
        burst.taken_s,
        "s",
        naive=naive,
        ratio=burst.taken_s / naive,
        ratio_to="naive",
        budget=BUDGET_200_S if count == 200 else None,
        how=f"{per_s:.0f} actions/s (naive {count / naive:.0f}); daemon CPU {cpu_ms:.1f} ms each; "
        f"it waited {burst.waited_s:.1f} s for a core; every one done once, by the log",
        parts={"per_s": per_s, "daemon_cpu_ms_each": cpu_ms, "waited_s": burst.waited_s},
    )


def _growth(small: Row, large: Row) -> Row:
    ratio = large.value / small.value
    return Row(
        "burst, 5 times as many",
        ratio / 5,
        "x per action",
        naive=(large.naive or 0) / (small.naive or 1) / 5,
        how="time of 1,000 over time of 200, by 5: 1.0 is linear",
        parts={"ratio": ratio},
    )
