"""A file dropped into `Inbox/` becomes a task note; the file is kept under its digest.

Rules: a file is taken only when it has stopped growing; the note is durable before the file leaves
the inbox; what is taken is moved, never copied and never overwritten; nothing is executed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import tasks
from core.note_names import display_name, is_conflict_copy, is_ignored
from core.vault import Folder
from utils import files
from utils.errors import AppError
from utils.log import get_logger
from watchers.base import FolderBell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.triage import Triage
    from core.vault import Vault
    from core.workspace import Workspace

log = get_logger()
QUIET_S = 1.0
RESCAN_S = 15.0
NOTE_QUIET_S = 60.0
"""A note that the owner is still writing here is left alone this long."""


@dataclass(frozen=True)
class _Seen:
    signature: tuple[int, int]
    since: float


class Inbox:
    """Turns what lies in `Inbox/` into tasks, one sweep at a time.

    Args:
        ws: the vault and its records.
        triage: turns tasks into proposals, here because it may wait for a service.
    """

    def __init__(self, ws: Workspace, triage: Triage) -> None:
        self._ws = ws
        self._triage = triage
        self._bell = threading.Event()
        self._stopping = False
        self._seen: dict[Path, _Seen] = {}

    def ring(self) -> None:
        """Ask for a sweep; may be called from any thread."""
        self._bell.set()

    def start(self) -> threading.Thread:
        """Sweep in a thread of its own, whenever the bell rings, until `stop`."""
        thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Ask the thread to end after the sweep in hand."""
        self._stopping = True
        self._bell.set()

    def _run(self) -> None:
        wait_s: float | None = 0.0
        while not self._stopping:
            self._bell.wait(wait_s if wait_s is not None else RESCAN_S)
            self._bell.clear()
            if self._stopping:
                return
            try:
                wait_s = self.work()
            except Exception as error:
                log.exception("inbox.failed", reason=str(error))
                wait_s = RESCAN_S

    def work(self) -> float | None:
        """Sweep the inbox, then triage; return the seconds until the next time is wanted."""
        waits = [s for s in (self.sweep(), self._triage.sweep()) if s is not None]
        return min(waits, default=None)

    def sweep(self) -> float | None:
        """Take every file that has stopped growing.

        Returns:
            Seconds until the next sweep is wanted, None when nothing is waiting.
        """
        wanted: float | None = None
        present: set[Path] = set()
        for path, facts in self._files():
            present.add(path)
            remaining_s = self._remaining_s(path, facts)
            if remaining_s > 0:
                wanted = remaining_s if wanted is None else min(wanted, remaining_s)
                continue
            try:
                self._take(path)
            except (AppError, OSError) as error:
                log.warning("inbox.failed", file=path.name, reason=str(error))
                self._seen.pop(path, None)
                wanted = NOTE_QUIET_S if wanted is None else wanted
        for path in set(self._seen) - present:
            del self._seen[path]
        return wanted

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        folder = self._ws.vault.folder(Folder.INBOX)
        folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                if is_ignored(entry.name) or is_conflict_copy(entry.name):
                    continue
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    yield folder / entry.name, facts

    def _remaining_s(self, path: Path, facts: os.stat_result) -> float:
        signature = (facts.st_size, facts.st_mtime_ns)
        now = self._ws.clock.monotonic()
        seen = self._seen.get(path)
        if seen is None or seen.signature != signature:
            self._seen[path] = seen = _Seen(signature, now)
        needed = NOTE_QUIET_S if path.suffix.lower() == ".md" or not facts.st_size else QUIET_S
        return max(0.0, needed - (now - seen.since))

    def _take(self, path: Path) -> None:
        """Write the task note, then move the file out of the inbox."""
        vault = self._ws.vault
        digest = _digest(path)
        kept = vault.folder(Folder.ATTACHMENTS) / tasks.attachment_name(digest, path.name)
        key = f"file:{digest}"
        dropped = tasks.Dropped(
            key=key,
            source="file",
            sender="a file that was dropped in",
            subject=display_name(path.stem),
            received=self._ws.clock.now(),
            text=tasks.text_of(path),
            attachments=(kept.name,),
            called=(path.name,),
        )
        source = tasks.drop(self._ws, dropped)
        if kept.exists():
            vault.trash(path)
        else:
            kept.parent.mkdir(parents=True, exist_ok=True)
            files.move(path, kept)
        self._seen.pop(path, None)
        log.info("inbox.taken", task=source.note_id)


def inbox_bell(vault: Vault, ring: Callable[[], None]) -> FolderBell:
    """Return the bell of the folders in which files are dropped and tasks appear."""
    folders = [vault.folder(Folder.INBOX), vault.folder(Folder.NEEDS_ACTION)]
    return FolderBell(folders, ring, is_ignored)


def _digest(path: Path) -> str:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
