"""What the journal tells about some days, by SQL over indexes; notes and logs are not read back.

Rules: everything of one report comes from one snapshot of the journal; a dry run is counted as a
dry run; what is still open is counted as open, however old the days are.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from core.actions import Mode, State, Tier
from core.migrations import UNUSUAL
from utils.clock import from_iso, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

PARTED = frozenset({"social.publish"})
"""Kinds that are done in parts, each with a row of its own: `APR-20261121-002/facebook`."""
LISTED = 10
"""How many actions of one kind a note names; the count beside them is of all."""
FAILED = (State.REFUSED, State.NOT_SENT, State.UNKNOWN)
ENDED = (*FAILED, State.DONE, State.DRY_RUN_COMPLETED, State.REJECTED, State.EXPIRED)
_COLUMNS = (
    "action_id, kind, mode, state, tier, note, created_at, expires_at, approved_at, finished_at,"
    ' summary, error, error_class, instr(payload, \'"publish_at":"\') > 0 AS planned'
)


@dataclass(frozen=True)
class Deed:
    """One action as reports show it; instants are aware UTC, `planned` if its time was set."""

    action_id: str
    kind: str
    mode: Mode
    state: State
    tier: str
    note: str
    created_at: datetime
    expires_at: datetime
    approved_at: datetime | None
    finished_at: datetime | None
    summary: str
    error: str
    error_class: str
    planned: bool

    @property
    def link(self) -> str:
        """Return the name of its note, for a wikilink."""
        return self.note.removesuffix(".md")


@dataclass(frozen=True)
class Group:
    """Actions that are told together.

    Args:
        count: how many there are.
        deeds: the newest of them, at most `LISTED`.
    """

    count: int
    deeds: tuple[Deed, ...]


@dataclass(frozen=True)
class Wait:
    """How long one kind of thing took.

    Args:
        kind: of the actions.
        count: how many there were.
        median_h: the middle one's hours.
        longest_h: the longest one's hours.
        longest: the note of that one.
    """

    kind: str
    count: int
    median_h: float
    longest_h: float
    longest: str


@dataclass(frozen=True)
class Activity:
    """What was done, failed, decided and came in, in some days; and what is open now.

    Args:
        done: really done, by kind; the sandbox's own beside them under `kind (sandbox)`.
        dry: dry runs that ended, by kind.
        finished: what was done or dry run, newest first.
        failed: by state: refused, not sent, unknown.
        rejected: by the owner.
        expired: nobody decided.
        hard_stops: asked for and never done by the program.
        refused_calls: tool calls that were refused, by tool.
        warnings: by what the log calls them (missed, warned, quarantined), their words.
        decision_h: hours from proposal to the owner's yes, the middle one; None without a yes.
        decisions: from proposal to the owner's yes, by kind.
        runs: from the yes to the end, by kind, of what was really done.
        came_in: things that came in, by source.
        waiting: proposals that wait now, oldest first.
        asks: clarifications that wait now.
        tasks: of the task notes asked about: name, and when it came in, the oldest first.
    """

    done: dict[str, int]
    dry: dict[str, int]
    finished: Group
    failed: dict[State, Group]
    rejected: Group
    expired: Group
    hard_stops: Group
    refused_calls: dict[str, int]
    warnings: dict[str, tuple[str, ...]]
    decision_h: float | None
    decisions: tuple[Wait, ...]
    runs: tuple[Wait, ...]
    came_in: dict[str, int]
    waiting: Group
    asks: tuple[str, ...]
    tasks: tuple[tuple[str, datetime], ...]


class Ledger:
    """Reads one journal, in a snapshot of its own; a running daemon is not held up.

    Args:
        path: the journal's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def activity(self, start: datetime, end: datetime, task_ids: Sequence[str] = ()) -> Activity:
        """Return what happened from one instant to before another, and what is open now.

        Args:
            start: the first instant, aware UTC.
            end: the first instant after.
            task_ids: the task notes that are asked about.
        """
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            return _Reading(connection, iso(start), iso(end)).activity(task_ids)

    def payloads(self, start: datetime, end: datetime, service: str) -> list[tuple[str, str]]:
        """Return kind and payload (JSON) of what was done at a service, from one instant on."""
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=20)) as connection:
            rows = connection.execute(
                "SELECT kind, payload FROM actions INDEXED BY actions_by_finish"
                " WHERE finished_at >= ? AND finished_at < ? AND state = 'done' AND kind LIKE ?"
                " ORDER BY finished_at",
                (iso(start), iso(end), f"{service}.%"),
            ).fetchall()
        return [(str(kind), str(payload)) for kind, payload in rows]


