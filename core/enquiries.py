"""What the journal tells about actions: by id, by state, by what they hold and when; reads only.

Rule: a question costs what its answer is long, not what the journal is old; an index is named where
SQLite would choose to read everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.actions import State, canonical
from core.journal_file import JournalFile
from core.records import TERMINAL, from_row
from utils.clock import from_iso, iso

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.actions import Mode
    from core.records import Row

MAY_HAPPEN = (State.PENDING, State.APPROVED, State.SENDING, State.UNKNOWN, State.DONE)
"""What the same content would be a second of."""


class Enquiries(JournalFile):
    """The questions about actions."""

    def get(self, action_id: str) -> Row | None:
        """Return one action, None when the id was never registered."""
        with self._lock:
            row = self._light.execute(
                "SELECT * FROM actions WHERE action_id = ?", (action_id,)
            ).fetchone()
        return from_row(row) if row else None

    def parts_of(self, action_id: str) -> list[Row]:
        """Return the parts of an action that is several, in the order of their names."""
        return self._select(
            "action_id > ? AND action_id < ? ORDER BY action_id",
            [f"{action_id}/", f"{action_id}0"],  # "0" follows "/"
        )

    def in_states(self, *states: State) -> list[Row]:
        """Return the actions in the given states, oldest first."""
        marks = ", ".join("?" * len(states))
        return self._select(
            f"state IN ({marks}) ORDER BY created_at, action_id",
            [str(state) for state in states],
        )

    def unfiled(self) -> list[Row]:
        """Return the finished actions whose note was not filed yet."""
        marks = ", ".join("?" * len(TERMINAL))
        return self._select(
            f"filed_at IS NULL AND state IN ({marks}) ORDER BY finished_at",
            [str(state) for state in TERMINAL],
            index="actions_open",  # left to itself, SQLite reads every action that ever ended
        )

    def in_review(self) -> list[Row]:
        """Return the filed actions that wait in `Needs_Review/` for the owner, newest first."""
        return self._select(
            "state IN ('unknown', 'not_sent', 'refused') AND tier <> 'hard_stop'"
            " AND instr(action_id, '/') = 0 AND filed_at IS NOT NULL"
            " ORDER BY finished_at DESC LIMIT 100",
            [],
        )

    def undecided(self) -> set[str]:
        """Return the ids whose notes the owner may still decide about: open, or in review."""
        with self._lock:
            rows = self._light.execute(
                "SELECT action_id FROM actions WHERE state IN ('pending', 'approved')"
                " OR (state IN ('unknown', 'not_sent', 'refused') AND filed_at IS NOT NULL)"
            ).fetchall()
        return {str(row[0]) for row in rows}

    def proposed_from(self, source: str) -> list[Row]:
        """Return the actions that were proposed from a task note, oldest first."""
        return self._select("source = ? ORDER BY created_at", [source])

    def recent_equal(self, row: Row, since: datetime) -> list[Row]:
        """Return actions of the same kind and content that may happen or have, newest first.

        Args:
            row: the action to compare with.
            since: what ended before, or was created before and has not ended, is left out.
        """
        marks = ", ".join("?" * len(MAY_HAPPEN))
        content = "(payload = ? OR (payload = '{}' AND digest = ?))"  # `{}`: known from the log
        same = f"kind = ? AND {content} AND action_id <> ? AND state IN ({marks})"
        states = map(str, MAY_HAPPEN)
        values = [row.kind, canonical(row.payload), row.digest, row.action_id, *states]
        return self._lately(same, values, since)

    def recent_with(
        self, row: Row, places: Sequence[tuple[str, str]], text: str, since: datetime
    ) -> list[Row]:
        """Return other actions that hold a text and may happen or have, newest first.

        Args:
            row: the action to compare with; its own parts are left out.
            places: kinds, each with where its payload holds the text (`texts.facebook`).
            text: the text.
            since: as of `recent_equal`.
        """
        held = " OR ".join("(kind = ? AND json_extract(payload, ?) = ?)" for _ in places)
        marks = ", ".join("?" * len(MAY_HAPPEN))
        other = "action_id <> ? AND substr(action_id, 1, ?) <> ?"
        where = f"({held}) AND state IN ({marks}) AND {other}"
        values = [
            *(value for kind, path in places for value in (kind, f"$.{path}", text)),
            *map(str, MAY_HAPPEN),
            *(row.action_id, len(row.action_id) + 1, f"{row.action_id}/"),
        ]
        return self._lately(where, values, since)

    def ended_since(self, since: datetime) -> dict[State, int]:
        """Return how many actions ended since an instant, by the state they are in."""
        with self._lock:
            rows = self._light.execute(
                "SELECT state, count(*) FROM actions INDEXED BY actions_by_finish"
                " WHERE finished_at >= ? AND instr(action_id, '/') = 0 GROUP BY state",
                (iso(since),),
            ).fetchall()
        return {State(row[0]): row[1] for row in rows}

    def begun_since(self, kind: str, since: datetime) -> list[datetime]:
        """Return when actions of a kind were begun for real since an instant, oldest first."""
        with self._lock:
            rows = self._light.execute(
                "SELECT sending_at FROM actions WHERE kind = ? AND sending_at >= ?"
                " AND mode <> 'dry_run' ORDER BY sending_at",
                (kind, iso(since)),
            ).fetchall()
        return [from_iso(row[0]) for row in rows]

    def approved_by_policy(self, since: datetime) -> list[Row]:
        """Return the actions that were approved for real by a rule, not by the owner, since."""
        return self._select(
            "approved_at >= ? AND approved_by = 'policy' AND mode <> 'dry_run'", [iso(since)]
        )

    def written_to(self, since: datetime) -> list[str]:
        """Return the mail addresses in the counterparties of what was done since."""
        with self._lock:
            rows = self._light.execute(
                "SELECT DISTINCT counterparty FROM actions WHERE approved_at >= ?"
                " AND state = 'done' AND instr(counterparty, '@') LIMIT 1000",
                (iso(since),),
            ).fetchall()
        return [address for row in rows for address in str(row[0]).split(",")]

    def done_naming(self, address: str, mode: Mode) -> list[Row]:
        """Return what was done with a mail address in its arguments, newest first, at most 20."""
        return self._select(
            "state = 'done' AND mode = ? AND instr(counterparty, '@')"
            " AND instr(lower(payload), lower(?)) ORDER BY created_at DESC LIMIT 20",
            [str(mode), f'"{address}"'],
        )

    def knows_counterparty(self, name: str) -> bool:
        """Return whether an action with this counterparty was ever done for real."""
        with self._lock:
            found = self._light.execute(
                "SELECT 1 FROM actions WHERE counterparty = ? AND state = 'done' LIMIT 1", (name,)
            ).fetchone()
        return found is not None

    def has_mode(self, *modes: Mode) -> bool:
        """Return whether any action was ever registered in one of the modes."""
        marks = ", ".join("?" * len(modes))
        with self._lock:
            found = self._light.execute(
                f"SELECT 1 FROM actions WHERE mode IN ({marks}) LIMIT 1",
                [str(mode) for mode in modes],
            ).fetchone()
        return found is not None

    def unwritten(self) -> list[tuple[str, str, str | None]]:
        """Return id, text and replaced digest of the notes that a crash kept from being written."""
        with self._lock:
            rows = self._light.execute(
                "SELECT action_id, text, replaces FROM unwritten ORDER BY action_id"
            ).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def _lately(self, where: str, values: Sequence[object], since: datetime) -> list[Row]:
        """Return what ended since an instant, or was made since and has not ended; newest first."""
        ended = self._select(
            f"{where} AND finished_at >= ?", [*values, iso(since)], index="actions_by_finish"
        )
        going_on = self._select(
            f"{where} AND finished_at IS NULL AND created_at >= ?", [*values, iso(since)]
        )
        return sorted([*ended, *going_on], key=lambda found: found.created_at, reverse=True)

    def _select(
        self, where: str, values: Sequence[object], *, index: str | None = None
    ) -> list[Row]:
        source = f"actions INDEXED BY {index}" if index else "actions"
        with self._lock:
            rows = self._light.execute(
                f"SELECT * FROM {source} WHERE {where}",
                values,
            ).fetchall()
        return [from_row(row) for row in rows]
