"""The SQLite record of every action's life: the authority; notes and logs are projections of it.

Rules: every change of state is compare-and-set and commits its story entry in the same
transaction; a live action's `sending` mark is one synced UPDATE and the last thing before the
network; a damaged or missing journal is never silently made anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.actions import State, canonical
from core.migrations import MIGRATIONS
from core.records import COLUMNS, Ask, Entry, Row, Source, Told, from_row, to_column
from utils.clock import from_iso, iso
from utils.durable import effect
from utils.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from core.actions import Mode
    from utils.clock import Clock

FILE_NAME = "journal.sqlite"
BUSY_TIMEOUT_S = 20
SMALL_ENOUGH_TO_CHECK_AT_START_BYTES = 16 << 20
TERMINAL = (
    State.DONE,
    State.DRY_RUN_COMPLETED,
    State.NOT_SENT,
    State.REFUSED,
    State.UNKNOWN,
    State.REJECTED,
    State.EXPIRED,
)


class Journal:
    """One vault's journal, usable from several threads and processes at once.

    Args:
        path: the database file.
        clock: gives the instants of the story.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._synced = _connect(path, "FULL")
        self._light = _connect(path, "NORMAL")

    @classmethod
    def open(cls, path: Path, clock: Clock, *, may_create: bool) -> Journal:
        """Open the journal, making it only where nothing was ever recorded.

        Args:
            path: the database file.
            clock: gives the instants of the story.
            may_create: whether a missing file is a fresh start (no log exists yet).

        Raises:
            JournalError: missing, damaged, or written by a newer program.
        """
        if not path.exists():
            if not may_create:
                raise JournalError(
                    f"The journal {path} is missing although the log shows earlier actions. "
                    f"Nothing is sent. {how_to_recover(path)}"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            journal = cls(path, clock)
            journal._prepare(may_create=may_create)
        except sqlite3.OperationalError as error:
            raise JournalError(
                f"The journal {path} cannot be used just now ({error}). Close other programs that "
                "hold it and try again."
            ) from error
        except sqlite3.DatabaseError as error:
            raise damaged(path, error) from error
        return journal

    def _prepare(self, *, may_create: bool) -> None:
        small = self.path.stat().st_size <= SMALL_ENOUGH_TO_CHECK_AT_START_BYTES
        if small:
            self.check()
        (version,) = self._synced.execute("PRAGMA user_version").fetchone()
        if version == 0 and not may_create:  # cut to nothing, or another program's database
            raise damaged(self.path, sqlite3.DatabaseError("it holds no journal"))
        if version > len(MIGRATIONS):
            raise JournalError(
                f"The journal {self.path} was written by a newer version of this program "
                f"(format {version}, this one knows {len(MIGRATIONS)}). Update the program."
            )
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            with self._transaction(self._synced):
                (now,) = self._synced.execute("PRAGMA user_version").fetchone()
                if now >= number:  # another process was faster
                    continue
                for statement in statements:
                    self._synced.execute(statement)
                self._synced.execute(f"PRAGMA user_version = {number}")

    def check(self) -> None:
        """Read the whole database and compare its structure.

        Raises:
            JournalError: it is damaged.
        """
        try:
            with self._lock:
                answers = self._light.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error
        if [row[0] for row in answers] != ["ok"]:
            raise damaged(self.path, sqlite3.DatabaseError(str(answers[0][0])))

    def close(self) -> None:
        """Close the connections; the write-ahead log is folded in by SQLite."""
        with self._lock:
            self._synced.close()
            self._light.close()

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                name = "journal.commit" if connection is self._synced else "journal.mark"
                with effect(name):
                    connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

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
            " AND filed_at IS NOT NULL ORDER BY finished_at DESC LIMIT 100",
            [],
        )

    def recent_equal(self, row: Row, since: datetime) -> list[Row]:
        """Return done actions of the same kind and content since an instant."""
        return self._select(
            "kind = ? AND state = ? AND created_at >= ? AND action_id <> ? AND payload = ?",
            [row.kind, str(State.DONE), iso(since), row.action_id, canonical(row.payload)],
        )

    def begun_since(self, kind: str, since: datetime) -> list[datetime]:
        """Return when actions of a kind were begun for real since an instant, oldest first."""
        with self._lock:
            rows = self._light.execute(
                "SELECT sending_at FROM actions WHERE kind = ? AND sending_at >= ?"
                " AND mode <> 'dry_run' ORDER BY sending_at",
                (kind, iso(since)),
            ).fetchall()
        return [from_iso(row[0]) for row in rows]

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
            self._tell(connection, [_with_attempt(entry, taken[0])])
        return int(taken[0])

    # -- story and log ------------------------------------------------------------------------

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

    def remember(self, name: str, value: object) -> None:
        """Keep one small fact (heartbeat, log head, last backup)."""
        with self._transaction(self._light) as connection:
            _remember(connection, name, value)

    def recall(self, name: str) -> Any:
        """Return a small fact, None when never kept."""
        with self._lock:
            row = self._light.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    # -- what came in -------------------------------------------------------------------------

    def source(self, key: str) -> Source | None:
        """Return what is known of something that came in, None when it is new."""
        return next(iter(self._sources("key = ?", (key,))), None)

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

    def source_written(self, key: str, name: str) -> None:
        """Note that the task note of something is on disk, under this name."""
        self._mark_source("name", key, name)

    def source_triaged(self, key: str, outcome: str) -> None:
        """Note what became of something; it is not triaged again."""
        self._mark_source("triaged", key, outcome)

    def _mark_source(self, column: str, key: str, value: str) -> None:
        with self._transaction(self._light) as connection:
            connection.execute(f"UPDATE sources SET {column} = ? WHERE key = ?", (value, key))

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

    def close_ask(self, ask_id: str, how: str) -> None:
        """Note that a clarification is settled."""
        with self._transaction(self._synced) as connection:
            connection.execute("UPDATE asks SET settled = ? WHERE ask_id = ?", (how, ask_id))

    def _asks(self, where: str, values: Sequence[object]) -> list[Ask]:
        with self._lock:
            rows = self._light.execute(
                f"SELECT ask_id, source_key, replies, questions, name FROM asks WHERE {where}",
                values,
            ).fetchall()
        return [Ask(row[0], row[1], json.loads(row[2]), json.loads(row[3]), row[4]) for row in rows]

    def proposed_from(self, source: str) -> list[Row]:
        """Return the actions that were proposed from a task note, oldest first."""
        return self._select("source = ? ORDER BY created_at", [source])

    def backup_to(self, path: Path) -> None:
        """Copy the journal while it is in use.

        Args:
            path: the new database; must not exist.
        """
        target = sqlite3.connect(path)
        try:
            with self._lock:
                self._light.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
        finally:
            target.close()