class _Reading:
    """One snapshot and the days it is asked about."""

    def __init__(self, connection: sqlite3.Connection, start: str, end: str) -> None:
        self._connection = connection
        self._span = (start, end)

    def activity(self, task_ids: Sequence[str]) -> Activity:
        ended = self._ended()
        whole = [  # parts are told with theirs, hard stops on their own
            row for row in ended if "/" not in row["action_id"] and row["tier"] != Tier.HARD_STOP
        ]
        parts = [row for row in ended if row["kind"] not in PARTED]
        by_state = {state: [row for row in whole if row["state"] == state] for state in ENDED}
        done = [row for row in parts if row["state"] == State.DONE]
        dry = [row for row in parts if row["state"] == State.DRY_RUN_COMPLETED]
        decisions = list(_timed(self._approved()))
        refused, warnings = self._unusual()
        return Activity(
            done=_counted(_kind(row) for row in done),
            dry=_counted(row["kind"] for row in dry),
            finished=_group([r for r in whole if r["state"] in {"done", "dry_run_completed"}]),
            failed={state: _group(by_state[state]) for state in FAILED},
            rejected=_group(by_state[State.REJECTED]),
            expired=_group(by_state[State.EXPIRED]),
            hard_stops=_group(self._hard_stops()),
            refused_calls=refused,
            warnings=warnings,
            decision_h=median(hours for _, hours, _ in decisions) if decisions else None,
            decisions=_waits(decisions),
            runs=_waits(
                _timed(
                    (row["kind"], row["note"], row["approved_at"], row["finished_at"])
                    for row in done
                    if row["approved_at"] and not row["planned"]
                )
            ),
            came_in=self._came_in(),
            waiting=self._waiting(),
            asks=tuple(row[0] for row in self._rows("SELECT name FROM asks WHERE settled IS NULL")),
            tasks=tuple(self._tasks(task_ids)),
        )

    def _rows(self, sql: str, *values: str) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()

    def _ended(self) -> list[sqlite3.Row]:
        return self._rows(
            f"SELECT {_COLUMNS} FROM actions INDEXED BY actions_by_finish"
            " WHERE finished_at >= ? AND finished_at < ? ORDER BY finished_at DESC, action_id",
            *self._span,
        )

    def _approved(self) -> list[sqlite3.Row]:
        """Return what the owner approved in these days, whatever became of it."""
        return self._rows(
            "SELECT kind, note, created_at, approved_at"
            " FROM actions INDEXED BY actions_by_approval"
            " WHERE approved_at >= ? AND approved_at < ? AND approved_by <> 'policy'"
            " AND instr(action_id, '/') = 0",
            *self._span,
        )

    def _hard_stops(self) -> list[sqlite3.Row]:
        return self._rows(
            f"SELECT {_COLUMNS} FROM actions INDEXED BY actions_stopped"
            " WHERE tier = 'hard_stop' AND created_at >= ? AND created_at < ?"
            " ORDER BY created_at DESC, action_id",
            *self._span,
        )

    def _waiting(self) -> Group:
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM actions WHERE state = 'pending' ORDER BY created_at, action_id"
        )
        return _group(rows)

    def _came_in(self) -> dict[str, int]:
        sql = "SELECT kind, count(*) FROM sources WHERE at >= ? AND at < ? GROUP BY kind"
        return {row[0]: row[1] for row in self._rows(sql + " ORDER BY kind", *self._span)}

    def _tasks(self, task_ids: Sequence[str]) -> Iterator[tuple[str, datetime]]:
        """Yield when each of some task notes came in, the oldest first."""
        marks = ", ".join("?" * len(task_ids))
        sql = f"SELECT name, at FROM sources WHERE name IS NOT NULL AND note_id IN ({marks})"
        for row in self._rows(sql + " ORDER BY at, note_id", *task_ids):
            yield row[0], from_iso(row[1])

    def _unusual(self) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
        """Return the refused calls by tool, and what the log warns of."""
        refused: Counter[str] = Counter()
        warnings: dict[str, list[str]] = {}
        sql = "SELECT fields FROM story INDEXED BY story_unusual WHERE"
        sql += f" {UNUSUAL} AND at >= ? AND at < ? ORDER BY at, number"
        for row in self._rows(sql, *self._span):
            entry = json.loads(row[0])
            if entry["event"] == "called":
                refused[str(entry.get("action") or "unknown tool")] += 1
            else:
                warnings.setdefault(entry["event"], []).append(_warning(entry))
        return _counted(refused.elements()), {k: tuple(v) for k, v in sorted(warnings.items())}


def _warning(entry: Mapping[str, Any]) -> str:
    """Return what the log warns of: which thing, and what is said about it."""
    about = str(entry.get("target") or entry.get("action") or "")
    name = about.rpartition("/")[2].removesuffix(".md")
    said = str(entry.get("error") or "")
    return f"{name}: {said}" if name and said and name not in said else said or name


def _deed(row: sqlite3.Row) -> Deed:
    approved, finished = row["approved_at"], row["finished_at"]
    return Deed(
        action_id=row["action_id"],
        kind=row["kind"],
        mode=Mode(row["mode"]),
        state=State(row["state"]),
        tier=row["tier"],
        note=row["note"],
        created_at=from_iso(row["created_at"]),
        expires_at=from_iso(row["expires_at"]),
        approved_at=from_iso(approved) if approved else None,
        finished_at=from_iso(finished) if finished else None,
        summary=row["summary"] or "",
        error=row["error"] or "",
        error_class=row["error_class"] or "",
        planned=bool(row["planned"]),
    )


def _kind(row: sqlite3.Row) -> str:
    kind = str(row["kind"])
    return f"{kind} (sandbox)" if row["mode"] == "sandbox" else kind


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _group(rows: Sequence[sqlite3.Row]) -> Group:
    return Group(len(rows), tuple(_deed(row) for row in rows[:LISTED]))


def _timed(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, float, str]]:
    """Yield kind, hours and note of rows of kind, note, begin and end."""
    for kind, note, begin, end in rows:
        taken = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
        yield kind, max(0.0, taken.total_seconds()) / 3600, note.removesuffix(".md")


def _waits(timed: Iterable[tuple[str, float, str]]) -> tuple[Wait, ...]:
    """Return how long each kind took, the slowest kind first."""
    hours: dict[str, list[tuple[float, str]]] = {}
    for kind, length, note in timed:
        hours.setdefault(kind, []).append((length, note))
    found = [
        Wait(kind, len(each), median(h for h, _ in each), *max(each))
        for kind, each in hours.items()
    ]
    return tuple(sorted(found, key=lambda wait: (-wait.median_h, wait.kind)))
