"""Pages that the daemon keeps: its own part between two markers, everything else the owner's.

Rules: a page is written when its words change, once a burst is over, and at most once a minute;
what stands outside the markers is never touched; a page that cannot be written is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import note_edits, notes
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from pathlib import Path

    from core.desk import Desk
    from core.vault import Vault
    from utils.clock import Clock

log = get_logger()
AT_MOST_EVERY_S = 60.0
SETTLE_S = 3.0
"""A burst of changes is written once, when it is over."""


def markers(name: str) -> tuple[str, str]:
    """Return the two lines between which a part of a note is ours; Obsidian does not show them."""
    return f"%% ai:begin {name} %%", f"%% ai:end {name} %%"


def with_part(text: str, name: str, ours: str) -> str:
    """Return a note with our part replaced, or added at its end.

    Args:
        text: the note.
        name: of the part.
        ours: its new lines.
    """
    begin, end = markers(name)
    newline = note_edits.newline_of(text)
    block = newline.join([begin, *ours.split("\n"), end])
    head, found, rest = text.rpartition(begin)  # the last: a lone one above is not ours
    if found and end in rest:
        return f"{head}{block}{rest.split(end, 1)[1]}"
    return f"{text.rstrip()}{newline * 2}{block}{newline}".lstrip()


def write(vault: Vault, path: Path, name: str, ours: str, *, opening: str = "") -> bool:
    """Write our part of a note; the note is made when it is missing.

    Args:
        vault: where it lies.
        path: the note.
        name: of the part.
        ours: its new lines.
        opening: what a new note begins with.

    Returns:
        Whether it says so now; False when somebody is at it or it is no note.
    """
    try:
        file = vault.read(path)
        text = notes.decode(file.data) if file.data.strip() else opening
        vault.rewrite(file, with_part(text, name, ours))
    except FileNotFoundError:
        vault.create(path.parent, path.name, with_part(opening, name, ours))
    except (ChangedError, NoteError) as error:
        log.info("page.later", page=path.name, reason=str(error))
        return False
    return True


class Pace:
    """Says when a page is to be written.

    Args:
        clock: measures the waits.
        desk: asked for another round when the time comes.
    """

    def __init__(self, clock: Clock, desk: Desk) -> None:
        self._clock = clock
        self._desk = desk
        self._seen: object = None
        self._changed_at = 0.0
        self._written: object = None
        self._tried_at: float | None = None

    def is_due(self, mark: object) -> bool:
        """Return whether the page is to be written now; else ask for a round when it is.

        Args:
            mark: differs whenever the page would say something else.
        """
        now = self._clock.monotonic()
        if mark != self._seen:
            self._seen, self._changed_at = mark, now
        if mark == self._written:
            return False
        soonest = self._changed_at + SETTLE_S
        if self._tried_at is not None:
            soonest = max(soonest, self._tried_at + AT_MOST_EVERY_S)
        if now < soonest:
            self._desk.wake_in(soonest - now)
        return now >= soonest

    def tried(self, mark: object, *, written: bool) -> None:
        """Note that the page was written, or that it could not be."""
        self._tried_at = self._clock.monotonic()
        if written:
            self._written = mark