def _remember(connection: sqlite3.Connection, name: str, value: object) -> None:
    connection.execute(
        "INSERT INTO facts(name, value) VALUES (?, ?)"
        " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
        (name, json.dumps(value, ensure_ascii=False, default=str)),
    )


def _with_attempt(entry: Entry, attempt: int) -> Entry:
    return replace(entry, attempt=attempt)


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def backups_folder(path: Path) -> Path:
    """Return where the backups of a journal lie."""
    return path.parent / "backups"


def newest_backup(path: Path) -> Path | None:
    """Return the newest backup of a journal, None when there is none."""
    found = sorted(backups_folder(path).glob("journal-*.sqlite"))
    return found[-1] if found else None


def how_to_recover(path: Path) -> str:
    """Return the sentence that tells the owner how to get the journal back."""
    backup = newest_backup(path)
    if backup is None:
        return (
            "There is no backup. Put the file back from your own copy; or, if this vault really "
            f"starts afresh, move the daily logs and {path.name} elsewhere first."
        )
    return f"Restore the newest backup: bin/run restore {os.fspath(backup)}"


def damaged(path: Path, error: Exception) -> JournalError:
    """Return the error of a journal that cannot be trusted, or not be used just now."""
    if isinstance(error, sqlite3.OperationalError):  # locked, full, read-only, an ailing disk
        return JournalError(
            f"The journal {path} cannot be used now ({error}). Nothing is sent. Look at the disk "
            "(free space, permissions) and for a program that holds the file, then start again. "
            f"If it stays so: {how_to_recover(path)}"
        )
    return JournalError(
        f"The journal {path} is damaged ({error}). Nothing is sent. {how_to_recover(path)}"
    )
