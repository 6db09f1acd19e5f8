"""Native file events as a bell: they wake a scan and never carry a decision.

Rules: no work in an event handler; hot folders are watched one by one, the archive never; a lost or
overflowed event costs nothing but the time to the next rescan; a watch that died is set again.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

log = get_logger()
_QUIET_EVENTS = frozenset({"opened", "closed_no_write"})
"""Reading a file makes these; ringing for them would make us wake ourselves."""


class FolderBell:
    """Rings whenever something happens in one of some folders.

    Args:
        folders: watched, not their sub-folders; must exist.
        ring: called from the watcher's thread; must only set a flag.
        ignore: tells which names never ring.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        ring: Callable[[], None],
        ignore: Callable[[str], bool] = lambda _name: False,
    ) -> None:
        self._folders = tuple(folders)
        self._ring = ring
        self._ignore = ignore
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, tuple[ObservedWatch, int]] = {}

    def start(self) -> None:
        """Begin to watch. Watch first, then list: nothing falls in between."""
        self._observe()
        self.check()

    def _observe(self) -> None:
        from watchdog.observers import Observer

        _hear_departures_at_once()
        self._observer = Observer()
        self._observer.name = "folder-bell"
        self._observer.start()

    def stop(self) -> None:
        """End the watching threads."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)

    @property
    def is_alive(self) -> bool:
        """Return whether events can still arrive."""
        return self._observer is not None and self._observer.is_alive()

    def check(self) -> None:
        """Set watches anew where a folder was renamed, deleted or made again, or all of them."""
        if self._observer is not None and not self._observer.is_alive():
            log.warning("watch.died")
            self._watches.clear()
            self._observe()
        for folder in self._folders:
            known = self._watches.get(folder)
            try:
                inode = folder.stat().st_ino
            except FileNotFoundError:
                folder.mkdir(parents=True, exist_ok=True)
                inode = folder.stat().st_ino
            if known is None or known[1] != inode:
                self._watch(folder, inode)

    def _watch(self, folder: Path, inode: int) -> None:
        if self._observer is None:
            return
        known = self._watches.pop(folder, None)
        if known is not None:
            with contextlib.suppress(KeyError, OSError):
                self._observer.unschedule(known[0])
        try:
            watch = self._observer.schedule(
                _handler(self), str(folder), recursive=False, event_filter=_wanted()
            )
        except OSError as error:  # no more watches, or a disk without events: the rescan stays
            log.warning("watch.failed", folder=folder.name, reason=str(error))
            return
        self._watches[folder] = (watch, inode)
        self._ring()

    def on_event(self, event: FileSystemEvent) -> None:
        """Ring for an event that may mean work."""
        if event.event_type in _QUIET_EVENTS:
            return
        names = {str(path).rsplit("/", 1)[-1] for path in (event.src_path, event.dest_path) if path}
        if all(self._ignore(name) for name in names):
            return
        self._ring()


def _hear_departures_at_once() -> None:
    """Keep watchdog from holding back what follows a note that left a folder.

    It waits half a second for the other half of a move, and everything behind it in the same folder
    waits too: our own filing of one note would hide the next approval for that long. A bell needs
    no halves. Source: watchdog 7.1.0, `observers/inotify_move_event_grouper.py`.
    """
    if sys.platform == "linux":
        from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

        InotifyMoveEventGrouper.delay = 0.0


def _wanted() -> list[type[FileSystemEvent]] | None:
    """Return the events to ask the kernel for, None (all) where systems tell them otherwise.

    Left out are openings, which our own reading makes, changes before a file is closed, and changes
    of the folder itself, which would ring for the temporary files that are ignored by name.
    """
    if sys.platform != "linux":
        return None
    from watchdog import events

    return [
        events.FileCreatedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
        events.FileClosedEvent,
        events.DirDeletedEvent,
    ]


def _handler(bell: FolderBell) -> FileSystemEventHandler:
    from watchdog.events import FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        """Passes every event on."""

        def on_any_event(self, event: FileSystemEvent) -> None:
            bell.on_event(event)

    return Handler()
