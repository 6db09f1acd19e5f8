"""Whether a daily log is what was written; reads only.

Rules: checking reads line by line, so a large day needs no memory, and goes to where the log ended
when it was asked, so that writers go on meanwhile.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from utils.audit_entry import GENESIS, flaw, parse, position
from utils.audit_files import (
    CLOSING,
    EMPTY,
    OPENING,
    LogError,
    body_lines,
    last_of,
    list_days,
    measure,
    open_day,
    plain_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from utils.audit_entry import Head


@dataclass(frozen=True)
class Bad:
    """The first place where a log is not what was written.

    Args:
        day: of the file.
        line_number: in the file, from 1; 0 means the file as a whole.
        seq: the entry that is there or, where it cannot be read, that belongs there.
        reason: for the owner.
    """

    day: str
    line_number: int
    seq: int
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What a check found: `first_bad` is None exactly when `ok`."""

    ok: bool
    entries_checked: int
    first_bad: Bad | None = None


@dataclass(frozen=True)
class Snapshot:
    """The days of a log and how its newest file ended, taken under the lock."""

    days: tuple[str, ...]
    size_bytes: int
    ending: bytes


class _BadError(Exception):
    def __init__(self, bad: Bad) -> None:
        super().__init__(bad.reason)
        self.bad = bad


def take_snapshot(folder: Path) -> Snapshot:
    """Look at a log while nobody writes; the caller holds the lock."""
    days = tuple(list_days(folder))
    if not days or not plain_path(folder, days[-1]).exists():
        return Snapshot(days, 0, b"")
    try:
        with open_day(folder, days[-1]) as file:
            return Snapshot(days, *measure(file))
    except LogError:
        return Snapshot(days, 0, b"")  # the check opens it again and says what it is


def check(folder: Path, snapshot: Snapshot, head: Head, *, day: str | None = None) -> Verdict:
    """Check a log, or one day of it, up to where it was when the snapshot was taken.

    Args:
        folder: of the log.
        snapshot: taken under the lock; writers may go on meanwhile.
        head: what the journal knows to be the last entry.
        day: only this day, its link to the entry before it, and the head where it is in it.
    """
    run = _Run(folder, snapshot, head)
    try:
        run.check(day)
    except _BadError as found:
        return Verdict(ok=False, entries_checked=run.count, first_bad=found.bad)
    except (OSError, EOFError, zlib.error, LogError) as error:
        reason = f"the file cannot be read: {error}"
        bad = Bad(run.day, 0, run.previous.seq + 1, reason)
        return Verdict(ok=False, entries_checked=run.count, first_bad=bad)
    return Verdict(ok=True, entries_checked=run.count)


class _Run:
    """One check of a log: where it is and how many entries were right so far."""

    def __init__(self, folder: Path, snapshot: Snapshot, head: Head) -> None:
        self._folder = folder
        self._snapshot = snapshot
        self._head = head
        self.day = ""
        self.previous = GENESIS
        self.count = 0

    def check(self, only: str | None) -> None:
        days = self._snapshot.days
        if only is not None:
            self.day = only
            if only not in days and only != self._head.day:
                raise _BadError(Bad(only, 0, 0, "there is no log of this day"))
            self.previous = last_of(self._folder, [day for day in days if day < only])
            days = (only,) if only in days else ()
        for self.day in days:
            self._check_day()
        if only in {None, self._head.day} and self.previous.seq < self._head.seq:
            self.day = self.day or self._head.day
            self._fail(
                0,
                f"the log's tail was cut: the journal knows entry {self._head.seq}, "
                f"the file ends at entry {self.previous.seq}",
            )

    def _check_day(self) -> None:
        newest = self.day == self._snapshot.days[-1] and self._snapshot.size_bytes > 0
        with open_day(self._folder, self.day) as file:
            size_bytes, ending = measure(file)
            if newest:
                size_bytes, ending = self._snapshot.size_bytes, self._snapshot.ending
            file.seek(0)
            if file.read(len(OPENING)) != OPENING:
                self._fail(1, "the file does not begin with a line that is only [")
            if size_bytes == len(EMPTY) and ending == EMPTY:
                return
            if size_bytes <= len(OPENING + CLOSING) or not ending.endswith(CLOSING):
                self._fail(
                    0,
                    "the file does not end with a line that is only ]; what a power loss tore "
                    "is repaired when the next entry is written",
                )
            for number, line in body_lines(file, size_bytes):
                self._check_line(number, line)

    def _check_line(self, number: int, line: bytes) -> None:
        entry = parse(line)
        reason = flaw(line, entry, self.previous)
        if entry is None or reason is not None:
            self._fail(number, reason or "", entry)
        own = position(self.day, entry)
        if own.seq == self._head.seq and own != self._head:
            reason = f"entry {own.seq} is not the one that the journal knows"
            if own.hash == self._head.hash:
                reason = f"entry {own.seq} was written on {self._head.day}, not on this day"
            self._fail(number, reason, entry)
        self.previous = own
        self.count += 1

    def _fail(
        self, number: int, reason: str, entry: Mapping[str, object] | None = None
    ) -> NoReturn:
        seq = self.previous.seq + 1 if entry is None else position("", entry).seq
        raise _BadError(Bad(self.day, number, seq, reason))
