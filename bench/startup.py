"""From starting the process until it says `ready`, with an empty and with a large archive.

Both vaults are started once before (the day's backup, the page cache) and then in turn, so that
whatever else the machine does meets both alike.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bench.bed import Bed, Running, naive_loop, propose_one
from bench.logs import LINE
from bench.table import Row, median, say
from core.projection import HEAD
from core.vault import Folder
from utils.audit_log import GENESIS, DailyLog, Head, Line

if TYPE_CHECKING:
    from pathlib import Path

    from bench.calibration import Units

BUDGET_S = 1.0
BUDGET_RATIO = 1.2
MONTHS = 12


def archive(bed: Bed, count: int) -> None:
    """Put so many finished notes into `Completed/2026-01` and the following months."""
    with bed.workspace() as ws:
        sample = propose_one(ws, 1).read_bytes()
    for month in range(1, MONTHS + 1):
        folder = bed.vault.folder(Folder.COMPLETED) / f"2026-{month:02d}"
        folder.mkdir(parents=True)
        for number in range((count + MONTHS - month) // MONTHS):
            path = folder / f"APR-2026{month:02d}01-{number:05d} Invoice.md"
            path.write_bytes(sample)


def history(bed: Bed, count: int) -> None:
    """Give journal and log so many finished actions, with three entries each.

    The rows are copies of one real action, written straight into the tables.
    """
    with bed.workspace() as ws:
        propose_one(ws, 1)
        head = ws.chronicle.head()
    database = sqlite3.connect(bed.folder / "Vault" / "State" / "journal.sqlite")
    head = _fill_log(DailyLog(bed.folder / "Vault" / "Logs"), head, 3 * count)
    _fill_journal(database, count, head)
    database.close()


def _fill_log(log: DailyLog, head: Head, count: int) -> Head:
    line = Line(max(head.day, LINE.day), LINE.fields)
    for start in range(0, count, 1000):
        head = log.append(head, [line] * min(1000, count - start), sync=False)
    return head if count else GENESIS


def _fill_journal(database: sqlite3.Connection, count: int, head: Head) -> None:
    columns = [row[1] for row in database.execute("PRAGMA table_info(actions)")]
    (sample,) = database.execute("SELECT * FROM actions LIMIT 1").fetchall()
    values = dict(zip(columns, sample, strict=True))
    marks = ", ".join("?" * len(columns))

    def ended(number: int) -> list[object]:
        at = f"2026-{1 + number * 10 // count:02d}-{1 + number % 28:02d}T09:30:00.000000Z"
        instants = dict.fromkeys(("created_at", "finished_at", "filed_at"), at)
        changed = {"action_id": f"APR-20260101-{number:06d}", "state": "dry_run_completed"}
        return list({**values, **changed, **instants}.values())

    with database:
        database.executemany(
            f"INSERT INTO actions({', '.join(columns)}) VALUES ({marks})",
            map(ended, range(count)),
        )
        first = head.seq - 3 * count
        fields = json.dumps({k: v for k, v in LINE.fields.items() if k != "timestamp"}, default=str)
        database.executemany(
            "INSERT INTO story(at, action_id, fields, seq) VALUES (?, ?, ?, ?)",
            (
                (values["created_at"], f"APR-20260101-{n // 3:06d}", fields, first + n + 1)
                for n in range(3 * count)
            ),
        )
        database.execute(
            "UPDATE facts SET value = ? WHERE name = ?", (json.dumps(asdict(head)), HEAD)
        )


@dataclass(frozen=True)
class Starts:
    """How one bed's daemon started.

    Args:
        first_s: the first start, seconds until `ready`.
        later_s: the later ones.
        cpu_ms: CPU until `ready`, p50 of the later ones.
    """

    first_s: float
    later_s: list[float]
    cpu_ms: float

    @property
    def ready_s(self) -> float:
        """Return the p50 of the later starts."""
        return median(self.later_s)


def starts(beds: dict[str, Bed], times: int) -> dict[str, Starts]:
    """Start each bed's daemon in turn, again and again."""
    seen: dict[str, list[Running]] = {name: [] for name in beds}
    for _ in range(1 + times):
        for name, bed in beds.items():
            with bed.daemon() as running:
                seen[name].append(running)
    return {
        name: Starts(
            first.ready_s,
            [running.ready_s for running in later],
            median([running.cpu_s for running in later]) * 1000,
        )
        for name, (first, *later) in seen.items()
    }


def _naive_s(folder: Path, count: int) -> float:
    bed = Bed(folder)
    archive(bed, count)
    with naive_loop(bed.vault.root) as running:
        return running.ready_s


def measure(folder: Path, units: Units, *, quick: bool) -> list[Row]:
    """Return the rows of starting."""
    count, scanned, times = (2_000, 200, 2) if quick else (100_000, 2_000, 7)
    say(f"start: with 0 and {count:,} archived notes, and with {count:,} actions in the journal")
    beds = {name: Bed(folder / name) for name in ("empty", "archive", "history")}
    archive(beds["archive"], count)
    history(beds["history"], count)
    found = starts(beds, times)
    naive_empty, naive_full = _naive_s(folder / "n0", 0), _naive_s(folder / "n1", scanned)
    each_ms = (naive_full - naive_empty) / scanned * 1000
    empty = found["empty"]
    return [
        Row(
            "start -> ready, no archive",
            empty.ready_s,
            "s",
            naive=naive_empty,
            ratio=empty.ready_s / naive_empty,
            ratio_to="naive",
            budget=BUDGET_S,
            how=f"p50 of {times}; CPU {empty.cpu_ms:.0f} ms = {empty.cpu_ms / units.b_ms:.0f} B; "
            f"the first start, which makes the day's backup: {empty.first_s:.2f} s",
            parts=asdict(empty),
        ),
        _against(
            f"start -> ready, {count:,} archived notes",
            found["archive"],
            empty,
            f"naive reads {scanned:,} notes in {naive_full:.2f} s, {each_ms:.2f} ms each",
        ),
        _against(
            f"start -> ready, {count:,} actions in journal",
            found["history"],
            empty,
            f"{3 * count:,} log entries",
        ),
    ]


def _against(name: str, starts: Starts, empty: Starts, how: str) -> Row:
    return Row(
        name,
        starts.ready_s,
        "s",
        ratio=starts.ready_s / empty.ready_s,
        ratio_to="no archive",
        budget=BUDGET_RATIO,
        budget_is_ratio=True,
        how=f"CPU {starts.cpu_ms / empty.cpu_ms:.2f}x; the day's first start, with its backup: "
        f"{starts.first_s:.2f} s; {how}",
        parts=asdict(starts),
    )
