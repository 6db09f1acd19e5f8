"""Several notes of one id: sync tools, editors and people make copies.

Rules: identity is the id inside the note; equal copies are one decision; a copy that says something
else is a proposal of its own, under a new id, and neither runs before that is sorted out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.inspection import QUIET_S
from core.renewal import digest_in
from core.vault import Folder

if TYPE_CHECKING:
    from core.adoption import Adoption
    from core.desk import Desk, Round
    from core.inspection import Look
    from core.records import Row

_DECIDABLE = frozenset({str(Folder.APPROVED), str(Folder.PENDING)})


class Copies:
    """Sorts out several notes of one id.

    Args:
        desk: shared with the executor.
        adoption: takes a different copy as a proposal of its own.
    """

    def __init__(self, desk: Desk, adoption: Adoption) -> None:
        self._desk = desk
        self._adoption = adoption

    def are_in_the_way(self, row: Row, look: Look, looked: Round) -> bool:
        """Return whether a note in `Approved/` must wait, or goes, because of its copies."""
        twins = [
            other
            for other in looked.places.get(row.action_id, [])
            if other.path != look.path and other.path.parent.name in _DECIDABLE
        ]
        if not twins:
            return False
        everyone = [look, *twins]
        meaning = {note.path: digest_in(self._desk.ws, row, note) for note in everyone}
        everyone.sort(key=lambda note: (meaning[note.path] != row.digest, *_place(note)))
        original = everyone[0]
        different = [n for n in everyone if meaning[n.path] != meaning[original.path]]
        if different:
            for note in different:
                self._adoption.adopt_copy(note)
            self._desk.wake_in(QUIET_S)
            return True
        for note in everyone[1:]:
            self._desk.tidy(note, f"an equal copy of {row.action_id}, which is approved")
        return look is not original


def _place(note: Look) -> tuple[bool, str]:
    """Return the order of equal copies: approved ones first, then by name."""
    return note.path.parent.name != Folder.APPROVED, note.path.name
