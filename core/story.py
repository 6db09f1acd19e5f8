"""The story of every action and of the program, told to the daily log exactly once.

Rules: a line of the story is committed together with the change that it tells; where the log's
head stands is kept in the same transaction as the places of its lines.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.journal_file import JournalFile
from core.records import Told
from utils.clock import from_iso, iso

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from core.records import Entry

AT_A_TIME = 500


class Story(JournalFile):
    """The lines that became known, in order, and the small facts kept beside them."""

    def record(self, *entries: Entry) -> None:
        """Add lines to the story that change no action (calls, warnings, starts)."""
        with self._transaction(self._light) as connection:
            self._tell(connection, entries)

    def _tell(self, connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
        for entry in entries:
            at = iso(self._clock.now())
            fields = {name: value for name, value in asdict(entry).items() if value is not None}
            connection.execute(
                "INSERT INTO story(at, action_id, fields) VALUES (?, ?, ?)",
                (at, entry.action_id, json.dumps(fields, ensure_ascii=False, default=str)),
            )

    def story(self, action_id: str) -> list[Told]:
        """Return everything recorded of one action, oldest first."""
        return self._told("action_id = ? ORDER BY number", (action_id,))

    def untold(self, limit: int = 500) -> list[Told]:
        """Return the oldest story entries that are not in the daily log yet."""
        return self._told("seq IS NULL ORDER BY number LIMIT ?", (limit,))

    def told_since(self, seq: int) -> list[Told]:
        """Return the logged entries after a place in the daily log, oldest first."""
        return self._told("seq > ? ORDER BY seq", (seq,))

    def told_after(self, number: int, limit: int) -> list[Told]:
        """Return the story after one of its entries, oldest first."""
        return self._told("number > ? ORDER BY number LIMIT ?", (number, limit))

    def told_between(self, since: datetime, until: datetime) -> Iterator[Told]:
        """Yield the story of everything between two instants, newest first, little at a time."""
        with self._lock:
            rows = self._light.execute(
                "SELECT number FROM story WHERE at >= ? AND at < ? ORDER BY at DESC, number DESC",
                (iso(since), iso(until)),
            ).fetchall()
        numbers = [int(number) for (number,) in rows]
        for first in range(0, len(numbers), AT_A_TIME):
            some = numbers[first : first + AT_A_TIME]
            marks = ", ".join("?" * len(some))
            found = {one.number: one for one in self._told(f"number IN ({marks})", some)}
            yield from (found[number] for number in some)

    def last_told(self) -> int:
        """Return the number of the newest story entry; it grows whenever something happens."""
        with self._lock:
            (number,) = self._light.execute("SELECT coalesce(max(number), 0) FROM story").fetchone()
        return int(number)

    def told_before(self, until: datetime) -> datetime | None:
        """Return when the last thing before an instant happened, None when nothing did."""
        with self._lock:
            (at,) = self._light.execute(
                "SELECT max(at) FROM story WHERE at < ?", (iso(until),)
            ).fetchone()
        return from_iso(at) if at else None

    def _told(self, where: str, values: Sequence[object]) -> list[Told]:
        with self._lock:
            rows = self._light.execute(
                f"SELECT number, at, fields, seq FROM story WHERE {where}",
                values,
            ).fetchall()
        return [Told(row[0], from_iso(row[1]), json.loads(row[2]), row[3]) for row in rows]

    def mark_told(self, seqs: Mapping[int, int], facts: Mapping[str, object]) -> None:
        """Note where story entries stand in the log, together with the log's new head.

        Args:
            seqs: place in the log by story number.
            facts: values for `remember`, committed in the same transaction.
        """
        with self._transaction(self._light) as connection:
            connection.executemany(
                "UPDATE story SET seq = ? WHERE number = ?",
                [(seq, number) for number, seq in seqs.items()],
            )
            for name, value in facts.items():
                _remember(connection, name, value)

    # -- small facts --------------------------------------------------------------------------

    def remember(self, name: str, value: object, *, durable: bool = False) -> None:
        """Keep one small fact (heartbeat, log head, last backup).

        Args:
            name: of the fact.
            value: as JSON can hold it.
            durable: it must survive power loss, because nothing would make it again.
        """
        with self._transaction(self._synced if durable else self._light) as connection:
            _remember(connection, name, value)

    def recall(self, name: str) -> Any:
        """Return a small fact, None when never kept."""
        with self._lock:
            row = self._light.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None


def _remember(connection: sqlite3.Connection, name: str, value: object) -> None:
    connection.execute(
        "INSERT INTO facts(name, value) VALUES (?, ?)"
        " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
        (name, json.dumps(value, ensure_ascii=False, default=str)),
    )
