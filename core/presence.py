"""Whether a daemon works on a vault, and where a practice session beside us has its fakes.

Rules: one daemon for each vault, held by a lock that the system releases when the process dies.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from utils.errors import LockHeldError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.workspace import Workspace

LOCK_NAME = "daemon.lock"
HEARTBEAT = "heartbeat"
SERVICES = "services"
PRACTICE = "practice"


def acquire_lock(state: Path) -> FileLock:
    """Take the lock that makes this the only daemon of a vault.

    Raises:
        LockHeldError: another daemon holds it.
    """
    lock = FileLock(state / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pid = _pid(state)
        who = f" (process {pid})" if pid else ""
        raise LockHeldError(
            f"Another daemon{who} already works on this vault. Stop it first, or leave it running."
        ) from None
    (state / "daemon.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
    return lock


def _pid(state: Path) -> str:
    with suppress(OSError):
        return (state / "daemon.pid").read_text(encoding="ascii").strip()
    return ""


def is_running(state: Path) -> bool:
    """Return whether a daemon holds this vault."""
    return is_held(state / LOCK_NAME)


def is_held(path: Path) -> bool:
    """Return whether a process holds a lock."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def remember_practice(ws: Workspace, settings: Mapping[str, str]) -> None:
    """Keep where a practice session's fakes are, for the commands beside it; nothing: none are.

    Args:
        ws: the vault and its records.
        settings: what leads to the fakes, and nothing of the owner's own.
    """
    ws.journal.remember(PRACTICE, dict(settings))


def practice_settings(ws: Workspace) -> dict[str, str] | None:
    """Return the settings of the practice session that runs in a vault, None when none does."""
    kept = ws.journal.recall(PRACTICE) if is_running(ws.paths.state) else None
    return dict(kept) if kept else None
