"""Looks at notes without trusting events or file times: a note is settled when read twice alike.

Rules: nothing is decided on a file that is still being written; a file counts as settled when two
reads, some seconds apart on the monotonic clock, gave the same bytes; of each note little is kept,
and the words of only so many: they are read again when they are wanted, and must be the same.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import notes
from utils.errors import ChangedError, NoteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from core.notes import Note
    from core.vault import Found, NoteFile, Vault
    from utils.clock import Clock

QUIET_S = 3.0
EMPTY_QUIET_S = 15.0
KEPT_BYTES = 8 << 20
"""Of so many bytes of notes the words are kept; a note of ours has two thousand."""

Words = tuple["NoteFile | None", "Note | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one note said when it was looked at.

    Args:
        path: where it lies.
        digest: of its bytes, or why it could not be read.
        action_id: the id that it carries.
        error: why it cannot be taken apart, in words; None when it can.
        empty: whether it holds nothing (yet).
        words: returns what this look saw.
    """

    path: Path
    digest: str
    action_id: str | None
    error: str | None
    empty: bool
    words: Callable[[Look], Words]

    @property
    def file(self) -> NoteFile | None:
        """Return its bytes, None when it could not be read.

        Raises:
            ChangedError: it says something else by now.
            FileNotFoundError: it is gone.
        """
        return self.words(self)[0]

    @property
    def note(self) -> Note | None:
        """Return the note taken apart, None when it cannot be; errors are those of `file`."""
        return self.words(self)[1]


class Inspector:
    """Remembers what notes said, so that an unchanged one is not parsed again.

    Args:
        vault: where the notes lie.
        clock: measures how long a note has been quiet.
        kept_bytes: of so many bytes of notes the words are kept.
    """

    def __init__(self, vault: Vault, clock: Clock, kept_bytes: int = KEPT_BYTES) -> None:
        self._vault = vault
        self._clock = clock
        self._looks: dict[Path, tuple[tuple[int, ...], Look]] = {}
        self._since: dict[Path, tuple[str, float]] = {}
        self._words = _Kept(kept_bytes)

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
            digest = f"unreadable: {error.reason}"
            look = Look(path, digest, None, error.reason, empty=False, words=_nothing)
        else:
            look = self._same(path, file.digest) or self._taken_apart(file)
        known = self._since.get(path)
        if known is None or known[0] != look.digest:
            self._since[path] = (look.digest, self._clock.monotonic())
        return look

    def _same(self, path: Path, digest: str) -> Look | None:
        """Return the last look at a note if its bytes are still those, so that it is not parsed."""
        known = self._looks.get(path)
        return known[1] if known is not None and known[1].digest == digest else None

    def _taken_apart(self, file: NoteFile) -> Look:
        note, reason = _parsed(file)
        self._words.keep(file, note)
        action_id = note.word("action_id") if note else None
        is_empty = note is None and not file.data.strip()
        return Look(file.path, file.digest, action_id, reason, is_empty, self._words_of)

    def _words_of(self, look: Look) -> Words:
        """Return what a look saw, read again when it is no longer kept."""
        kept = self._words.get(look.path, look.digest)
        if kept is not None:
            return kept
        try:
            file = self._vault.read(look.path)
        except NoteError as error:
            raise ChangedError(error.reason, look.path) from error
        if file.digest != look.digest:
            raise ChangedError("was changed after it was looked at", look.path)
        note, _ = _parsed(file)
        self._words.keep(file, note)
        return file, note

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
        self._words.drop(path)

    def keep_only(self, paths: set[Path]) -> None:
        """Forget every path that is no longer there."""
        for path in set(self._looks) | set(self._since):
            if path not in paths:
                self.forget(path)


class _Kept:
    """The words of the notes used last.

    Args:
        limit: of how many bytes of notes; the newest is kept whatever its size.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._kept: OrderedDict[Path, tuple[NoteFile, Note | None]] = OrderedDict()

    def keep(self, file: NoteFile, note: Note | None) -> None:
        """Keep a note's words, and let go of those not used for the longest."""
        self.drop(file.path)
        self._kept[file.path] = file, note
        self._bytes += len(file.data)
        while self._bytes > self._limit and len(self._kept) > 1:
            self.drop(next(iter(self._kept)))

    def get(self, path: Path, digest: str) -> tuple[NoteFile, Note | None] | None:
        """Return the words of a note as it was when it had this digest, None if not kept."""
        kept = self._kept.get(path)
        if kept is None or kept[0].digest != digest:
            return None
        self._kept.move_to_end(path)
        return kept

    def drop(self, path: Path) -> None:
        """Let go of a note's words."""
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._bytes -= len(kept[0].data)


def _parsed(file: NoteFile) -> tuple[Note | None, str | None]:
    try:
        return notes.parse(file.data), None
    except NoteError as error:
        return None, error.reason


def _nothing(_look: Look) -> Words:
    return None, None
