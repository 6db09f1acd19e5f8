"""A briefing over a year of actions, beside one over a hundredth of it.

The books are not asked: what a service takes to answer is the service's. Measured is everything
else, from the first question to the journal to the note on the disk.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.bed import Bed, propose_one
from bench.table import Row, median, say
from core.books import Span
from core.reports import briefing
from core.reports.facts import gather
from core.reports.writing import Report, front_of, write
from core.vault import Folder
from utils.clock import iso, local_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.workspace import Workspace

YEAR = 260_000
"""Actions of a year that is 500 times busier than one owner's."""
BUDGET_S = 0.5
SHARES = (
    *(["done"] * 14), *(["dry_run_completed"] * 2), "refused", "rejected", "expired", "not_sent",
)  # fmt: skip
"""What becomes of twenty actions, in turn."""
KINDS = ("odoo.create_invoice", "twitter.create_post", "email.send_email", "odoo.register_payment")
PAYLOADS = {"twitter.create_post": '{"text":"Post of a benchmark"}'}
"""Of the kinds whose payload a briefing reads, because their service charges by it."""


def year(bed: Bed, count: int) -> None:
    """Give a journal so many actions, spread evenly over the year up to now, and what came in."""
    with bed.workspace() as ws:
        propose_one(ws, 1)
        now = ws.clock.now()
    database = sqlite3.connect(bed.folder / "Vault" / "State" / "journal.sqlite")
    columns = [row[1] for row in database.execute("PRAGMA table_info(actions)")]
    (sample,) = database.execute("SELECT * FROM actions LIMIT 1").fetchall()
    values = dict(zip(columns, sample, strict=True))
    marks = ", ".join("?" * len(columns))
    with database:
        database.executemany(
            f"INSERT INTO actions({', '.join(columns)}) VALUES ({marks})",
            (list({**values, **changed}.values()) for changed in _actions(now, count)),
        )
        database.executemany(
            "INSERT INTO sources(key, note_id, kind, original, name, triaged, at)"
            " VALUES (?, ?, 'email', NULL, ?, 'stays a task', ?)",
            (
                (f"mail:{n}", f"EML-{n}", f"EML-{n} Mail.md", iso(_moment(now, n, count // 4)))
                for n in range(count // 4)
            ),
        )
    database.close()


def _moment(now: datetime, number: int, count: int) -> datetime:
    return now - timedelta(days=365) * ((count - number) / count)


def _actions(now: datetime, count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        at = _moment(now, number, count)
        state = SHARES[number % len(SHARES)]
        is_dry = state == "dry_run_completed"
        ended, approved = iso(at + timedelta(minutes=40)), iso(at + timedelta(minutes=39))
        kind = KINDS[number % len(KINDS)]
        yield {
            "action_id": f"APR-{at:%Y%m%d}-{number:06d}",
            "kind": kind,
            **({"payload": PAYLOADS[kind]} if kind in PAYLOADS else {}),
            "mode": "dry_run" if is_dry else "live",
            "state": state,
            "note": f"APR-{at:%Y%m%d}-{number:06d} Work.md",
            "created_at": iso(at),
            "approved_at": None if state in {"rejected", "expired"} else approved,
            "approved_by": None if state in {"rejected", "expired"} else "owner",
            "finished_at": ended,
            "filed_at": ended,
            "summary": "Done.",
        }


def briefing_s(ws: Workspace) -> tuple[float, float]:
    """Return the seconds of the work, and of the note, for the last week that is over."""
    span = Span.week(local_day(ws.clock, ws.clock.now())).before(1)
    began = time.perf_counter()
    facts = gather(ws, (), span)
    text = briefing.render(facts)
    made = time.perf_counter()
    name = briefing.note_name(facts)
    write(ws, Report("briefing", Folder.BRIEFINGS, name, front_of("briefing", facts), text))
    return made - began, time.perf_counter() - made


def naive_s(ws: Workspace) -> float:
    """Return the seconds that reading every action and looking at its time takes."""
    span = Span.week(local_day(ws.clock, ws.clock.now())).before(1)
    start, end = (at.astimezone(UTC) for at in span.bounds(ws.clock))
    database = sqlite3.connect(ws.journal.path)
    began = time.perf_counter()
    rows = database.execute("SELECT * FROM actions NOT INDEXED")
    place = [column[0] for column in rows.description].index("finished_at")
    found = sum(1 for row in rows if row[place] and start <= _at(row[place]) < end)
    taken = time.perf_counter() - began
    database.close()
    return taken if found else 0.0


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return the row of the briefing."""
    large = YEAR // 20 if quick else YEAR
    taken: dict[int, list[tuple[float, float]]] = {}
    naive = 0.0
    for count in (large // 100, large):
        say(f"briefing: a journal of {count:,} actions")
        bed = Bed(folder / str(count))
        year(bed, count)
        with bed.workspace() as ws:
            taken[count] = [briefing_s(ws) for _ in range(5)]
            naive = naive_s(ws)
    work = {count: median([seconds for seconds, _ in each]) for count, each in taken.items()}
    note = median([seconds for _, seconds in taken[large]])
    return [
        Row(
            f"briefing over {large:,} actions",
            work[large],
            "s",
            naive=naive,
            ratio=work[large] / work[large // 100],
            ratio_to=f"{large // 100:,} actions",
            budget=BUDGET_S,
            how=f"p50 of 5 from the journal to the text, without the books; the note {note:.3f} s; "
            "naive reads every row",
            parts={"note_s": note},
        )
    ]
