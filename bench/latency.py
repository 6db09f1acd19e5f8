"""From the owner's move to the call, one note at a time, on the real daemon with warm servers.

"Call sent" is taken where it cannot flatter: at the instant at which the server process had the
call in hand, that is the timestamp of its `called` log entry less the entry's `duration_ms` (whole
milliseconds, so +-0.5 ms). The clock starts before the rename. So a figure holds: rename, file
event, listing, reading, parsing, deciding, the synced approval in the journal, the SDK's call
through the pipe, and the server's own dispatch. Notes are proposed one by one, as they are in use.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bench.bed import Bed, naive_loop, pause, propose_one, wait_until
from bench.table import Row, median, quantile, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.calibration import Units

BUDGET_MS = 20.0
QUIET_S = 0.15
"""Between two moves: a person's moves find the daemon asleep."""
STAGES = ("move to approved", "approved to called", "called to outcome", "outcome to filed")


@dataclass(frozen=True)
class Move:
    """The instants of one move, in seconds since the epoch."""

    moved_at: float
    called_at: float
    stages_ms: tuple[float, ...]

    @property
    def sent_ms(self) -> float:
        """Return the milliseconds from the move until the server had the call in hand."""
        return (self.called_at - self.moved_at) * 1000


def moves_of(entries: Sequence[dict[str, Any]], moved_at: dict[str, float]) -> list[Move]:
    """Return what the log tells of each move.

    Args:
        entries: the daily log.
        moved_at: the instant of each action's move, by its id.
    """
    found = []
    by_action: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in entries:
        by_action.setdefault(str(entry["action_id"]), {})[str(entry["event"])] = entry
    for action_id, at in moved_at.items():
        story = by_action[action_id]
        called_at = _at(story["called"]) - (story["called"]["duration_ms"] or 0) / 1000
        instants = [at, _at(story["approved"]), called_at, _at(story["outcome"])]
        instants.append(_at(story["filed"]))
        steps = tuple((b - a) * 1000 for a, b in pairwise(instants))
        found.append(Move(at, called_at, steps))
    return found


def _at(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(str(entry["timestamp"])).timestamp()


def single_moves(folder: Path, count: int, *, waiting: int = 0) -> tuple[list[Move], list[Path]]:
    """Move notes one after the other; return what the log tells, and the notes' texts as kept.

    Args:
        folder: for the bed.
        count: how many moves.
        waiting: how many further proposals lie in `Pending_Approval/` all the time.
    """
    bed = Bed(folder)
    bed.propose(waiting, first=500_001)
    kept = folder / "kept"
    kept.mkdir()
    moved_at: dict[str, float] = {}
    with bed.daemon() as running:
        bed.warm_up(running)
        done = bed.completed()
        with bed.workspace() as ws:
            for number in range(1, count + 1):
                note = propose_one(ws, number)
                shutil.copy(note, kept / note.name)
                pause(QUIET_S)
                moved_at[note.name.split(" ")[0]] = bed.approve(note)
                bed.wait_completed(done + number)
    return moves_of(bed.entries(), moved_at), sorted(kept.iterdir())


def naive_moves_ms(folder: Path, notes: Sequence[Path], count: int) -> list[float]:
    """Return the same of the naive loop, for moves at random moments."""
    chance = random.Random(7)
    moved_at: dict[str, float] = {}
    with naive_loop(folder):
        for note in notes[:count]:
            pause(chance.uniform(0.0, 0.2))
            copy = folder / note.name
            shutil.copy(note, copy)
            moved_at[note.name.split(" ")[0]] = time.time()
            copy.rename(folder / "Approved" / note.name)
        wait_until(
            lambda: len(list((folder / "Completed").iterdir())) == len(notes[:count]),
            "the naive loop",
        )
    entries = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    return [(e["sent_at"] - moved_at[e["action_id"]]) * 1000 for e in entries]


def measure(folder: Path, units: Units, *, quick: bool) -> list[Row]:
    """Return the rows of single moves."""
    count, waiting = (6, 0) if quick else (120, 200)
    say(f"latency: {count} single moves, warm servers")
    moves, notes = single_moves(folder / "ours", count)
    naive = naive_moves_ms(folder / "naive", notes, count)
    rows = [
        _row("p50", moves, median(naive), units, BUDGET_MS),
        _row("p99", moves, quantile(naive, 0.99), units, None),
    ]
    if waiting:
        say(f"latency: the same with {waiting} proposals waiting")
        crowded, _ = single_moves(folder / "crowded", count // 2, waiting=waiting)
        p50, alone = median([m.sent_ms for m in crowded]), rows[0].value
        rows.append(
            Row(
                f"the same p50 with {waiting} waiting",
                p50,
                "ms",
                ratio=p50 / alone,
                ratio_to="1 waiting",
                how=f"{len(crowded)} moves; {_stages(crowded)}",
            )
        )
    return rows


def _row(
    which: str, moves: Sequence[Move], naive_ms: float, units: Units, budget: float | None
) -> Row:
    share = {"p50": 0.5, "p99": 0.99}[which]
    sent = quantile([move.sent_ms for move in moves], share)
    how = f"{len(moves)} moves, server warm; {sent / units.f_ms:.1f} F; {_stages(moves, share)}"
    return Row(
        f"move -> call sent, {which}",
        sent,
        "ms",
        naive=naive_ms,
        ratio=sent / naive_ms,
        ratio_to="naive",
        budget=budget,
        how=how,
        parts={
            "in_f": sent / units.f_ms,
            "stages_ms": dict(zip(STAGES, _stage_values(moves, share), strict=True)),
            "all_ms": [round(move.sent_ms, 3) for move in moves],
        },
    )


def _stage_values(moves: Sequence[Move], share: float) -> list[float]:
    return [
        quantile([move.stages_ms[number] for move in moves], share) for number in range(len(STAGES))
    ]


def _stages(moves: Sequence[Move], share: float = 0.5) -> str:
    values = zip(STAGES, _stage_values(moves, share), strict=True)
    return ", ".join(f"{name} {value:.1f}" for name, value in values)
