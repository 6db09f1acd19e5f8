"""The SQLite record of every action's life: the authority; notes and logs are projections of it.

Rules: every change of state is compare-and-set and commits its story entry in the same
transaction; a live action's `sending` mark is one synced UPDATE and the last thing before the
network; an id is never minted twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.actions import State
from core.arrivals import Arrivals
from core.enquiries import Enquiries
from core.records import COLUMNS, Entry, Row, to_column
from core.runs import Runs
from utils.clock import iso

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date


class Journal(Enquiries, Arrivals, Runs):
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
