"""The daily log: one JSON array file per local day, valid at every moment, chained across days.

Rules: an append is one write over the closing bracket, so its cost does not grow with the file;
every append happens under one lock and only if the log ends where the caller's head says; a torn
tail is repaired, and whatever else is found in its place is kept aside, never deleted.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO

from filelock import FileLock, Timeout

from utils import files
from utils.audit_verify import (
    CLOSING,
    EMPTY,
    FIELDS,
    GENESIS,
    MAX_ENTRY_BYTES,
    OPENING,
    SEPARATOR,
    Bad,
    Head,
    LogError,
    Verdict,
    check,
    compressed_path,
    entries_after,
    fingerprint,
    flaw,
    last_of,
    lines_backward,
    list_days,
    open_day,
    open_regular,
    parse,
    plain_path,
    position,
    render,
    take_snapshot,
)
from utils.durable import effect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
_REPAIR_BYTES = 2 * MAX_ENTRY_BYTES
_ENTRY_START = b'{"seq": '
_SEALED = frozenset({"seq", "prev", "hash"})


class Event(StrEnum):
    """What happened; a closed set."""

    CALLED = "called"
    PROPOSED = "proposed"
    DECIDED = "decided"
    APPROVED = "approved"
    SENDING = "sending"
    OUTCOME = "outcome"
    RECONCILED = "reconciled"
    FILED = "filed"
    ADOPTED = "adopted"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"
    RECOVERED = "recovered"
    STARTED = "started"
    STOPPED = "stopped"
    SCHEDULED = "scheduled"
    MISSED = "missed"
    WARNED = "warned"


class Approval(StrEnum):
    """Where the owner's consent stands; a closed set."""

    NOT_NEEDED = "not_needed"
    PENDING = "pending"
    APPROVED = "approved"
    AUTO_APPROVED = "auto_approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Actor(StrEnum):
    """Who did it; a closed set."""

    OWNER = "owner"
    DAEMON = "daemon"
    CLAUDE = "claude"
    CLI = "cli"
    SCHEDULE = "schedule"


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
class Line:
    """One entry to write.

    Args:
        day: the owner's local day, `YYYY-MM-DD`.
        fields: JSON-safe and redacted; all of `FIELDS` but seq, prev and hash; missing ones null.
    """

    day: str
    fields: Mapping[str, object]


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
            last, data = _seal(last, line)
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
                last = self._repair(path, day) if path.exists() else last_of(self._folder, [day])
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
        if day == head.day and self._extend(path, known, lines, sync=sync):
            return
        end = self.end()
        if end != head:
            raise HeadMismatchError(head, end)
        if compressed_path(self._folder, day).exists() and not path.exists():
            raise LogError(f"The log of {day} is compressed. Run gunzip on it, then try again.")
        if not self._extend(path, known if day == head.day else EMPTY, lines, sync=sync):
            with effect("log.append"):
                whole = OPENING + SEPARATOR.join(lines) + CLOSING
                files.create(path, whole, durable=sync)

    def _extend(self, path: Path, ending: bytes, lines: Sequence[bytes], *, sync: bool) -> bool:
        """Write over the closing bracket if the file ends as it must; return whether it did."""
        try:
            file = open_regular(path, write=True)
        except FileNotFoundError:
            return False
        with file:
            start = file.seek(0, os.SEEK_END) - len(ending)
            if start < 0 or (ending == EMPTY and start > 0):
                return False
            file.seek(start)
            if file.read(len(ending)) != ending:
                return False
            data = SEPARATOR.join(lines) + CLOSING
            data = OPENING + data if ending == EMPTY else SEPARATOR + data
            at = start if ending == EMPTY else start + len(ending) - len(CLOSING)
            with effect("log.append"):
                _overwrite(file, data, at, old=EMPTY if ending == EMPTY else CLOSING)
                if sync:
                    getattr(os, "fdatasync", os.fsync)(file.fileno())
        return True

    def _repair(self, path: Path, day: str) -> Head:
        """Make a file end in an entry and the closing bracket; return its last entry."""
        with open_regular(path, write=True) as file:
            size_bytes = file.seek(0, os.SEEK_END)
            for at, line in lines_backward(file):
                if at < size_bytes - _REPAIR_BYTES:
                    break
                content = line.rstrip(b",]\0\r ")
                entry = parse(content)
                if entry is not None:
                    self._close(file, at + len(content), day)
                    return position(day, entry)
            if size_bytes <= _REPAIR_BYTES:
                file.seek(0)
                left = file.read().strip(b"[],\0\r\n\t ")
                if b"\n" not in left and _ENTRY_START.startswith(left[: len(_ENTRY_START)]):
                    _reset(file, EMPTY, 0)
                    return GENESIS
        # Nothing in it is ours: somebody else's file, kept whole under another name.
        files.move(path, files.free_name(self._folder, f"{day}.torn"))
        return GENESIS

    def _close(self, file: BinaryIO, at: int, day: str) -> None:
        file.seek(at)
        rest = file.read()
        if rest == CLOSING:
            return
        lost = rest.strip(b",]\0\r\n\t ")
        if lost and (b"\n" in lost or rest.endswith(CLOSING)):  # more than one torn entry
            files.create(files.free_name(self._folder, f"{day}.torn"), rest)
        _reset(file, CLOSING, at)


def _seal(head: Head, line: Line) -> tuple[Head, bytes]:
    """Give an entry its number, its link and its hash; return its place and its line."""
    if date.fromisoformat(line.day).isoformat() != line.day:
        raise ValueError(f"{line.day!r} is not a day such as 2026-11-21")
    unknown = sorted(set(line.fields) - set(FIELDS) | set(line.fields) & _SEALED)
    if unknown:
        raise ValueError(f"a log entry has no field {', '.join(unknown)} to give")
    Event(str(line.fields.get("event")))
    if line.fields.get("approval_status") is not None:
        Approval(str(line.fields["approval_status"]))
    if line.fields.get("actor") is not None:
        Actor(str(line.fields["actor"]))
    fields = _as_read_back(line.fields)
    entry = {name: fields.get(name) for name in FIELDS}
    entry.update(seq=head.seq + 1, prev=head.hash)
    entry["hash"] = own_hash = fingerprint(entry)
    data = render(entry)
    if len(data) > MAX_ENTRY_BYTES:
        raise ValueError(f"a log entry of {len(data):,} bytes; the limit is {MAX_ENTRY_BYTES:,}")
    return Head(max(line.day, head.day), head.seq + 1, own_hash), data


def _as_read_back(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields as a reader of the file gets them, so that the hash is of what is read."""
    plain = json.loads(json.dumps(dict(fields), allow_nan=False))
    text = json.dumps(plain, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as in a broken file name
        plain = json.loads(text.encode("utf-8", "replace"))
    if not isinstance(plain, dict):
        raise TypeError("a log entry is a mapping")
    return plain


def _overwrite(file: BinaryIO, data: bytes, at: int, *, old: bytes) -> None:
    """Write data over the end of a file; if the disk refuses, put back what was there."""
    try:
        written = _write_at(file, data, at)
        while written < len(data):
            written += _write_at(file, data[written:], at + written)
    except OSError:
        _reset(file, old, at)
        raise


def _reset(file: BinaryIO, ending: bytes, at: int) -> None:
    _write_at(file, ending, at)
    file.truncate(at + len(ending))


def _write_at(file: BinaryIO, data: bytes, at: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(file.fileno(), data, at)
    file.seek(at)  # Windows
    return file.write(data)
