"""The day files of the daily log: how they are found, opened, read from either end, and extended.

Rules: a file is a JSON array at every moment; only an ordinary file is opened, never a link; an
append is one write over the closing bracket; a torn tail is repaired, and whatever else is found
in its place is kept aside, never deleted. The caller holds the lock for what writes.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

from utils import files
from utils.audit_entry import GENESIS, MAX_ENTRY_BYTES, Head, parse, position
from utils.durable import effect
from utils.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OPENING = b"[\n"
SEPARATOR = b",\n"
CLOSING = b"\n]\n"
EMPTY = b"[\n]\n"
_CHUNK_BYTES = 64 << 10
_REPAIR_BYTES = 2 * MAX_ENTRY_BYTES
_ENTRY_START = b'{"seq": '
_DAY_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.json(?:\.gz)?")


class LogError(AppError):
    """The daily log cannot be read or written."""


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


def begin(path: Path, lines: Sequence[bytes], *, sync: bool) -> None:
    """Create a day's file with its first entries."""
    with effect("log.append"):
        files.create(path, OPENING + SEPARATOR.join(lines) + CLOSING, durable=sync)


def extend(path: Path, ending: bytes, lines: Sequence[bytes], *, sync: bool) -> bool:
    """Write entries over the closing bracket of a file.

    Args:
        path: of a day's file.
        ending: how the file must end; `EMPTY` means that it holds nothing else.
        lines: the entries.
        sync: whether they must survive power loss before this returns.

    Returns:
        Whether the file was there and ended so; else nothing was written.
    """
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


def repair(path: Path, day: str) -> Head:
    """Make a file end in an entry and the closing bracket; return its last entry."""
    with open_regular(path, write=True) as file:
        size_bytes = file.seek(0, os.SEEK_END)
        for at, line in lines_backward(file):
            if at < size_bytes - _REPAIR_BYTES:
                break
            content = line.rstrip(b",]\0\r ")
            entry = parse(content)
            if entry is not None:
                _close(path.parent, file, at + len(content), day)
                return position(day, entry)
        if size_bytes <= _REPAIR_BYTES:
            file.seek(0)
            left = file.read().strip(b"[],\0\r\n\t ")
            if b"\n" not in left and _ENTRY_START.startswith(left[: len(_ENTRY_START)]):
                _reset(file, EMPTY, 0)
                return GENESIS
    # Nothing in it is ours: somebody else's file, kept whole under another name.
    files.move(path, files.free_name(path.parent, f"{day}.torn"))
    return GENESIS


def _latest_lines(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Yield the last lines of a file, latest first; of a compressed one the last two."""
    if not isinstance(file, gzip.GzipFile):
        yield from (line for _, line in lines_backward(file))
        return
    latest: list[bytes] = []
    while line := file.readline(MAX_ENTRY_BYTES + len(SEPARATOR)):
        latest = [line.rstrip(b"\n"), *latest[:1]]
    yield from latest


def _close(folder: Path, file: BinaryIO, at: int, day: str) -> None:
    file.seek(at)
    rest = file.read()
    if rest == CLOSING:
        return
    lost = rest.strip(b",]\0\r\n\t ")
    if lost and (b"\n" in lost or rest.endswith(CLOSING)):  # more than one torn entry
        files.create(files.free_name(folder, f"{day}.torn"), rest)
    _reset(file, CLOSING, at)


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
