"""Durable, no-clobber, link-free file operations.

Rules: a new file appears whole or not at all; a move never overwrites; a rewrite carries the digest
of what was read; no link is followed; every durable effect passes `utils.durable`.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import secrets
import stat
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from utils.durable import effect
from utils.errors import ChangedError, NoteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TEMP_PREFIX = ".aie-"
TEMP_SUFFIX = ".tmp"
_NOT_SUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM, errno.EMLINK}


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def read_regular(path: Path, *, limit_bytes: int) -> bytes:
    """Read a regular file whole, without following a link and without ever blocking.

    Args:
        path: the file.
        limit_bytes: the largest size that is read.

    Raises:
        NoteError: it is a link, folder, pipe or device, too large, or cannot be read.
        FileNotFoundError: it is gone.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NoteError("is a link; links are never followed", path) from error
        raise NoteError(f"cannot be read ({error.strerror})", path) from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise NoteError("is not a regular file", path)
    with os.fdopen(descriptor, "rb") as file:
        if facts.st_size > limit_bytes:
            raise NoteError(f"is {facts.st_size:,} bytes; the limit is {limit_bytes:,} bytes", path)
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise NoteError(f"is larger than {limit_bytes:,} bytes", path)
    return data


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive power loss (no effect on Windows)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Make a new file that appears whole.

    Args:
        path: where; its folder must exist.
        data: the content.
        durable: whether the name must survive power loss at once.

    Raises:
        FileExistsError: something has that name; nothing was changed.
    """
    with effect("file.create"):
        temporary = _write_temporary(path.parent, data)
        try:
            _rename_new(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)


def replace(path: Path, data: bytes, *, expected: str) -> None:
    """Rewrite a file if it is still what was read.

    Args:
        path: the file.
        data: the new content.
        expected: `digest` of the bytes that the change is based on.

    Raises:
        ChangedError: the file was changed or removed meanwhile; nothing was written.
    """
    try:
        now = read_regular(path, limit_bytes=1 << 30)
    except FileNotFoundError:
        raise ChangedError("was moved or removed while it was being updated", path) from None
    if digest(now) != expected:
        raise ChangedError("was changed while it was being updated", path)
    if now == data:
        return
    with effect("file.replace"):
        temporary = _write_temporary(path.parent, data)
        try:
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def move(source: Path, target: Path) -> None:
    """Move a file without ever overwriting.

    Raises:
        FileExistsError: something has the target's name; nothing was moved.
        FileNotFoundError: the source is gone.
    """
    with effect("file.move"):
        try:
            _rename_new(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            create(target, read_regular(source, limit_bytes=1 << 30))
            source.unlink()
        sync_folder(target.parent)
        if source.parent != target.parent:
            sync_folder(source.parent)


def free_name(folder: Path, name: str) -> Path:
    """Return a path in the folder that nothing has: the name itself, else ` 2`, ` 3` and so on."""
    path = folder / name
    number = 2
    while os.path.lexists(path):
        path = folder / f"{Path(name).stem} {number}{Path(name).suffix}"
        number += 1
    return path


def remove_stale_temporaries(folder: Path, *, before: datetime) -> int:
    """Remove temporary files that an ended process of ours left in a folder; return how many.

    Args:
        folder: where to look; its subfolders are left alone.
        before: a younger file may be about to be renamed by a process that lives.
    """
    count = 0
    for path in folder.glob(f"{TEMP_PREFIX}*{TEMP_SUFFIX}*"):  # SQLite adds to the name
        try:
            facts = path.lstat()
            if stat.S_ISREG(facts.st_mode) and facts.st_mtime < before.timestamp():
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # its process was faster
    return count


def _write_temporary(folder: Path, data: bytes) -> Path:
    path = folder / f"{TEMP_PREFIX}{secrets.token_hex(6)}{TEMP_SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o644)
    try:
        with effect("file.write"), os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _rename_new(source: Path, target: Path) -> None:
    """Rename without overwriting, by the strongest means this system has."""
    if sys.platform == "win32":
        os.rename(source, target)  # refuses an existing target on Windows
        return
    native = _native_rename()
    if native is not None:
        code = native(source, target)
        if code == 0:
            return
        if code not in _NOT_SUPPORTED:
            raise OSError(code, os.strerror(code), str(source), None, str(target))
    _rename_by_link(source, target)


def _rename_by_link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        # A disk without hard links: hold the name with an empty file, then rename over it.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        try:
            os.replace(source, target)
        except BaseException:
            os.unlink(target)
            raise
        return
    os.unlink(source)


@cache
def _native_rename() -> Callable[[Path, Path], int] | None:
    """Return a rename that fails on an existing target, as `errno` or 0, where libc has one."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux" and hasattr(libc, "renameat2"):
        at_cwd, no_replace = -100, 1  # AT_FDCWD, RENAME_NOREPLACE: renameat2(2)

        def linux(source: Path, target: Path) -> int:
            done = libc.renameat2(
                at_cwd, os.fsencode(source), at_cwd, os.fsencode(target), no_replace
            )
            return 0 if done == 0 else ctypes.get_errno()

        return linux
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        exclusive = 4  # RENAME_EXCL: renamex_np(2)

        def darwin(source: Path, target: Path) -> int:
            done = libc.renamex_np(os.fsencode(source), os.fsencode(target), exclusive)
            return 0 if done == 0 else ctypes.get_errno()

        return darwin
    return None
