"""What an entry of the daily log is, and how a log is checked; reads only.

Rules: an entry is one physical line, written in exactly one way; it carries the hash of the entry
before it, across days; checking reads line by line, so a large day needs no memory. Under which day
an entry is filed is not part of its hash: only the journal's head pins a day.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import stat
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from utils.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FIELDS = (
    *("seq", "timestamp", "event", "action", "action_id", "actor", "target", "parameters"),
    *("result", "approval_status", "approved_by", "mode", "digest", "policy_hash", "attempt"),
    *("duration_ms", "remote_id", "error", "error_class", "correlation_id", "prev", "hash"),
)
OPENING = b"[\n"
SEPARATOR = b",\n"
CLOSING = b"\n]\n"
EMPTY = b"[\n]\n"
MAX_ENTRY_BYTES = 8 << 20
_CHUNK_BYTES = 64 << 10
_DAY_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.json(?:\.gz)?")


class LogError(AppError):
    """The daily log cannot be read or written."""


@dataclass(frozen=True)
class Head:
    """The last entry of a log: the day of its file, its number and its hash."""

    day: str
    seq: int
    hash: str


GENESIS = Head("", 0, "0" * 64)


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


def fingerprint(entry: Mapping[str, object]) -> str:
    """Return the hash of an entry: SHA-256 of its canonical JSON without `hash`."""
    rest = {name: value for name, value in entry.items() if name != "hash"}
    text = json.dumps(
        rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def render(entry: Mapping[str, object]) -> bytes:
    """Return an entry as the one line that stands for it, without a newline."""
    text = json.dumps(entry, ensure_ascii=False, allow_nan=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def parse(line: bytes) -> dict[str, object] | None:
    """Return the entry on a line, or None where the line is none."""
    try:
        entry = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or type(entry.get("seq")) is not int:
        return None
    return entry if isinstance(entry.get("hash"), str) else None


def position(day: str, entry: Mapping[str, object]) -> Head:
    """Return where an entry stands."""
    seq, own_hash = entry["seq"], entry["hash"]
    if not isinstance(seq, int) or not isinstance(own_hash, str):
        raise TypeError("an entry has a number and a hash")
    return Head(day, seq, own_hash)


def flaw(line: bytes, entry: Mapping[str, object] | None, previous: Head) -> str | None:
    """Return why a line does not continue the previous entry, or None where it does."""
    if entry is None:
        return "the line is not an entry of this log"
    own = position("", entry)
    try:
        as_written = tuple(entry) == FIELDS and render(entry) == line
        untouched = as_written and fingerprint(entry) == own.hash
    except (ValueError, RecursionError):  # infinity, lone surrogates, bottomless nesting
        as_written = untouched = False
    if not as_written:
        return f"entry {own.seq} is not written the way this program writes entries"
    if not untouched:
        return f"entry {own.seq} was changed after it was written: its hash does not fit"
    expected = previous.seq + 1
    if own.seq > expected:
        missing = f"entry {expected} is" if own.seq == expected + 1 else ""
        missing = missing or f"entries {expected} to {own.seq - 1} are"
        return f"{missing} missing before this line"
    if own.seq < expected:
        return f"entry {own.seq} stands where entry {expected} belongs"
    if entry["prev"] != previous.hash:
        return f"entry {own.seq} does not continue the entry before it"
    return None


def list_days(folder: Path) -> list[str]:
    """Return the days that have a file, earliest first."""
    days = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _DAY_FILE.fullmatch(path.name)
        if match is not None:
            try:
                days.add(date.fromisoformat(match[1]).isoformat())
            except ValueError:
                continue  # 2026-13-45.json is somebody else's file
    return sorted(days)


def plain_path(folder: Path, day: str) -> Path:
    """Return where a day's file is while it can be appended to."""
    return folder / f"{day}.json"


def compressed_path(folder: Path, day: str) -> Path:
    """Return where a day's file is once it was compressed."""
    return folder / f"{day}.json.gz"


