"""What came in, and what was asked about it: each thing once, under the id of its note.

Rules: a thing's row is kept before its note is written, so that a crash makes no second one; what
was triaged is not triaged again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.records import Ask, Source
from core.story import Story
from utils.clock import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.records import Entry


class Arrivals(Story):
    """The files and mails that became tasks, and the clarifications about them."""

    def source(self, key: str) -> Source | None:
        """Return what is known of something that came in, None when it is new."""
        return next(iter(self._sources("key = ?", (key,))), None)

    def source_noted_as(self, note_id: str) -> Source | None:
        """Return what came in and became the task of this id, None when nothing did."""
        return next(iter(self._sources("note_id = ?", (note_id,))), None)

    def untriaged(self) -> list[Source]:
        """Return what came in and was not triaged yet, oldest first."""
        return self._sources("triaged IS NULL ORDER BY at, note_id", ())

    def add_source(self, source: Source) -> None:
        """Note under which id something becomes a task; kept before its note is written."""
        with self._transaction(self._synced) as connection:
            connection.execute(
                "INSERT INTO sources(key, note_id, kind, original, name, triaged, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    source.key,
                    source.note_id,
                    source.kind,
                    source.original,
                    source.name,
                    source.triaged,
                    iso(self._clock.now()),
                ),
            )

    def source_written(self, key: str, name: str, *entries: Entry) -> None:
        """Note that the task note of something is on disk, under this name, and tell it."""
        with self._transaction(self._light) as connection:
            connection.execute("UPDATE sources SET name = ? WHERE key = ?", (name, key))
            self._tell(connection, entries)

    def source_triaged(self, key: str, outcome: str) -> None:
        """Note what became of something; it is not triaged again."""
        with self._transaction(self._light) as connection:
            connection.execute("UPDATE sources SET triaged = ? WHERE key = ?", (outcome, key))

    def came_in_since(self, since: datetime) -> int:
        """Return how much came in since an instant."""
        with self._lock:
            (count,) = self._light.execute(
                "SELECT count(*) FROM sources WHERE at >= ?", (iso(since),)
            ).fetchone()
        return int(count)

    def kept_as(self, *endings: str) -> list[Source]:
        """Return the files that came in and are kept under these endings, the newest first."""
        like = " OR ".join("original LIKE ?" for _ in endings)
        values = [f"%{ending}" for ending in endings]
        return self._sources(f"kind = 'file' AND ({like}) ORDER BY at DESC, note_id DESC", values)

    def _sources(self, where: str, values: Sequence[object]) -> list[Source]:
        with self._lock:
            rows = self._light.execute(
                f"SELECT key, note_id, kind, original, name, triaged FROM sources WHERE {where}",
                values,
            ).fetchall()
        return [Source(*row) for row in rows]

    def add_ask(self, ask: Ask) -> None:
        """Keep a clarification; kept before its note is written."""
        with self._transaction(self._synced) as connection:
            connection.execute(
                "INSERT INTO asks(ask_id, source_key, replies, questions, name)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    ask.ask_id,
                    ask.source_key,
                    json.dumps(ask.replies, ensure_ascii=False),
                    json.dumps(ask.questions, ensure_ascii=False),
                    ask.name,
                ),
            )

    def open_asks(self) -> list[Ask]:
        """Return the clarifications that wait for an answer, oldest first."""
        return self._asks("settled IS NULL ORDER BY ask_id", ())

    def asks_about(self, source_key: str) -> list[Ask]:
        """Return the clarifications about something that came in."""
        return self._asks("source_key = ?", (source_key,))

    def ask(self, ask_id: str) -> Ask | None:
        """Return one clarification, None when nobody knows its id."""
        return next(iter(self._asks("ask_id = ?", (ask_id,))), None)

    def is_settled(self, ask_id: str) -> bool:
        """Return whether a clarification was answered or left to the owner."""
        return bool(self._asks("ask_id = ? AND settled IS NOT NULL", (ask_id,)))

    def close_ask(self, ask_id: str, how: str, replies: Mapping[str, str] | None = None) -> None:
        """Note that a clarification is settled, with all replies where somebody will read them."""
        with self._transaction(self._synced) as connection:
            connection.execute("UPDATE asks SET settled = ? WHERE ask_id = ?", (how, ask_id))
            if replies is not None:
                kept = json.dumps(replies, ensure_ascii=False)
                connection.execute("UPDATE asks SET replies = ? WHERE ask_id = ?", (kept, ask_id))

    def _asks(self, where: str, values: Sequence[object]) -> list[Ask]:
        with self._lock:
            rows = self._light.execute(
                "SELECT ask_id, source_key, replies, questions, name, settled FROM asks"
                f" WHERE {where}",
                values,
            ).fetchall()
        return [
            Ask(row[0], row[1], json.loads(row[2]), json.loads(row[3]), *row[4:]) for row in rows
        ]
