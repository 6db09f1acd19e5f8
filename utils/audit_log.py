"""The daily log: one JSON array file per local day, valid at every moment, chained across days.

Rules: an append is one write over the closing bracket, so its cost does not grow with the file;
every append happens under one lock and only if the log ends where the caller's head says; a torn
tail is repaired, and whatever else is found in its place is kept aside, never deleted.
"""

from __future__ import annotations

import json
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from utils.audit_entry import (
    FIELDS,
    GENESIS,
    Actor,
    Approval,
    Event,
    Head,
    Line,
    flaw,
    parse,
    position,
    seal,
)
from utils.audit_files import (
    CLOSING,
    EMPTY,
    LogError,
    begin,
    compressed_path,
    entries_after,
    extend,
    last_of,
    list_days,
    open_day,
    plain_path,
    repair,
)
from utils.audit_verify import Bad, Verdict, check, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "FIELDS",
    "GENESIS",
    "Actor",
    "Approval",
    "Bad",
    "DailyLog",
    "Event",
    "Head",
    "HeadMismatchError",
    "Line",
    "LogError",
    "Tail",
    "Verdict",
]

LOCK_TIMEOUT_S = 30.0
_LOCK_POLL_S = 0.002


class HeadMismatchError(LogError):
    """The log does not end where the caller's head says: ask `tail_after` and go on from there.

    Args:
        head: what the caller knows.
        end: the last entry of the files.
    """

    def __init__(self, head: Head, end: Head) -> None:
        super().__init__(
            f"The daily log ends at entry {end.seq}, but the journal knows entry {head.seq}. "
            "Nothing was written. It is put right when the program starts again."
        )
        self.head = head
        self.end = end


@dataclass(frozen=True)
class Tail:
    """What the files hold after a head.

    Args:
        entries: those that chain on from the head, in order.
        cut: whether the head is beyond the files: entries that the journal knows are gone.
        broken: why the files do not chain on, in plain words.
        end: the last entry of the files, from where `append` can go on in any case.
    """

    entries: tuple[dict[str, object], ...]
    cut: bool
    broken: str | None
    end: Head


class DailyLog:
    """The log in one folder; several processes may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: FileLock | None = None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers out; may be entered again by the thread that holds it.

        Raises:
            LogError: another program held it for 30 seconds.
        """
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(
                self._folder / ".lock",
                timeout=LOCK_TIMEOUT_S,
                poll_interval=_LOCK_POLL_S,
                is_singleton=True,
            )
        try:
            self._lock.acquire()
        except Timeout as error:
            raise LogError(
                f"Another program has kept the daily log in {self._folder} locked for "
                f"{LOCK_TIMEOUT_S:.0f} seconds. Close it, then try again."
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def append(self, head: Head, lines: Sequence[Line], *, sync: bool) -> Head:
        """Write entries after the head; return the new head, which the caller stores.

        Args:
            head: the last entry as the caller's store knows it, read under the same lock.
            lines: in order; none goes to a day before the head's.
            sync: whether the entries must survive power loss before this returns.

        Raises:
            HeadMismatchError: the log ends elsewhere; nothing was written.
            ValueError: an entry has an unknown field, event, approval or actor, or no JSON form.
            TypeError: an entry holds a value that JSON has not.
            LogError: the log cannot be written.
            OSError: the disk refused; entries may have been written and can be asked for with
                `tail_after`.
        """
        sealed: list[tuple[Head, bytes]] = []
        last = head
        for line in lines:
            last, data = seal(last, line)
            sealed.append((last, data))
        with self.lock():
            for day, group in groupby(sealed, key=lambda item: item[0].day):
                batch = list(group)
                self._append_day(head, day, [data for _, data in batch], sync=sync)
                head = batch[-1][0]
        return head

    def tail_after(self, head: Head) -> Tail:
        """Return what the files hold after a head, with a torn tail repaired first."""
        with self.lock():
            end = self.end()
            if end.seq < head.seq:
                return Tail((), cut=True, broken=None, end=end)
            if end.seq == head.seq:
                changed = f"entry {head.seq} is not the one that the journal knows"
                broken = None if end.hash == head.hash else changed
                return Tail((), cut=False, broken=broken, end=end)
            return self._chain(head, end)

    def end(self) -> Head:
        """Return the last entry of the files, with a torn tail repaired; GENESIS if there is none.

        Where the end of the newest file is no entry of ours, that part is kept aside.
        """
        with self.lock():
            for day in reversed(self.days()):
                path = plain_path(self._folder, day)
                last = repair(path, day) if path.exists() else last_of(self._folder, [day])
                if last != GENESIS:
                    return last
        return GENESIS

    def days(self) -> list[str]:
        """Return the days that have a file, earliest first."""
        return list_days(self._folder)

    def read(self, day: str) -> list[dict[str, object]]:
        """Return the entries of a day in order; none where the day has no file.

        Raises:
            LogError: the file is damaged.
        """
        for pause_s in (0.001, 0.005, 0.02):
            try:
                return self._load(day)
            except ValueError:  # a writer was in the middle of it
                threading.Event().wait(pause_s)
        with self.lock():
            try:
                return self._load(day)
            except ValueError as error:
                raise LogError(
                    f"The log of {day} is damaged. `ai-employee verify-log` says where."
                ) from error

    def verify(self, head: Head, *, day: str | None = None) -> Verdict:
        """Check the whole log, or one day, against the journal's head.

        Holds the lock only to look where the log ends, so writers go on during a long check.

        Args:
            head: what the journal knows to be the last entry; entries after it are legal if
                they chain on. GENESIS checks the chain alone.
            day: check only this day and its link to the entry before it.
        """
        with self.lock():
            snapshot = take_snapshot(self._folder)
        return check(self._folder, snapshot, head, day=day)

    def _load(self, day: str) -> list[dict[str, object]]:
        try:
            with open_day(self._folder, day) as file:
                entries = json.loads(file.read().decode())
        except FileNotFoundError:
            return []
        except (OSError, EOFError, zlib.error) as error:
            raise LogError(f"The log of {day} cannot be read: {error}.") from error
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("not an array of entries")
        return entries

    def _chain(self, head: Head, end: Head) -> Tail:
        entries: list[dict[str, object]] = []
        for day in self.days():
            if day < head.day:
                continue
            for line in entries_after(self._folder, day, head.seq):
                entry = parse(line)
                reason = flaw(line, entry, head)
                if entry is None or reason is not None:
                    return Tail(tuple(entries), cut=False, broken=f"{day}: {reason}", end=end)
                entries.append(entry)
                head = position(day, entry)
        return Tail(tuple(entries), cut=False, broken=None, end=end)

    def _append_day(self, head: Head, day: str, lines: Sequence[bytes], *, sync: bool) -> None:
        path = plain_path(self._folder, day)
        known = b'"hash": "' + head.hash.encode() + b'"}' + CLOSING
        if day == head.day and extend(path, known, lines, sync=sync):
            return
        end = self.end()
        if end != head:
            raise HeadMismatchError(head, end)
        if compressed_path(self._folder, day).exists() and not path.exists():
            raise LogError(f"The log of {day} is compressed. Run gunzip on it, then try again.")
        if not extend(path, known if day == head.day else EMPTY, lines, sync=sync):
            begin(path, lines, sync=sync)
