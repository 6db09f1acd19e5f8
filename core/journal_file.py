"""The SQLite file under the journal: connections, transactions, format, damage and backups.

Rules: what must survive power loss goes through the synced connection, what would be made again
through the light one; a damaged or missing file is never silently made anew.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from core.migrations import MIGRATIONS
from utils.durable import effect
from utils.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from utils.clock import Clock

FILE_NAME = "journal.sqlite"
BUSY_TIMEOUT_S = 20
SMALL_ENOUGH_TO_CHECK_AT_START_BYTES = 16 << 20


class JournalFile:
    """One vault's database, usable from several threads and processes at once.

    Args:
        path: the database file.
        clock: gives the instants of the story.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._together = False
        self._synced = _connect(path, "FULL")
        self._light = _connect(path, "NORMAL")

    @classmethod
    def open(cls, path: Path, clock: Clock, *, may_create: bool) -> Self:
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
            if self._together:  # the outermost one commits
                yield self._synced
                return
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

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit all changes that are made in the block at once, or none of them."""
        with self._transaction(self._synced):
            self._together = True
            try:
                yield
            finally:
                self._together = False

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
