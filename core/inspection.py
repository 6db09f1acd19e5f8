"""Looks at notes without trusting events or file times: a note is settled when read twice alike.

Rules: nothing is decided on a file that is still being written; a file counts as settled when two
reads, some seconds apart on the monotonic clock, gave the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import notes
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from core.notes import Note
    from core.vault import Found, NoteFile, Vault
    from utils.clock import Clock

QUIET_S = 3.0
EMPTY_QUIET_S = 15.0


@dataclass(frozen=True)
class Look:
    """What one note said when it was looked at.

    Args:
        path: where it lies.
        digest: of its bytes, "" when it could not be read.
        file: its bytes, None when it could not be read.
        note: the note taken apart, None when it cannot be.
        error: why not, in words.
        empty: whether it holds nothing (yet).
    """

    path: Path
    digest: str
    file: NoteFile | None
    note: Note | None
    error: str | None
    empty: bool = False

    @property
    def action_id(self) -> str | None:
        """Return the id that the note carries."""
        return self.note.word("action_id") if self.note else None


class Inspector:
    """Remembers what notes said, so that an unchanged one is not parsed again.

    Args:
        vault: where the notes lie.
        clock: measures how long a note has been quiet.
    """

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._looks: dict[Path, tuple[tuple[int, ...], Look]] = {}
        self._since: dict[Path, tuple[str, float]] = {}

    def look(self, found: Found) -> Look | None:
        """Return what a note says, None when it is gone."""
        known = self._looks.get(found.path)
        if known is not None and known[0] == found.signature:
            return known[1]
        look = self.look_again(found.path)
        if look is not None:
            self._looks[found.path] = (found.signature, look)
        return look

    def look_again(self, path: Path) -> Look | None:
        """Read a note afresh; None when it is gone."""
        try:
            file = self._vault.read(path)
        except FileNotFoundError:
            self.forget(path)
            return None
        except NoteError as error:
            look = Look(path, f"unreadable: {error.reason}", None, None, error.reason)
        else:
            look = self._same(path, file.digest) or _taken_apart(path, file)
        known = self._since.get(path)
        if known is None or known[0] != look.digest:
            self._since[path] = (look.digest, self._clock.monotonic())
        return look

    def _same(self, path: Path, digest: str) -> Look | None:
        """Return the last look at a note if its bytes are still those, so that it is not parsed."""
        known = self._looks.get(path)
        return known[1] if known is not None and known[1].digest == digest else None

    def remaining_s(self, look: Look, wait_s: float) -> float:
        """Return how many seconds a note must still stay as it is; 0 when it is settled.

        The last look is a fresh read: a change restarts the wait. Who need not wait is not read.
        """
        if wait_s <= 0:
            return 0.0
        digest, since = self._since.get(look.path, ("", 0.0))
        now = self._clock.monotonic()
        if digest != look.digest:
            self._since[look.path] = (look.digest, now)
            return wait_s
        if now - since < wait_s:
            return wait_s - (now - since)
        again = self.look_again(look.path)
        return 0.0 if again is not None and again.digest == look.digest else wait_s

    def paths(self) -> AbstractSet[Path]:
        """Return where the notes lie that are remembered."""
        return self._looks.keys()

    def forget(self, path: Path) -> None:
        """Drop what is known of a path; a note that comes back waits anew."""
        self._looks.pop(path, None)
        self._since.pop(path, None)

    def keep_only(self, paths: set[Path]) -> None:
        """Forget every path that is no longer there."""
        for path in set(self._looks) | set(self._since):
            if path not in paths:
                self.forget(path)


def _taken_apart(path: Path, file: NoteFile) -> Look:
    try:
        return Look(path, file.digest, file, notes.parse(file.data), None)
    except NoteError as error:
        return Look(path, file.digest, file, None, error.reason, empty=not file.data.strip())
