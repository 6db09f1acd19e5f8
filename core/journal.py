"""The SQLite record of every action's life: the authority; notes and logs are projections of it.

Rules: every change of state is compare-and-set and commits its story entry in the same
transaction; a live action's `sending` mark is one synced UPDATE and the last thing before the
network; an id is never minted twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.actions import State, canonical
from core.arrivals import Arrivals
from core.records import COLUMNS, Entry, Row, from_row, to_column
from core.runs import Runs
from utils.clock import from_iso, iso

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from core.actions import Mode

TERMINAL = (
    State.DONE,
    State.DRY_RUN_COMPLETED,
    State.NOT_SENT,
    State.REFUSED,
    State.UNKNOWN,
    State.REJECTED,
    State.EXPIRED,
)
MAY_HAPPEN = (State.PENDING, State.APPROVED, State.SENDING, State.UNKNOWN, State.DONE)
"""What the same content would be a second of."""


class Journal(Arrivals, Runs):
    """One vault's journal: every action, its story, what came in, and what recurs."""

    # -- identities ---------------------------------------------------------------------------

    def mint(self, prefix: str, on: date) -> str:
        """Return a new id such as `APR-20261121-001`; numbers of a day are never reused.

        Args:
            prefix: TSK, EML, APR, PLAN or ASK.
            on: the owner's day.
        """
        day = on.strftime("%Y%m%d")
        with self._transaction(self._synced) as connection:
            (last,) = connection.execute(
                "INSERT INTO numbers(prefix, day, last) VALUES (?, ?, 1)"
                " ON CONFLICT(prefix, day) DO UPDATE SET last = last + 1 RETURNING last",
                (prefix, day),
            ).fetchone()
        return f"{prefix}-{day}-{last:03d}"

    def reserve(self, minted: str) -> None:
        """Make sure that an id found in the log is never minted again."""
        prefix, day, number = minted.split("/", 1)[0].split("-")
        with self._transaction(self._synced) as connection:
            connection.execute(
                "INSERT INTO numbers(prefix, day, last) VALUES (?, ?, ?)"
                " ON CONFLICT(prefix, day) DO UPDATE SET last = max(last, excluded.last)",
                (prefix, day, int(number)),
            )

    # -- actions ------------------------------------------------------------------------------

    def register(
        self, row: Row, *entries: Entry, unwritten: tuple[str, str | None] | None = None
    ) -> None:
        """Record a new action with the first lines of its story.

        Args:
            row: the action.
            entries: its first lines.
            unwritten: the text that its note is about to get, and the digest of the note that it
                replaces (None: a new note); kept until `written`, so that a crash loses nothing.

        Raises:
            sqlite3.IntegrityError: the id is taken.
        """
        names = ", ".join(COLUMNS)
        marks = ", ".join("?" * len(COLUMNS))
        values = [to_column(name, getattr(row, name)) for name in COLUMNS]
        with self._transaction(self._synced) as connection:
            connection.execute(f"INSERT INTO actions({names}) VALUES ({marks})", values)
            if unwritten is not None:
                connection.execute(
                    "INSERT INTO unwritten(action_id, text, replaces) VALUES (?, ?, ?)",
                    (row.action_id, *unwritten),
                )
            self._tell(connection, entries)

    def written(self, action_id: str, note: str) -> None:
        """Note that an action's note is on disk, under this name."""
        with self._transaction(self._light) as connection:
            connection.execute("DELETE FROM unwritten WHERE action_id = ?", (action_id,))
            connection.execute(
                "UPDATE actions SET note = ? WHERE action_id = ? AND note <> ?",
                (note, action_id, note),
            )

    def unwritten(self) -> list[tuple[str, str, str | None]]:
        """Return id, text and replaced digest of the notes that a crash kept from being written."""
        with self._lock:
            rows = self._light.execute(
                "SELECT action_id, text, replaces FROM unwritten ORDER BY action_id"
            ).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

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
        same = f"kind = ? AND payload = ? AND action_id <> ? AND state IN ({marks})"
        values = [row.kind, canonical(row.payload), row.action_id, *map(str, MAY_HAPPEN)]
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

    def _lately(self, where: str, values: Sequence[object], since: datetime) -> list[Row]:
        """Return what ended since an instant, or was made since and has not ended; newest first."""
        ended = self._select(
            f"{where} AND finished_at >= ?", [*values, iso(since)], index="actions_by_finish"
        )
        going_on = self._select(
            f"{where} AND finished_at IS NULL AND created_at >= ?", [*values, iso(since)]
        )
        return sorted([*ended, *going_on], key=lambda found: found.created_at, reverse=True)

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

    def transition(
        self,
        action_id: str,
        expect: Collection[State],
        to: State | None,
        *entries: Entry,
        of_attempt: int | None = None,
        durable: bool = True,
        **changes: object,
    ) -> bool:
        """Compare-and-set: change an action only if it is in an expected state.

        Args:
            action_id: the action.
            expect: the states it may be in.
            to: its new state, None to keep it.
            entries: lines of the story, committed together with the change.
            of_attempt: also compare the attempt number.
            durable: whether it must survive power loss; a mark that would be made again need not.
            changes: further columns.

        Returns:
            Whether it was changed; False means somebody else was faster.
        """
        if to is not None:
            changes["state"] = to
        unknown = set(changes) - set(COLUMNS)
        if unknown:
            raise ValueError(f"no such columns: {unknown}")
        sets = ", ".join(f"{name} = ?" for name in changes)
        states = ", ".join("?" * len(expect))
        sql = f"UPDATE actions SET {sets} WHERE action_id = ? AND state IN ({states})"
        values = [to_column(name, value) for name, value in changes.items()]
        values += [action_id, *(str(state) for state in expect)]
        if of_attempt is not None:
            sql += " AND attempt = ?"
            values.append(of_attempt)
        with self._transaction(self._synced if durable else self._light) as connection:
            changed = connection.execute(sql, values).rowcount == 1
            if changed:
                self._tell(connection, entries)
        return changed

    def take_grant(self, action_id: str, kind: str, digest: str, entry: Entry) -> int | None:
        """Use the single-use right to run one payload once: `approved` becomes `sending(n)`.

        One synced UPDATE on id, digest, tool and time; the last thing before network I/O.

        Args:
            action_id: the approval.
            kind: the action about to run.
            digest: the digest of exactly what is about to be sent.
            entry: the `sending` line; its attempt is filled in.

        Returns:
            The attempt number, None when there is no such grant (any more).
        """
        now = iso(self._clock.now())
        with self._transaction(self._synced) as connection:
            taken = connection.execute(
                "UPDATE actions SET state = 'sending', attempt = attempt + 1, sending_at = ?,"
                " retry_at = NULL"
                " WHERE action_id = ? AND kind = ? AND digest = ? AND state = 'approved'"
                " AND tier <> 'hard_stop' AND mode <> 'dry_run' AND grant_until > ?"
                " AND (retry_at IS NULL OR retry_at <= ?) RETURNING attempt",
                (now, action_id, kind, digest, now, now),
            ).fetchone()
            if taken is None:
                return None
            self._tell(connection, [replace(entry, attempt=taken[0])])
        return int(taken[0])