def open_regular(path: Path, *, write: bool = False) -> BinaryIO:
    """Open a regular file (unbuffered for writing), never a link, pipe or device.

    Raises:
        FileNotFoundError: it is not there.
        LogError: it is something else, or not allowed.
    """
    flags = os.O_RDWR if write else os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LogError(
            f"The daily log {path.name} cannot be opened ({error.strerror}). It has to be an "
            "ordinary file that you may read and write, not a link."
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LogError(f"{path.name} is not an ordinary file. Move it out of the log's folder.")
    return os.fdopen(descriptor, "r+b", buffering=0) if write else os.fdopen(descriptor, "rb")


@contextmanager
def open_day(folder: Path, day: str) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Open a day's file for reading, compressed or not.

    Raises:
        FileNotFoundError: the day has no file.
        LogError: what is there cannot be opened.
    """
    try:
        raw = open_regular(plain_path(folder, day))
    except FileNotFoundError:
        with (
            open_regular(compressed_path(folder, day)) as raw,
            gzip.GzipFile(fileobj=raw, mode="rb") as file,
        ):
            yield file
    else:
        with raw:
            yield raw


def lines_backward(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, line without newline) from the end of a file to its start.

    Ends early at a line that is far longer than any entry.
    """
    end = at = file.seek(0, os.SEEK_END)
    rest, step = b"", _CHUNK_BYTES
    while at > 0:
        if len(rest) > 2 * MAX_ENTRY_BYTES:
            return
        start = max(0, at - step)
        file.seek(start)
        lines = (file.read(at - start) + rest).split(b"\n")
        at, rest = start, lines[0]
        for line in reversed(lines[1:]):
            yield end - len(line), line
            end -= len(line) + 1
        step = _CHUNK_BYTES if len(lines) > 1 else step * 2
    yield 0, rest


def body_lines(file: BinaryIO | gzip.GzipFile, size_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yield (line number, entry without separator) of a file whose ending is known to be right."""
    number, at, end = 1, file.seek(len(OPENING)), size_bytes - len(CLOSING)
    while at < end:
        number += 1
        line = file.readline(min(MAX_ENTRY_BYTES + len(SEPARATOR), end - at))
        at += len(line)
        yield number, line if at == end else line.removesuffix(SEPARATOR)
        if not line:
            return  # the file became shorter meanwhile


def measure(file: BinaryIO | gzip.GzipFile) -> tuple[int, bytes]:
    """Return the size of a file in bytes and its last bytes."""
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(max(0, size_bytes - len(EMPTY)))
    return size_bytes, file.read(len(EMPTY))


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


def last_of(folder: Path, days: Sequence[str]) -> Head:
    """Return the last entry of the given days without checking it; GENESIS where there is none."""
    for day in reversed(days):
        with open_day(folder, day) as file:
            for line in _latest_lines(file):
                entry = parse(line.rstrip(b","))
                if entry is not None:
                    return position(day, entry)
    return GENESIS


def entries_after(folder: Path, day: str, seq: int) -> list[bytes]:
    """Return the lines of a day that follow the entry of that number, in order and unchecked."""
    found: list[bytes] = []
    with open_day(folder, day) as file:
        if isinstance(file, gzip.GzipFile):
            lines = reversed(file.read().split(b"\n"))
        else:
            lines = (line for _, line in lines_backward(file))
        for line in lines:
            content = line.removesuffix(b",")
            if content in {b"", b"[", b"]"}:
                continue
            entry = parse(content)
            if entry is not None and position(day, entry).seq <= seq:
                break
            found.append(content)
    return found[::-1]


def _latest_lines(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Yield the last lines of a file, latest first; of a compressed one the last two."""
    if not isinstance(file, gzip.GzipFile):
        yield from (line for _, line in lines_backward(file))
        return
    latest: list[bytes] = []
    while line := file.readline(MAX_ENTRY_BYTES + len(SEPARATOR)):
        latest = [line.rstrip(b"\n"), *latest[:1]]
    yield from latest


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
