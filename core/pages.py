"""Pages that the daemon keeps: its own part between two markers, everything else the owner's.

Rules: a page is written when its words change, once a burst is over, and at most once a minute;
whatever the owner wrote into it stays; a page that cannot be written is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import notes
from core.own_part import found_in, marks_of, renewed
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from pathlib import Path

    from core.desk import Desk
    from core.workspace import Workspace
    from utils.clock import Clock

log = get_logger()
AT_MOST_EVERY_S = 60.0
SETTLE_S = 3.0
"""A burst of changes is written once, when it is over."""


def last_written(kind: str) -> str:
    """Return the fact that names the newest report of a kind."""
    return f"report:last {kind}"


def write(ws: Workspace, path: Path, name: str, ours: str, *, opening: str = "") -> bool:
    """Write our part of a note; the note is made when it is missing.

    Args:
        ws: the vault and its records.
        path: the note.
        name: of the part.
        ours: its new lines.
        opening: what a new note begins with.

    Returns:
        Whether it says so now; False when somebody is at it or it is no note.
    """
    try:
        file = ws.vault.read(path)
        text = notes.decode(file.data) if file.data.strip() else opening
        known = _announce(ws, path, name, ours, found_in(text, name) or "")
        ws.vault.rewrite(file, renewed(text, name, ours, known))
    except FileNotFoundError:
        _announce(ws, path, name, ours, "")
        ws.vault.create(path.parent, path.name, renewed(opening, name, ours, None))
    except (ChangedError, NoteError) as error:
        log.info("page.later", page=path.name, reason=str(error))
        return False
    return True


def _announce(ws: Workspace, path: Path, name: str, ours: str, present: str) -> set[str] | None:
    """Keep which lines of a note are ours before they are written; return which were until now.

    A crash in between leaves the present ones, which therefore stay known once more. Only of the
    last note with this part is it kept: the day's, not all days'.
    """
    fact, where = f"part:{name}", ws.vault.relative(path)
    kept = ws.journal.recall(fact) or {}
    known = set(kept["marks"]) if kept.get("note") == where else None
    marks = marks_of(ours) | (marks_of(present) & (known or set()))
    if known != marks:
        ws.journal.remember(fact, {"note": where, "marks": sorted(marks)})
    return known


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
